"""Pages take an eighth of their bytes over the wire: agents sit in other cities than the server.

Who listens on the wire could learn something from the length of a compressed page into which they can write, as
everybody can by mail (the attack is known as BREACH). The one secret in our pages that would be of use, the token of
forms, is masked anew for each page, and a header of random length blurs what else the length could tell.
"""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # it ships no types
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

# Below this the head of the answer is larger than what is saved.
FEWEST_BYTES = 800
# Quick rather than thorough: a quarter of a millisecond for a list.
_QUALITY, _LEVEL = 3, 3
_MOST_BLUR = 64
_TEXT = ("text/", "application/json")
# A coding with its weight, as `gzip;q=0.5` (RFC 9110, 12.5.3).
_CODING = re.compile(r"\s*([a-z*]+)\s*(?:;\s*q=([01](?:\.\d{1,3})?)\s*)?(?:,|$)", re.IGNORECASE)


class Compressed:
    """Compresses what a page answers in the way the browser likes best: Brotli, else gzip."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.streaming or response.has_header("Content-Encoding") or len(response.content) < FEWEST_BYTES:
            return response
        if not response.headers.get("Content-Type", "").startswith(_TEXT):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        accepted = codings_in(request.headers.get("Accept-Encoding", ""))
        if "br" in accepted:
            response.content = brotli.compress(response.content, quality=_QUALITY)
            response.headers["Content-Encoding"] = "br"
        elif "gzip" in accepted:
            packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            response.content = packer.compress(response.content) + packer.flush()
            response.headers["Content-Encoding"] = "gzip"
        else:
            return response
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["X-Blur"] = "x" * secrets.randbelow(_MOST_BLUR)
        return response


def codings_in(header: str) -> set[str]:
    """The codings that a browser takes, in small letters; those with a weight of 0 it does not."""
    return {match[1].lower() for match in _CODING.finditer(header[:500]) if match[2] is None or float(match[2]) > 0}
