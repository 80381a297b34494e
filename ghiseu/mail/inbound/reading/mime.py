"""The tree of parts of a mail, cut out of its bytes: RFC 5322 section 2, RFC 2045, RFC 2046 section 5.

Forgiving where real mail is broken: mbox lines before the header, junk inside it, boundaries that are missing, wrong
or never closed. Bodies are cut by searching for delimiters from the outside inwards, so that the work grows with the
size of the mail times its (bounded) depth. The standard library's parser is not used: it goes line by line
in Python, recurses as deep as the sender likes, and ends a header at the first odd line.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ghiseu.lib.charsets import codec_for, decode, decode_base64, guess, is_utf8
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.parameters import parse_parameters
from ghiseu.mail.inbound.reading.uuencode import decode_uu_lines

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
MAX_JUNK_LINES = 8

_USUAL_FIELDS = {
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"received",
    b"return-path",
    b"content-transfer-encoding",
}
_LINE_END = re.compile(r"\r\n|\n|\r")
_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_BLANK_LINES = re.compile(rb"(?:[ \t]{0,4000}(?:\r\n|\n|\r)){1,100}")
_DELIMITER_REST = re.compile(rb"(--)?[ \t]{0,1000}(?:\r\n|\n|\r|\Z)")
_GUESSED_BOUNDARY = re.compile(rb"(?:^|\n|\r)--([^\s-][^\r\n]{0,200}?)[ \t]{0,80}(?:\r\n|\n|\r)(?=[A-Za-z-]{1,60}:)")


@dataclass(slots=True)
class Part:
    """One part of a mail: its header fields as they stand, where its body is, its children if it is a multipart.

    All parts share the bytes of the whole mail, so that depth costs no memory.
    """

    fields: list[tuple[str, bytes]]
    source: bytes = field(default=b"", repr=False)
    start: int = 0
    end: int = 0
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    children: list["Part"] = field(default_factory=list)
    _index: dict[str, list[bytes]] = field(default_factory=dict, repr=False)

    @property
    def body(self) -> bytes:
        """The body as it stands in the mail."""
        return self.source[self.start : self.end]

    def raw_values(self, name: str) -> list[bytes]:
        """Every field of that name (lower case), folded as it came."""
        if not self._index:
            for key, value in self.fields:
                self._index.setdefault(key.lower(), []).append(value)
        return self._index.get(name, [])

    def raw(self, name: str) -> bytes | None:
        """The first field of that name (lower case), folded as it came, or None."""
        values = self.raw_values(name)
        return values[0] if values else None

    def value(self, name: str) -> str:
        """The first field of that name on one line, encoded words still encoded, `""` if there is none."""
        raw = self.raw(name)
        return "" if raw is None else unfold(raw)

    @property
    def main_type(self) -> str:
        return self.content_type.partition("/")[0]

    def disposition(self) -> tuple[str, dict[str, str]]:
        """Content-Disposition (RFC 2183): its word in lower case and its parameters."""
        return parse_parameters(self.value("content-disposition"))

    def decoded(self) -> bytes:
        """The body with its Content-Transfer-Encoding (RFC 2045 section 6) undone, else as it is."""
        return decode_transfer(self.body, self.value("content-transfer-encoding"))

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order of the mail."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


def unfold(raw: bytes) -> str:
    """A field's bytes as one line of text (RFC 5322 section 2.2.3); raw 8-bit characters are guessed."""
    text = decode(raw[: limits.MAX_FIELD_BYTES])
    # Split, and not one pattern for a line's end with the blanks before it: that is quadratic in blanks without an end.
    return " ".join(line.strip(" \t") for line in _LINE_END.split(text)).replace("\0", "").strip()


