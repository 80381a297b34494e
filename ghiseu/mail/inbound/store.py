"""Keeping a mail raw, before anybody tries to understand it: the first and the only urgent step."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ghiseu.mail.errors import EmptyMail, MailTooLarge, UnknownMailbox
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import keep_bytes

WORK_CHANNEL = "ghiseu_work"


def keep(*, mailbox: Mailbox, raw: bytes, channel: str) -> InboundMail:
    """Store the bytes for good; when this returns, the mail survives everything (promise M1).

    The same bytes for the same mailbox, by whatever channel and however often, are one row (promise M2), which comes
    back as it is. `channel` is `pipe`, `lmtp`, `imap`, `pop3` or `import`. Raises EmptyMail, MailTooLarge; on OSError
    (a full disk) and database errors nothing was stored, and the giver keeps the mail and tries again.
    """
    return keep_once(mailbox=mailbox, raw=raw, channel=channel)[0]


def keep_once(*, mailbox: Mailbox, raw: bytes, channel: str, is_settled: bool = False) -> tuple[InboundMail, bool]:
    """The same, and whether the mail was new. A ticket that a settled mail opens is closed at once."""
    if not raw.strip():
        raise EmptyMail
    if len(raw) > settings.MAIL_MAX_BYTES:
        raise MailTooLarge(len(raw), settings.MAIL_MAX_BYTES)
    with transaction.atomic(durable=True):
        blob = keep_bytes(raw)
        values = {"channel": channel, "is_settled": is_settled, "next_try_at": timezone.now()}
        row, is_new = InboundMail.objects.get_or_create(mailbox=mailbox, raw=blob, defaults=values)
        if is_new:
            announce_work()
    return row, is_new


def keep_for(*, mailbox_name: str, raw: bytes, channel: str) -> InboundMail:
    """The same, for a mailbox by its name. Raises UnknownMailbox besides."""
    mailbox = Mailbox.objects.filter(name=mailbox_name, is_active=True).first()
    if mailbox is None:
        raise UnknownMailbox(mailbox_name, list(Mailbox.objects.filter(is_active=True).values_list("name", flat=True)))
    return keep(mailbox=mailbox, raw=raw, channel=channel)


def announce_work() -> None:
    """Wake the worker when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [WORK_CHANNEL])
