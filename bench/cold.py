"""The first page with everything that a browser without a cache loads for it: how many bytes come over the wire."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from bench.browser import Browser

_LOADED = re.compile(rb'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/[^"#]+)"')
_IMPORTED = re.compile(rb'(?:\bimport\b[^"\';]*|@import\s+|url\()["\']([^"\']+)["\']')


def cold_bytes(browser: Browser, path: str = "/") -> int:
    """Compressed as a browser asks for it; what a script or a style loads is followed."""
    page, size = browser.get_measured(path)
    waiting = [match.decode() for match in _LOADED.findall(page)]
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address in seen or not address.startswith("/static/"):
            continue
        seen.add(address)
        body, bytes_sent = browser.get_measured(address)
        size += bytes_sent
        if address.endswith((".js", ".css")):
            waiting += [urljoin(address, match.decode()) for match in _IMPORTED.findall(body)]
    return size
