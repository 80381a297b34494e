"""Which files have words worth reading, by what they call themselves. Whether that is true shows when they are read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath


class FileKind(StrEnum):
    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    OFFICE = "office"  # Office Open XML and OpenDocument: zipped XML
    MAIL = "mail"


class Why(StrEnum):
    """Why a file gave no text."""

    LOCKED = "locked"  # by a password
    DAMAGED = "damaged"
    TOO_MUCH = "too_much"  # it unpacks to more than a document has
    TIME = "time"
    MEMORY = "memory"
    CRASHED = "crashed"
    MISSING = "missing"  # the data folder has lost it


class Unreadable(Exception):
    """The file gives no text, and trying once more would change nothing unless `may_pass`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why
        self.may_pass = why in (Why.TIME, Why.MEMORY, Why.CRASHED, Why.MISSING)


_TYPES = {
    "application/pdf": FileKind.PDF,
    "application/x-pdf": FileKind.PDF,
    "text/html": FileKind.HTML,
    "application/xhtml+xml": FileKind.HTML,
    "message/rfc822": FileKind.MAIL,
    "application/json": FileKind.TEXT,
    "application/xml": FileKind.TEXT,
}
_OFFICE_TYPES = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/vnd.ms-word.document.macroenabled",
    "application/vnd.ms-excel.sheet.macroenabled",
)
_ENDINGS = {
    FileKind.PDF: ("pdf",),
    FileKind.HTML: ("html", "htm", "xhtml"),
    FileKind.OFFICE: ("docx", "docm", "xlsx", "xlsm", "pptx", "odt", "ods", "odp"),
    FileKind.MAIL: ("eml",),
    FileKind.TEXT: ("txt", "text", "log", "csv", "tsv", "md", "json", "xml", "conf", "ini", "yaml", "yml", "sql"),
}
_BY_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}
# Signatures and keys are text only by name.
_NO_WORDS = ("asc", "sig", "pem", "p7s", "crt", "vcf", "ics")


def kind_of(filename: str, content_type: str) -> FileKind | None:
    """How to read it; None where it has no words for people. The name counts where the type says nothing."""
    content_type = content_type.partition(";")[0].strip().lower()
    ending = PurePosixPath(filename.replace("\\", "/")).suffix.lower().lstrip(".")
    if kind := _TYPES.get(content_type):
        return kind
    if content_type.startswith(_OFFICE_TYPES):
        return FileKind.OFFICE
    if kind := _BY_ENDING.get(ending):
        return None if content_type.startswith(("image/", "audio/", "video/")) else kind
    if content_type.startswith("text/") and ending not in _NO_WORDS:
        return FileKind.TEXT
    return None
