"""Keeping a mail raw, before anybody tries to understand it: the first and the only urgent step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ghiseu.mail.errors import EmptyMail, MailTooLarge, UnknownMailbox
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import blob_of, keep_bytes, keeping, kept_values
from ghiseu.tickets.models.blob import IN_ROW_BYTES
from ghiseu.tickets.writing import stored, tell

WORK_CHANNEL = "ghiseu_work"


def keep(*, mailbox: Mailbox, raw: bytes, channel: str) -> InboundMail:
    """Store the bytes for good; when this returns, the mail survives everything (promise M1).

    The same bytes for the same mailbox, by whatever channel and however often, are one row (promise M2), which comes
    back as it is. `channel` is `pipe`, `lmtp`, `imap`, `pop3` or `import`. Raises EmptyMail, MailTooLarge; on OSError
    (a full disk) and database errors nothing was stored, and the giver keeps the mail and tries again. Not within a
    transaction, which would put off the commit.
    """
    return keep_once(mailbox=mailbox, raw=raw, channel=channel)[0]


def keep_once(*, mailbox: Mailbox, raw: bytes, channel: str, is_settled: bool = False) -> tuple[InboundMail, bool]:
    """The same, and whether the mail was new. A ticket that a settled mail opens is closed at once."""
    if not raw.strip():
        raise EmptyMail
    if len(raw) > settings.MAIL_MAX_BYTES:
        raise MailTooLarge(len(raw), settings.MAIL_MAX_BYTES)
    row = InboundMail(mailbox=mailbox, channel=channel, is_settled=is_settled, next_try_at=timezone.now())
    if len(raw) <= IN_ROW_BYTES:
        row.raw = blob_of(raw)
        is_new = _insert(row, keeping(1), kept_values(row.raw))
    else:
        with transaction.atomic(durable=True):
            row.raw = keep_bytes(raw)
            is_new = _insert(row, "SELECT %s::bigint AS id", [row.raw.pk])
    return (row, True) if is_new else (InboundMail.objects.get(mailbox=mailbox, raw=row.raw), False)


def _insert(row: InboundMail, blob: str, blobs_values: Sequence[Any]) -> bool:
    """Add the row where it is not known, and wake the worker: one statement with the one that gives the blob.

    So a small mail costs one statement and its commit, which is all that a door waits for.
    """
    values = stored(row, without=["raw_id"])
    statement = f"""
        WITH blob AS ({blob}),
        mail AS (
            INSERT INTO mail_inboundmail (raw_id, {", ".join(values)})
            SELECT id, {", ".join(["%s"] * len(values))} FROM blob
            ON CONFLICT (mailbox_id, raw_id) DO NOTHING
            RETURNING id, pg_notify(%s, '')
        )
        SELECT blob.id, mail.id FROM blob LEFT JOIN mail ON true
    """  # noqa: S608  # made of names of our own
    connection.ensure_connection()
    # The driver's own cursor sends the bytes beside the statement; Django's writes them into it, twice as long.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), [*blobs_values, *values.values(), WORK_CHANNEL])
        row.raw.pk, row.pk = cursor.fetchone() or (None, None)
    row.raw_id = row.raw.pk
    return row.pk is not None


def keep_for(*, mailbox_name: str, raw: bytes, channel: str) -> InboundMail:
    """The same, for a mailbox by its name. Raises UnknownMailbox besides."""
    mailbox = Mailbox.objects.filter(name=mailbox_name, is_active=True).first()
    if mailbox is None:
        raise UnknownMailbox(mailbox_name, list(Mailbox.objects.filter(is_active=True).values_list("name", flat=True)))
    return keep(mailbox=mailbox, raw=raw, channel=channel)


def announce_work() -> None:
    """Wake the worker when this transaction commits."""
    tell(WORK_CHANNEL, "")
