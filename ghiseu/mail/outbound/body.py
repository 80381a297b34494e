"""The body of an outgoing mail: the text as written, the same as HTML, pictures inside it, and the files.

The standard library writes the parts; their borders are ours, so that each try makes the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from linkify_it import LinkifyIt

from ghiseu.lib.html import clean_html
from ghiseu.lib.text import one_line, storable, unix_lines
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, Attachment

_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}")
# 7 bit on the wire: no server on the way needs to announce 8BITMIME.
SEVEN_BIT = SMTP.clone(cte_type="7bit")
# A thin line beside what is quoted and a font that is there everywhere: styles stand at the elements, for mail programs
# throw style sheets away.
_PAGE = '<div style="font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45">{}</div>'
_QUOTE = '<blockquote style="margin:0 0 0 .4em;padding-left:.8em;border-left:2px solid #b8c4c4;color:#555">'
_linkify = LinkifyIt()


def body_of(article: Article) -> EmailMessage:
    """text/plain and text/html as alternatives (RFC 2046 section 5.1.4), its pictures beside it, files after."""
    text = unix_lines(storable(article.text))
    files = list(article.attachments.select_related("blob"))
    pictures = [file for file in files if file.is_inline and file.content_id and article.html]
    message = text_message(text, clean_html(article.html) if article.html else html_of(text))
    _add_pictures(message, pictures)
    for file in files:
        if file not in pictures:
            add_file(message, bytes_of(file.blob), file.content_type, file.filename)
    _fix_borders(message, f"{article.message_id}\0{text}")
    return message


def text_message(text: str, html: str) -> EmailMessage:
    message = EmailMessage(policy=SEVEN_BIT)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def html_of(text: str) -> str:
    """Plain text as HTML that mail programs show alike: lines kept, links to click, quoted lines beside a thin line."""
    out: list[str] = []
    depth = 0
    for line in text.rstrip("\n").split("\n"):
        words = line.lstrip(">")
        marks = len(line) - len(words)
        if marks and words.startswith(" "):
            words = words[1:]
        out.append(_QUOTE * (marks - depth) + "</blockquote>" * (depth - marks))
        depth = marks
        out.append(f"{_with_links(words)}<br>\n")
    return _PAGE.format("".join(out) + "</blockquote>" * depth)


def _with_links(line: str) -> str:
    out, position = [], 0
    for found in _linkify.match(line) or ():
        if not found.url.startswith(("http://", "https://", "mailto:")):
            continue
        out.append(escape(line[position : found.index]))
        out.append(f'<a href="{escape(found.url)}">{escape(found.text)}</a>')
        position = found.last_index
    return "".join(out) + escape(line[position:])


def _add_pictures(message: EmailMessage, pictures: list[Attachment]) -> None:
    html = message.get_body(("html",))
    if html is None:
        return
    for picture in pictures:
        maintype, _, subtype = _type_of(picture.content_type).partition("/")
        html.add_related(
            bytes_of(picture.blob),
            maintype=maintype,
            subtype=subtype,
            cid=f"<{one_line(picture.content_id).strip('<>')}>",
            filename=one_line(picture.filename) or "picture",
            disposition="inline",
        )


def add_file(message: EmailMessage, content: bytes, content_type: str, filename: str) -> None:
    """Attach the bytes under a name of any script (RFC 2231), and under a type that bytes may have."""
    maintype, _, subtype = _type_of(content_type).partition("/")
    message.add_attachment(content, maintype=maintype, subtype=subtype, filename=one_line(filename) or "attachment")


def _type_of(content_type: str) -> str:
    given = content_type.strip().lower()
    # A part of type message or multipart may not be base64 (RFC 2046 section 5).
    if not _TYPE.fullmatch(given) or given.startswith(("message/", "multipart/")):
        return "application/octet-stream"
    return given


def _fix_borders(message: EmailMessage, seed: str) -> None:
    """The same borders at each try; derived from the text, so that the text cannot contain them."""
    digest = hashlib.sha256(seed.encode()).hexdigest()[:40]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{digest}")
