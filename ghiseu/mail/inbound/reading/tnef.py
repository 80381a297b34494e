"""winmail.dat: the envelope in which Outlook sends files and text, MS-OXTNEF sections 2.1 to 2.1.3.

Read by one pass over its records; no library does that within bounds (each copies the rest for every record).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ghiseu.lib.charsets import decode
from ghiseu.mail.inbound.reading import limits

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_RECORDS = 10_000
MAX_PROPERTIES = 2_000

_ATTACH_RENDER_DATA, _ATTACH_TITLE, _ATTACH_DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _MAPI_PROPERTIES, _OEM_CODEPAGE = 0x800C, 0x9003, 0x9007
_FIXED_SIZES = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_PR_BODY, _PR_BODY_HTML, _PR_ATTACH_DATA = 0x1000, 0x1013, 0x3701
_PR_ATTACH_NAME, _PR_ATTACH_LONG_NAME, _PR_ATTACH_MIME, _PR_ATTACH_CONTENT_ID = 0x3704, 0x3707, 0x370E, 0x3712


@dataclass(slots=True)
class TnefFile:
    """One file inside the envelope."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What the envelope holds: text (or `""`), an HTML page (or `""`), files."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def read_tnef(data: bytes) -> Tnef | None:
    """Everything readable before the first broken record; None if the data is no TNEF at all."""
    if not data.startswith(SIGNATURE):
        return None
    found, codepage = Tnef(), "cp1252"
    for name, value in _records(data):
        if name == _OEM_CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _BODY:
            found.text = found.text or decode(value, codepage).rstrip("\0")
        elif name == _MAPI_PROPERTIES:
            properties = dict(_properties(value))
            found.text = _text(properties.get(_PR_BODY), codepage) or found.text
            found.html = _text(properties.get(_PR_BODY_HTML), codepage) or found.html
        elif name == _ATTACH_RENDER_DATA:
            if len(found.files) >= limits.MAX_EMBEDDED:
                break
            found.files.append(TnefFile())
        elif found.files:
            _add_to_file(found.files[-1], name, value, codepage)
    return found


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Name and value of each record: level (1 byte), name and type (2 + 2), length (4), value, checksum (2)."""
    position = 6
    for _ in range(MAX_RECORDS):
        if position + 9 > len(data):
            return
        name, _, length = struct.unpack_from("<HHI", data, position + 1)
        start = position + 9
        if start + length > len(data):
            return
        yield name, data[start : start + length]
        position = start + length + 2


def _add_to_file(file: TnefFile, name: int, value: bytes, codepage: str) -> None:
    if name == _ATTACH_TITLE:
        file.name = file.name or decode(value, codepage).rstrip("\0")
    elif name == _ATTACH_DATA:
        file.content = value
    elif name == _ATTACHMENT:
        properties = dict(_properties(value))
        file.name = (
            _text(properties.get(_PR_ATTACH_LONG_NAME) or properties.get(_PR_ATTACH_NAME), codepage) or file.name
        )
        file.content_type = _text(properties.get(_PR_ATTACH_MIME), codepage)
        file.content_id = _text(properties.get(_PR_ATTACH_CONTENT_ID), codepage)
        if not file.content and (embedded := properties.get(_PR_ATTACH_DATA)):
            file.content = embedded[1]


def _text(value: tuple[int, bytes] | None, codepage: str) -> str:
    if value is None:
        return ""
    kind, data = value
    return decode(data, "utf-16-le" if kind == 0x001F else codepage).rstrip("\0")


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Identifier, type and first value of each MAPI property (section 2.1.3.4), up to the first that is broken."""
    try:
        (count,) = struct.unpack_from("<I", data)
        position = 4
        for _ in range(min(count, MAX_PROPERTIES)):
            kind, identifier = struct.unpack_from("<HH", data, position)
            position += 4
            if identifier >= 0x8000:
                position = _after_name(data, position)
            values = 1
            if kind & 0x1000 or kind in (0x001E, 0x001F, 0x0102, 0x000D):
                (values,) = struct.unpack_from("<I", data, position)
                position += 4
            first = b""
            for number in range(min(values, MAX_PROPERTIES)):
                value, position = _value(data, position, kind & 0x0FFF)
                first = value if number == 0 else first
            yield identifier, (kind & 0x0FFF, first)
    except struct.error:
        return  # the rest is cut off


def _after_name(data: bytes, position: int) -> int:
    """Past the name of a named property: 16 bytes of identifier, then a number or a text padded to 4 bytes."""
    is_text, length = struct.unpack_from("<II", data, position + 16)
    return position + 24 + (int(length) + (-int(length)) % 4 if is_text else 0)


def _value(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    if kind in _FIXED_SIZES:
        size = _FIXED_SIZES[kind]
        if position + size > len(data):
            raise struct.error
        return data[position : position + size], position + size
    (length,) = struct.unpack_from("<I", data, position)
    start = position + 4
    if start + length > len(data):
        raise struct.error
    value = data[start : start + length]
    return value[16:] if kind == 0x000D else value, start + length + (-length) % 4
