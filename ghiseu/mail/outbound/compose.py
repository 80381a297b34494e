"""An article as the bytes of a mail: the same bytes at each try, for each recipient.

The header is written here, line by line and in ASCII, instead of by the standard library, whose folding encodes long
Message-IDs (so that threads break) and may drop the quotes of a display name (so that a comma in it adds a recipient).
The body and its attachments are the standard library's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from email.charset import BASE64, Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.conf import settings
from django.utils.timezone import localtime

from ghiseu.lib.addresses import normal_address
from ghiseu.lib.text import one_line, storable, unix_lines
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.notify import notification
from ghiseu.mail.outbound.reply import sender_of
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, SenderType

# What a thread needs to hang together; mail programs cut longer lists themselves.
MOST_REFERENCES = 20
LINE_CHARACTERS = 76
LONGEST_MESSAGE_ID = 900  # fits the 998 characters of a line, RFC 5322 section 2.1.1

_MESSAGE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}")
# 7 bit on the wire: no server on the way needs to announce 8BITMIME.
SEVEN_BIT = SMTP.clone(cte_type="7bit")
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = BASE64


def compose(mail: OutboundMail) -> bytes:
    """The mail of an article, with CRLF line ends. Who is only in Bcc stands nowhere in it (promise O4).

    All of it comes from the article, and nothing from what may change later. A redirected mail is its original with
    `Resent-` fields on top (RFC 5322 section 3.6.6). Raises FileNotFoundError where the data folder has lost a file.
    """
    article = mail.article
    if mail.kind == OutboundMail.Kind.REDIRECT:
        return _redirected(mail)
    if mail.kind == OutboundMail.Kind.NOTIFICATION:
        return _notification(mail)
    lines = [
        _header("Date", format_datetime(localtime(article.created_at))),
        _header("Message-ID", f"<{article.message_id}>"),
        _header("From", *_people([{"name": article.from_name, "address": article.from_address}])),
        *addressing(article),
        _header("In-Reply-To", *_ids([article.in_reply_to])),
        _header("References", *_ids(references_of(article)), separator=""),
        _header("Content-Language", article.ticket.language),
        # Tells other machines not to answer (RFC 3834 section 5). What an agent wrote is no automatic mail.
        _header("Auto-Submitted", "auto-replied" if article.sender_type == SenderType.SYSTEM else ""),
    ]
    return "".join(lines).encode("ascii") + _body(article).as_bytes()


def _redirected(mail: OutboundMail) -> bytes:
    """The original as it came, under our own signs of who passed it on. Old traces of its way stay in it."""
    key = f"{mail.pk}.{mail.created_at.timestamp():.6f}"
    lines = [
        _header("Resent-Date", format_datetime(localtime(mail.created_at))),
        _header("Resent-From", ascii_domain(mail.sender)),
        _header("Resent-To", ascii_domain(mail.recipient)),
        _header("Resent-Message-ID", f"<redirect.{key}@{settings.MAIL_DOMAIN}>"),
    ]
    raw = mail.article.raw
    original = bytes_of(raw) if raw else b""
    if original.startswith(b"From "):  # the envelope line of an mbox is no field
        original = original.partition(b"\n")[2]
    return "".join(lines).encode("ascii") + re.sub(rb"\r?\n", b"\r\n", original)


def _notification(mail: OutboundMail) -> bytes:
    message_id, subject, text = notification(mail)
    sender = sender_of(mail.article.ticket.queue)
    lines = [
        _header("Date", format_datetime(localtime(mail.created_at))),
        _header("Message-ID", f"<{message_id}>"),
        _header("From", *_people([{"name": sender.name, "address": sender.address}])),
        _header("To", *_people([{"name": mail.agent.name if mail.agent else "", "address": mail.recipient}])),
        _header("Subject", _encoded(one_line(subject), len("Subject: "))),
        _header("Auto-Submitted", "auto-generated"),
    ]
    body = EmailMessage(policy=SEVEN_BIT)
    body.set_content(text)
    return "".join(lines).encode("ascii") + body.as_bytes()


def addressing(article: Article) -> list[str]:
    """The fields that people typed into: to whom, and about what."""
    return [
        _header("To", *_people(article.to)),
        _header("Cc", *_people(article.cc)),
        _header("Subject", _encoded(one_line(article.subject), len("Subject: "))),
    ]


def references_of(article: Article) -> list[str]:
    """Message-IDs of what came before in the conversation, the message that is answered last (RFC 5322 section 3.6.4).

    Of a long conversation the first one stays, and the latest. What goes to a third party names no message of the
    customer's conversation: it would open that conversation to them.
    """
    if not article.is_visible_to_customer:
        return [article.in_reply_to] if article.in_reply_to else []
    earlier = Article.objects.filter(
        ticket=article.ticket_id, pk__lt=article.pk, is_visible_to_customer=True, taken_back_at__isnull=True
    )
    ids = [message_id for message_id in earlier.order_by("pk").values_list("message_id", flat=True) if message_id]
    ids = [message_id for message_id in dict.fromkeys(ids) if message_id != article.in_reply_to]
    if article.in_reply_to:
        ids.append(article.in_reply_to)
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]


def _header(name: str, *values: str, separator: str = ",") -> str:
    """One field, each value on a line of its own; no field where there is no value."""
    given = [value for value in values if value]
    return f"{name}: " + f"{separator}\r\n ".join(given) + "\r\n" if given else ""


def _ids(message_ids: Iterable[str]) -> list[str]:
    """Those that can stand in a header; what a stranger called a Message-ID may hold anything."""
    return [
        f"<{message_id}>"
        for message_id in message_ids
        if len(message_id) <= LONGEST_MESSAGE_ID and _MESSAGE_ID.fullmatch(message_id)
    ]


def _people(people: Iterable[dict[str, str]]) -> list[str]:
    return [entry for person in people if (entry := _person(one_line(person["name"]), person["address"]))]


def _person(name: str, given: str) -> str:
    address = ascii_domain(normal_address(given))
    if not address:
        return ""
    if not address.isascii():
        # Only a mail in UTF-8 can carry it (RFC 6531); an empty group shows it everywhere (RFC 6854 section 2.1).
        return f"{_encoded(f'{name} {address}'.strip(), 2)}:;"
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > LINE_CHARACTERS:
        return f"{_encoded(name, 2, always=True)}\r\n <{address}>"
    if _ATOMS.fullmatch(name):
        return f"{name} <{address}>"
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>'


def ascii_domain(address: str) -> str:
    """The address with its domain as it stands in the DNS (RFC 5891); unchanged where that cannot be made."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}" if local and not domain.isascii() else address
    except UnicodeError:
        return address


