"""An article as the bytes of a mail: the same bytes at each try, for each recipient."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.utils import format_datetime

from django.conf import settings
from django.utils.timezone import localtime

from ghiseu.lib.text import one_line
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.body import SEVEN_BIT, body_of
from ghiseu.mail.outbound.dkim import signed
from ghiseu.mail.outbound.fields import ascii_domain, encoded, field, ids, people
from ghiseu.mail.outbound.notify import notification
from ghiseu.mail.outbound.reply import sender_of
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, SenderType

# What a thread needs to hang together; mail programs cut longer lists themselves.
MOST_REFERENCES = 20


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
        field("Date", format_datetime(localtime(article.created_at))),
        field("Message-ID", f"<{article.message_id}>"),
        field("From", *people([{"name": article.from_name, "address": article.from_address}])),
        *addressing(article),
        field("In-Reply-To", *ids([article.in_reply_to])),
        field("References", *ids(references_of(article)), separator=""),
        field("Content-Language", article.ticket.language),
        # Tells other machines not to answer (RFC 3834 section 5). What an agent wrote is no automatic mail.
        field("Auto-Submitted", "auto-replied" if article.sender_type == SenderType.SYSTEM else ""),
    ]
    raw = "".join(lines).encode("ascii") + body_of(article).as_bytes()
    return signed(raw, sender=article.from_address)


def _redirected(mail: OutboundMail) -> bytes:
    """The original as it came, under our own signs of who passed it on. Old traces of its way stay in it."""
    key = f"{mail.pk}.{mail.created_at.timestamp():.6f}"
    lines = [
        field("Resent-Date", format_datetime(localtime(mail.created_at))),
        field("Resent-From", ascii_domain(mail.sender)),
        field("Resent-To", ascii_domain(mail.recipient)),
        field("Resent-Message-ID", f"<redirect.{key}@{settings.MAIL_DOMAIN}>"),
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
        field("Date", format_datetime(localtime(mail.created_at))),
        field("Message-ID", f"<{message_id}>"),
        field("From", *people([{"name": sender.name, "address": sender.address}])),
        field("To", *people([{"name": mail.agent.name if mail.agent else "", "address": mail.recipient}])),
        field("Subject", encoded(one_line(subject), len("Subject: "))),
        field("Auto-Submitted", "auto-generated"),
    ]
    body = EmailMessage(policy=SEVEN_BIT)
    body.set_content(text)
    return signed("".join(lines).encode("ascii") + body.as_bytes(), sender=sender.address)


def addressing(article: Article) -> list[str]:
    """The fields that people typed into: to whom, and about what."""
    return [
        field("To", *people(article.to)),
        field("Cc", *people(article.cc)),
        field("Subject", encoded(one_line(article.subject), len("Subject: "))),
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
    known = dict.fromkeys(earlier.order_by("pk").values_list("message_id", flat=True))
    named = [message_id for message_id in known if message_id and message_id != article.in_reply_to]
    if article.in_reply_to:
        named.append(article.in_reply_to)
    return named if len(named) <= MOST_REFERENCES else [named[0], *named[1 - MOST_REFERENCES :]]
