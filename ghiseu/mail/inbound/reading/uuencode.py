"""Files written into plain text: uuencode (POSIX) and yEnc (draft 1.3)."""

import binascii
import re
from dataclasses import dataclass

from ghiseu.lib.charsets import decode_base64
from ghiseu.mail.inbound.reading import limits

_BEGINNING = re.compile(
    rb"^(?:begin(?P<based>-base64)? [0-7]{3,4} (?P<name>[^\r\n]{1,255})|"
    rb"=ybegin [^\r\n]{0,300}?name=(?P<yenc>[^\r\n]{1,255}))(?:\r?\n|\Z)",
    re.MULTILINE,
)
_LINE = re.compile(rb"([^\r\n]{0,2000})(?:\r\n|\n|\r|\Z)")
_YEND = re.compile(rb"^=yend [^\r\n]{0,300}$", re.MULTILINE)


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
    for _ in range(limits.MAX_EMBEDDED):
        found = _BEGINNING.search(text, position)
        if found is None:
            return None
        read = _yenc_body if found["yenc"] else _based_body if found["based"] else _uu_body
        end, content = read(text, found.end())
        if content is not None:
            return found.start(), end, Embedded(found["yenc"] or found["name"], content)
        position = found.end()
    return None


def _uu_body(text: bytes, start: int) -> tuple[int, bytes | None]:
    """Lines up to `end`; the first line that is none ends the attempt, so that many beginnings stay cheap."""
    out: list[bytes] = []
    position = start
    while (found := _LINE.match(text, position)) is not None and found.end() > position:
        position, line = found.end(), found[1]
        if line.rstrip() == b"end":
            return position, b"".join(out) if out else None
        decoded = b"" if line.strip() in (b"", b"`") else _uu_line(line)
        if decoded is None:
            break
        out.append(decoded)
    return start, None


def _based_body(text: bytes, start: int) -> tuple[int, bytes | None]:
    closing = text.find(b"\n====", start)
    if closing < 0 or b"begin" in text[start:closing]:
        return start, None
    return closing + 5, decode_base64(text[start:closing])


def _yenc_body(text: bytes, start: int) -> tuple[int, bytes | None]:
    end = text.find(b"\n=yend", start)
    closing = _YEND.match(text, end + 1) if end >= 0 else None
    if closing is None or b"=ybegin" in text[start:end]:
        return start, None
    lines = text[start : closing.start()].splitlines()
    data = b"".join(line for line in lines if not line.startswith((b"=ypart", b"=ybegin")))
    data = re.sub(rb"=(.)", lambda found: bytes(((found[1][0] - 64) % 256,)), data, flags=re.DOTALL)
    return closing.end(), bytes((byte - 42) % 256 for byte in data)
