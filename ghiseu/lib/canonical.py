"""A mail in the form that is signed: DKIM's canonicalizations (RFC 6376 section 3.4), in time linear in its size."""

from __future__ import annotations

import re

CRLF = b"\r\n"
_SPACES = re.compile(rb"[ \t]+")
_LINE_ENDS_BACKWARDS = re.compile(rb"(?:\n\r)*")


def split_mail(raw: bytes) -> tuple[list[bytes], bytes]:
    """The header fields, each with its folding and its last line end, and the body; all lines end with CRLF.

    An mbox line on top is passed over. A line that is neither a field nor its continuation stands by itself.
    """
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    text = raw.replace(CRLF, b"\n").replace(b"\n", CRLF)
    head, _, body = (CRLF + text).partition(CRLF + CRLF)
    fields: list[bytes] = []
    lines: list[bytes] = []
    for line in head.removesuffix(CRLF).split(CRLF)[1:]:
        if lines and not line.startswith((b" ", b"\t")):
            fields.append(b"".join(lines))
            lines = []
        lines.append(line + CRLF)
    return [*fields, b"".join(lines)] if lines else fields, body


def name_of(field: bytes) -> str:
    """The field's name in lower case; empty where it has none."""
    name, colon, _ = field.partition(b":")
    return name.strip().decode("ascii", "replace").lower() if colon else ""


def relaxed_field(field: bytes) -> bytes:
    """Section 3.4.2."""
    name, _, value = field.partition(b":")
    unfolded = _SPACES.sub(b" ", value.replace(CRLF, b""))
    return name.strip().lower() + b":" + unfolded.strip() + CRLF


def simple_body(body: bytes) -> bytes:
    """Section 3.4.3: without the empty lines at the end, and with one line end."""
    return _without_empty_lines(body) or CRLF


def relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4: each run of blanks is one space, and none stands at the end of a line."""
    body = body.replace(b"\t", b" ")
    # Half of what is left of each run goes with each turn, so that there are few turns.
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    return _without_empty_lines(body.replace(b" " + CRLF, CRLF).removesuffix(b" "))


def _without_empty_lines(body: bytes) -> bytes:
    """Ends with one line end, unless it is empty."""
    text = body.rstrip(CRLF)
    ends = body[len(text) :]
    # Read backwards: a search from the front would begin anew at each of a million empty lines.
    backwards = _LINE_ENDS_BACKWARDS.match(ends[::-1])
    kept = ends[: len(ends) - (backwards.end() if backwards else 0)]
    return text + kept + CRLF if text or kept else b""