def _encoded(text: str, used: int, *, always: bool = False) -> str:
    """The text as ASCII in lines that fit, in encoded words (RFC 2047) where it needs them."""
    if text.isascii() and "=?" not in text and not always and len(text) + used <= LINE_CHARACTERS:
        return text
    charset = "us-ascii" if text.isascii() and "=?" not in text and not always else _UTF8
    header = Header(text, charset, maxlinelen=LINE_CHARACTERS, header_name="x" * used)
    return header.encode(linesep="\r\n")


def _body(article: Article) -> EmailMessage:
    text = unix_lines(storable(article.text))
    message = EmailMessage(policy=SEVEN_BIT)
    message.set_content(text)
    attachments = list(article.attachments.select_related("blob"))
    for attachment in attachments:
        add_file(message, bytes_of(attachment.blob), attachment.content_type, attachment.filename)
    if attachments:
        message.set_boundary(_boundary(article, text))
    return message


def add_file(message: EmailMessage, content: bytes, content_type: str, filename: str) -> None:
    """Attach the bytes under a name of any script (RFC 2231), and under a type that bytes may have."""
    given = content_type.strip().lower()
    # A part of type message or multipart may not be base64 (RFC 2046 section 5).
    if not _TYPE.fullmatch(given) or given.startswith(("message/", "multipart/")):
        given = "application/octet-stream"
    maintype, _, subtype = given.partition("/")
    message.add_attachment(content, maintype=maintype, subtype=subtype, filename=one_line(filename) or "attachment")


def _boundary(article: Article, text: str) -> str:
    """The same at each try; derived from the text, so that the text cannot contain it."""
    digest = hashlib.sha256(f"{article.message_id}\0{text}".encode()).hexdigest()
    return f"=_{digest[:40]}"
