"""The readable body: every inline text in order, once; HTML beside it where there is HTML."""

import re
from dataclasses import dataclass

from ghiseu.lib.charsets import decode
from ghiseu.lib.html import clean_html, html_to_text, text_to_html
from ghiseu.lib.text import one_line, storable, tidy, unix_lines
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.flowed import unflow
from ghiseu.mail.inbound.reading.parts import Contents, ParsedAttachment, TextPart, clean_filename, text_of_part
from ghiseu.mail.inbound.reading.tnef import TnefFile
from ghiseu.mail.inbound.reading.uuencode import extract_embedded

_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Body:
    """Text, raw HTML sources (for links), cleaned HTML or None, and files that were written into the text."""

    text: str
    html: str | None
    html_source: str
    embedded: tuple[ParsedAttachment, ...]


def read_body(contents: Contents) -> Body:
    """Read all text parts of a mail."""
    texts: list[str] = []
    pages: list[str] = []
    sources: list[str] = []
    embedded: list[ParsedAttachment] = []
    for group in _groups(contents.texts):
        plain = [_plain(part, embedded) for part in group if not part.is_html]
        html = [_html(part) for part in group if part.is_html]
        sources += html
        text = "\n\n".join(text for text in plain if text.strip())
        texts.append(text or "\n\n".join(html_to_text(page) for page in html))
        pages.append("\n".join(html) if html else text_to_html(text) if text else "")
    for envelope in contents.envelopes():
        embedded += [_from_envelope(file) for file in envelope.files]
        if not any(text.strip() for text in texts):
            sources += [storable(envelope.html)] if envelope.html else []
            pages += [envelope.html or text_to_html(storable(envelope.text))]
            texts.append(unix_lines(storable(envelope.text)) or html_to_text(envelope.html))
    text = tidy(_first_lines("\n\n".join(text for text in texts if text.strip())))[: limits.MAX_TEXT_CHARACTERS]
    html_source = "\n".join(sources)[: limits.MAX_HTML_BYTES]
    page = (
        clean_html("\n<hr>\n".join(page for page in pages if page)[: limits.MAX_HTML_BYTES])
        if html_source.strip()
        else None
    )
    return Body(text, page or None, html_source, tuple(embedded))


def _from_envelope(file: TnefFile) -> ParsedAttachment:
    kind = file.content_type.lower()
    content_type = kind if _CONTENT_TYPE.fullmatch(kind) else "application/octet-stream"
    identifier = one_line(file.content_id).strip("<> ") or None
    return ParsedAttachment(clean_filename(file.name), content_type, file.content, identifier is not None, identifier)


def _groups(texts: list[TextPart]) -> list[list[TextPart]]:
    """Parts of one multipart/alternative together, the others alone, in order."""
    groups: dict[tuple[int, int], list[TextPart]] = {}
    for index, text in enumerate(texts):
        groups.setdefault((text.alternative, 0 if text.alternative else index), []).append(text)
    return list(groups.values())


def _plain(text: TextPart, embedded: list[ParsedAttachment]) -> str:
    data, files = extract_embedded(text.data)
    if files:
        text = TextPart(text.part, data, text.is_html, text.alternative)
        for file in files:
            name = clean_filename(decode(file.name))
            embedded.append(ParsedAttachment(name, "application/octet-stream", file.content, False, None))
    words = _first_lines(unix_lines(storable(text_of_part(text))))
    if text.part.content_type in ("text/enriched", "text/richtext"):
        return re.sub(r"<[^<>]{0,100}>", "", words)
    if text.part.parameters.get("format", "").lower() == "flowed":
        return unflow(words, delete_space=text.part.parameters.get("delsp", "").lower() == "yes")
    return words


def _first_lines(text: str) -> str:
    if text.count("\n") < limits.MAX_TEXT_LINES:
        return text
    return "\n".join(text.split("\n", limits.MAX_TEXT_LINES)[:-1])


def _html(text: TextPart) -> str:
    if not text.part.parameters.get("charset") and (meta := _META_CHARSET.search(text.data[:4_000])):
        return storable(decode(text.data[: limits.MAX_HTML_BYTES], meta[1].decode("ascii")))
    return storable(text_of_part(text))
