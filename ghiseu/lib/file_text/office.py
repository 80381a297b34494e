"""Documents of office programs: a ZIP of XML parts (ECMA-376, OpenDocument 1.3).

Each part is streamed through a parser that builds no tree and expands no entity, up to a fixed number of bytes, so that
neither a ZIP that unpacks without end nor an entity that doubles itself gets far.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from ghiseu.lib.file_text.kinds import Unreadable, Why

MAX_PARTS = 5_000  # entries of the archive
MAX_UNPACKED_BYTES = 60_000_000  # of all parts that are read
_CHUNK_BYTES = 65_536

# The parts with words, in the order people read them.
_PARTS = (
    re.compile(r"word/document\d*\.xml"),
    re.compile(r"word/(?:footnotes|endnotes|comments)\.xml"),
    re.compile(r"word/(?:header|footer)\d*\.xml"),
    re.compile(r"xl/sharedStrings\.xml"),
    re.compile(r"xl/worksheets/sheet\d+\.xml"),
    re.compile(r"ppt/slides/slide\d+\.xml"),
    re.compile(r"ppt/notesSlides/notesSlide\d+\.xml"),
    re.compile(r"content\.xml"),
)
_NUMBER = re.compile(r"\d+")
_ENCRYPTED_ODF = b"manifest:encryption-data"
# A document with a password is no ZIP but an OLE file (MS-OFFCRYPTO 2.3.4); so are the documents of before 2007.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def office_text(data: bytes, most: int) -> str:
    """At least the first `most` characters, where there are so many. Raises Unreadable."""
    if data.startswith(_OLE):
        raise Unreadable(Why.LOCKED)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _text_of(archive, most)
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, EOFError, NotImplementedError, OSError) as error:
        raise Unreadable(Why.DAMAGED) from error


def _text_of(archive: zipfile.ZipFile, most: int) -> str:
    entries = archive.infolist()
    if len(entries) > MAX_PARTS:
        raise Unreadable(Why.TOO_MUCH)
    if _is_locked(archive, entries):
        raise Unreadable(Why.LOCKED)
    parts = list(_with_words(entries))
    if not parts:
        raise Unreadable(Why.DAMAGED)
    words = _Words()
    left = MAX_UNPACKED_BYTES
    for part in parts:
        # What a part says of its own size is not believed.
        parser: Any = etree.XMLParser(target=words, resolve_entities=False, no_network=True, huge_tree=False)
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise Unreadable(Why.TOO_MUCH)
                parser.feed(chunk)
                if words.count > most:
                    return words.text()
        parser.close()
    return words.text()


def _with_words(entries: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    for pattern in _PARTS:
        found = [entry for entry in entries if pattern.fullmatch(entry.filename)]
        yield from sorted(found, key=lambda entry: (len(entry.filename), entry.filename))


def _is_locked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> bool:
    if any(entry.flag_bits & 1 for entry in entries):
        return True
    manifest = next((entry for entry in entries if entry.filename == "META-INF/manifest.xml"), None)
    if manifest is None:
        return False
    with archive.open(manifest) as stream:
        return _ENCRYPTED_ODF in stream.read(1_000_000)


class _Words:
    """What stands in the elements that hold words; paragraphs, rows and cells become lines and blanks."""

    _LINES = frozenset({"p", "h", "si", "row", "br", "line-break"})
    _BLANKS = frozenset({"tab", "s", "tc", "c", "cr"})
    _LEFT_OUT = frozenset({"tracked-changes", "annotation-end"})

    def __init__(self) -> None:
        self.count = 0  # characters so far
        self._out: list[str] = []
        self._holding = 0
        self._leaving_out = 0
        self._value_is_number = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name, is_odf = _local(tag)
        self._leaving_out += name in self._LEFT_OUT
        if name == "c":
            self._value_is_number = attributes.get("t", "n") == "n"
        self._holding += self._holds(name, is_odf)

    def end(self, tag: str) -> None:
        name, is_odf = _local(tag)
        self._leaving_out -= name in self._LEFT_OUT
        self._holding -= self._holds(name, is_odf)
        if name in self._LINES:
            self._put("\n")
        elif name in self._BLANKS:
            self._put(" ")

    def data(self, text: str) -> None:
        if self._holding and not self._leaving_out:
            self._put(text)

    def close(self) -> None:
        """One object reads all parts."""

    def text(self) -> str:
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._out.append(text)
        self.count += len(text)

    def _holds(self, name: str, is_odf: bool) -> bool:
        """Office Open XML has its words in `t`, and in `v` the numbers of a sheet; OpenDocument in paragraphs."""
        if is_odf:
            return name in ("p", "h")
        return name == "t" or (name == "v" and self._value_is_number)


def _local(tag: str) -> tuple[str, bool]:
    space, _brace, name = tag.rpartition("}")
    return name, "opendocument" in space
