"""Which mail is being handed over at this moment: a lock of the database session, which ends with the worker.

No row stays locked meanwhile, so a page reads and writes as ever; who wants to change such a mail asks `is_leaving`.
"""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection

from ghiseu.mail.models import OutboundMail

# Above every lock that other parts take on small numbers; the mail's own number is added.
_LOCKS = 0x6768 << 40


def hold(mail: OutboundMail) -> bool:
    """Say that this session hands the mail over; False where another one does."""
    return _ask("SELECT pg_try_advisory_lock(%s)", mail)


def let_go(mail: OutboundMail) -> None:
    try:
        _ask("SELECT pg_advisory_unlock(%s)", mail)
    except (OperationalError, InterfaceError):
        connection.close()  # the lock went with the session


def is_leaving(mail: OutboundMail) -> bool:
    """Whether the mail is being handed over. Ask in a transaction that locks its row: until it ends nobody begins."""
    return not _ask("SELECT pg_try_advisory_xact_lock(%s)", mail)


def _ask(query: str, mail: OutboundMail) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [_LOCKS + mail.pk])
        row = cursor.fetchone()
    return bool(row and row[0])
