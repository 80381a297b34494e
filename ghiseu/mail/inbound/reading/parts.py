"""Which part is read and which is attached: RFC 2046 section 5.1, RFC 2183, RFC 2387, RFC 2392.

Inline text is the message; everything else, unnamed parts, status reports and embedded messages too, is an attachment.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ghiseu.lib.charsets import decode, decode_words
from ghiseu.lib.text import one_line
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.mime import Part
from ghiseu.mail.inbound.reading.tnef import SIGNATURE, Tnef, read_tnef

_TEXT = {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown"}
_OTHER_FORMS_OF_TEXT = {"text/x-amp-html", "text/watch-html"}


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """A file as it was meant: decoded bytes, never transcoded."""

    filename: str | None
    content_type: str
    content: bytes = field(repr=False)
    inline: bool
    content_id: str | None

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal digest of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part that is read: its bytes decoded from the transfer encoding, and which of the two forms it is."""

    part: Part
    data: bytes
    is_html: bool
    alternative: int  # parts of one multipart/alternative share a number; 0 stands alone


@dataclass(slots=True)
class Contents:
    """Everything in a mail, sorted into what is read and what is attached."""

    texts: list[TextPart] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)

    def envelopes(self) -> Iterator[Tnef]:
        """What is inside the winmail.dat files among the attachments."""
        for part in self.attached:
            if "tnef" in part.content_type or part.parameters.get("name", "").lower() == "winmail.dat":
                content = part.decoded()
                if content.startswith(SIGNATURE) and (found := read_tnef(content)):
                    yield found


def sort_parts(root: Part) -> Contents:
    """Walk the tree once and sort its leaves."""
    contents = Contents()
    alternatives = 0
    waiting: list[tuple[Part, int]] = [(root, 0)]
    while waiting:
        part, alternative = waiting.pop()
        if part.children:
            if part.content_type == "multipart/alternative" and not alternative:
                alternatives += 1
                alternative = alternatives
            waiting.extend((child, alternative) for child in reversed(part.children))
        elif part.main_type == "multipart":
            if part.body.strip():
                contents.texts.append(TextPart(part, part.decoded(), False, alternative))
        elif _is_read(part, root):
            contents.texts.append(TextPart(part, part.decoded(), part.content_type == "text/html", alternative))
        elif part.content_type not in _OTHER_FORMS_OF_TEXT:
            if _is_read_and_attached(part):
                contents.texts.append(TextPart(part, part.decoded(), False, alternative))
            contents.attached.append(part)
    return contents


def _is_read(part: Part, root: Part) -> bool:
    if part.content_type not in _TEXT:
        return False
    word, parameters = part.disposition()
    return word != "attachment" and (part is root or not _filename(part, parameters))


def _is_read_and_attached(part: Part) -> bool:
    """Plain text that its writer wants to be seen, but which is a file as well."""
    return part.content_type == "text/plain" and part.disposition()[0] == "inline"


def _filename(part: Part, parameters: dict[str, str]) -> str:
    """The file's name of Content-Disposition, or of Content-Type where the first lost its letters to question marks."""
    name, other = parameters.get("filename", ""), part.parameters.get("name", "")
    return other if not name or ("?" in name and other and "?" not in other) else name


def attachment_of(part: Part) -> ParsedAttachment:
    """The part as a file."""
    word, parameters = part.disposition()
    name = clean_filename(_filename(part, parameters))
    content_id = one_line(decode_words(part.value("content-id"))).strip("<> ") or None
    content = part.body if part.main_type == "message" and not _is_encoded(part) else part.decoded()
    inline = word == "inline" or (word != "attachment" and content_id is not None)
    return ParsedAttachment(name, part.content_type, content, inline, content_id)


def _is_encoded(part: Part) -> bool:
    return part.value("content-transfer-encoding").strip().lower() in ("base64", "quoted-printable")


def clean_filename(name: str) -> str | None:
    """The last piece of a path, on one line, not too long; None if nothing is left."""
    name = one_line(name).replace("\\", "/")
    name = posixpath.basename(name.rstrip("/"))
    name = re.sub(r"[\u202a-\u202e\u2066-\u2069]", "", name).strip()
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = (stem[: 190 - len(ending)] + dot + ending) if dot and len(ending) < 20 else name[:200]
    return name if name not in ("", ".", "..") else None


def text_of_part(text: TextPart) -> str:
    """The part's text in its charset, cut at the limit."""
    data = text.data[: limits.MAX_HTML_BYTES if text.is_html else limits.MAX_TEXT_CHARACTERS * 4]
    return decode(data, text.part.parameters.get("charset", ""))