def decode_transfer(body: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding; unknown ones leave the bytes as they are."""
    name = encoding.split("(", maxsplit=1)[0].strip().strip("\"';").lower()
    if name in ("base64", "base-64", "b", "base64encoded"):
        return decode_base64(body)
    if name in ("quoted-printable", "quoted_printable", "quotedprintable", "qp", "q"):
        import binascii

        return binascii.a2b_qp(body)
    if name in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return decode_uu_lines(body)
    return body


def parse(raw: bytes) -> Part:
    """The whole mail as a tree. Never fails; what is beyond the limits stays inside the body it stands in."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    blank = _BLANK_LINES.match(raw)
    return _parse(raw, (blank.end() if blank else 0, len(raw)), "text/plain", 0, [limits.MAX_PARTS])


def _parse(raw: bytes, span: tuple[int, int], default_type: str, depth: int, budget: list[int]) -> Part:
    fields, start = parse_fields(raw, *span, top=depth == 0)
    part = Part(_in_utf8(fields), raw, start, span[1])
    part.content_type, part.parameters = _content_type(part, default_type)
    if part.main_type == "multipart" and depth < limits.MAX_NESTING:
        child_default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        for piece in _split(part, part.parameters.get("boundary", "")):
            if budget[0] <= 0:
                break
            budget[0] -= 1
            part.children.append(_parse(raw, piece, child_default, depth + 1, budget))
    return part


def _in_utf8(fields: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The fields with raw 8-bit text, forbidden but common, brought to UTF-8: one charset for all of them together."""
    foreign = [value for _, value in fields if not value.isascii() and not is_utf8(value)]
    if not foreign:
        return fields
    declared = next((_CHARSET.search(value) for name, value in fields if name.lower() == "content-type"), None)
    codec = (codec_for(declared[1].decode("ascii")) if declared else "") or guess(b"\n".join(foreign))
    codec = guess(b"\n".join(foreign)) if codec == "utf-8" else codec
    return [
        (name, value if is_utf8(value) else decode(value, codec).encode("utf-8", "replace")) for name, value in fields
    ]


def _content_type(part: Part, default: str) -> tuple[str, dict[str, str]]:
    value = part.value("content-type")
    kind, parameters = parse_parameters(value)
    kind = re.sub(r"\s", "", kind)
    if kind in ("text", "plain", "plain/text"):
        kind = "text/plain"
    elif kind in ("html", "html/text"):
        kind = "text/html"
    elif not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}", kind):
        kind = default if not value else "text/plain" if part.main_type != "multipart" else default
    return kind, parameters


def parse_fields(
    raw: bytes, start: int = 0, stop: int | None = None, *, top: bool = False
) -> tuple[list[tuple[str, bytes]], int]:
    """Header fields (name as written, folded value) and the offset at which the body starts.

    `top` forgives what stands before a whole mail (an mbox line). A line that is neither a field nor a continuation
    ends the header, unless fields go on before the next empty line.
    """
    fields: list[tuple[str, bytes]] = []
    stop = len(raw) if stop is None else stop
    position, limit = start, min(stop, start + limits.MAX_HEADER_BYTES)
    while position < limit:
        end, after = _line_end(raw, position, stop)
        line = raw[position:end]
        if not line.strip(b" \t") and not (line and fields and _goes_on(raw, after, stop, continued=True)):
            return fields, after
        if line[:1] in b" \t" and fields:
            name, value = fields[-1]
            if len(value) < limits.MAX_FIELD_BYTES:
                fields[-1] = (name, value + b"\n" + line)
        elif found := _FIELD.match(line):
            if len(fields) < limits.MAX_HEADER_FIELDS:
                fields.append((found[1].decode("ascii"), line[found.end() :].strip(b" \t")))
        elif not (top and line.startswith((b"From ", b">From "))) and not (
            (fields or top) and _goes_on(raw, after, stop)
        ):
            return fields, position
        position = after
    return fields, position


def _line_end(raw: bytes, start: int, stop: int) -> tuple[int, int]:
    """Where the line ends, and where the next one starts. Of an endless line only the beginning counts as a field."""
    newline = raw.find(b"\n", start, stop)
    end, after = (stop, stop) if newline < 0 else (newline, newline + 1)
    lone = raw.find(b"\r", start, end)
    if 0 <= lone < end - 1 or (lone >= 0 and newline < 0):
        return lone, lone + 1
    return (lone if lone >= 0 else end), after


def _goes_on(raw: bytes, position: int, stop: int, *, continued: bool = False) -> bool:
    """Whether the header goes on: a field on the next line, a continuation of one (`continued`), or, after some lines
    that lost their indentation, a field that every mail has."""
    for number in range(MAX_JUNK_LINES):
        end, after = _line_end(raw, position, stop)
        line = raw[position : min(end, position + limits.MAX_LINE_CHARACTERS)]
        if not line.strip():
            return False
        if number == 0 and continued and line[:1] in (b" ", b"\t"):
            return True
        if found := _FIELD.match(line):
            if number == 0 and b"@" not in found[1] and len(found[1]) < 60:
                return True
            if found[1].lower() in _USUAL_FIELDS:
                return True
        position = after
    return False


def _split(part: Part, boundary: str) -> list[tuple[int, int]]:
    """The spans between the delimiters (RFC 2046 section 5.1.1); no list if there is no delimiter at all."""
    pieces = _cut(part, boundary.encode("utf-8", "replace")) if boundary else []
    if not pieces:
        guessed = _GUESSED_BOUNDARY.search(part.source, part.start, min(part.end, part.start + limits.MAX_HEADER_BYTES))
        pieces = _cut(part, guessed[1]) if guessed else []
    return pieces


def _cut(part: Part, boundary: bytes) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    start = -1
    for before, after, closes in _delimiters(part, b"--" + boundary.rstrip()):
        if start >= 0:
            pieces.append((start, max(before, start)))
        start = -1 if closes else after
        if len(pieces) >= limits.MAX_PARTS:
            return pieces
    if start >= 0:
        pieces.append((start, part.end))
    return pieces


def _delimiters(part: Part, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where the part before it ends, where the part after it starts, whether it is the last."""
    raw, stop = part.source, part.end
    found = raw.find(mark, part.start, stop)
    while found >= 0:
        line = _DELIMITER_REST.match(raw, found + len(mark), stop)
        if line and (found == part.start or raw[found - 1 : found] in (b"\n", b"\r")):
            before = found - 2 if raw[found - 2 : found] == b"\r\n" else found - 1
            yield before, line.end(), bool(line[1])
        found = raw.find(mark, found + len(mark), stop)
