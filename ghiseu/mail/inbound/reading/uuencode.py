"""Files written into plain text: uuencode (POSIX) and yEnc (draft 1.3)."""

import binascii
import re
from dataclasses import dataclass

from ghiseu.mail.inbound.reading import limits

_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?$", re.M)
_YBEGIN = re.compile(rb"^=ybegin [^\r\n]{0,300}?name=([^\r\n]{1,255}?)[ \t]*\r?$", re.M)
_YEND = re.compile(rb"^=yend [^\r\n]{0,300}$", re.M)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file found inside text: its name as bytes, its content."""

    name: bytes
    content: bytes


def decode_uu_lines(data: bytes) -> bytes:
    """All uuencoded lines of the data, up to `end`; lines that are none are passed over."""
    out: list[bytes] = []
    for line in data.splitlines():
        if line.startswith(b"begin ") and not out:
            continue
        if line.strip() == b"end":
            break
        out.append(_uu_line(line) or b"")
    return b"".join(out)


def _uu_line(line: bytes) -> bytes | None:
    if not line or not 32 <= line[0] <= 96:
        return None
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # a workaround for encoders that write too many characters at the end of a line
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return None


def extract_embedded(text: bytes) -> tuple[bytes, list[Embedded]]:
    """The text without the files written into it, and those files. Unfinished ones are left where they stand."""
    if b"begin" not in text:
        return text, []
    files: list[Embedded] = []
    rest: list[bytes] = []
    position = 0
    while len(files) < limits.MAX_EMBEDDED:
        found = _next_file(text, position)
        if found is None:
            break
        start, end, file = found
        rest.append(text[position:start])
        files.append(file)
        position = end
    rest.append(text[position:])
    return b"".join(rest), files


def _next_file(text: bytes, position: int) -> tuple[int, int, Embedded] | None:
    while True:
        uu, yenc = _BEGIN.search(text, position), _YBEGIN.search(text, position)
        first = min((found for found in (uu, yenc) if found), key=lambda found: found.start(), default=None)
        if first is None:
            return None
        end, content = _yenc_body(text, first.end()) if first is yenc else _uu_body(text, first.end(), first[0])
        if content is not None:
            return first.start(), end, Embedded(first[1], content)
        position = first.end()


def _uu_body(text: bytes, start: int, begin: bytes) -> tuple[int, bytes | None]:
    based = begin.startswith(b"begin-base64")
    closing = re.compile(rb"^====[ \t]*\r?$" if based else rb"^end[ \t]*\r?$", re.M).search(text, start)
    if closing is None:
        return start, None
    lines = text[start : closing.start()]
    if based:
        from ghiseu.lib.charsets import decode_base64

        return closing.end(), decode_base64(lines)
    rows = [line for line in lines.splitlines() if line.strip()]
    decoded = [_uu_line(line) for line in rows]
    if not rows or any(piece is None for piece in decoded):
        return start, None
    return closing.end(), b"".join(piece for piece in decoded if piece)


def _yenc_body(text: bytes, start: int) -> tuple[int, bytes | None]:
    closing = _YEND.search(text, start)
    if closing is None:
        return start, None
    lines = text[start : closing.start()].splitlines()
    data = b"".join(line for line in lines if not line.startswith((b"=ypart", b"=ybegin")))
    data = re.sub(rb"=(.)", lambda found: bytes(((found[1][0] - 64) % 256,)), data, flags=re.S)
    return closing.end(), bytes((byte - 42) % 256 for byte in data)
