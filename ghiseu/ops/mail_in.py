"""`ghiseu mail-in`: one raw mail from the pipe of a mail server. Exit codes are those of sysexits.h.

Whatever goes wrong on our side is "try again" (75): the mail server keeps the mail and asks later. That includes a
mailbox we do not know, since a wrong name in the mail server's settings shall not send mail back to customers. Only
what can never be stored is refused (65).
"""

from collections.abc import Callable
from typing import BinaryIO

from ghiseu.ops.errors import MachineError

STORED = 0
REFUSED = 65  # EX_DATAERR
TRY_AGAIN = 75  # EX_TEMPFAIL

PIECE_BYTES = 1_000_000


def take(mailbox: str, source: BinaryIO, start: Callable[[], None], complain: Callable[[str], None]) -> int:
    """Store the mail and return the exit code. `start` loads settings and Django; `complain` tells what went wrong."""
    try:
        start()
        return _take(mailbox, source, complain)
    except MachineError as error:
        complain(f"The mail was not stored, try again: {error}")
    except Exception as error:  # noqa: BLE001 -- in doubt the mail server keeps the mail
        complain(f"The mail was not stored, try again: {_sentence(error)}")
    return TRY_AGAIN


def _take(mailbox: str, source: BinaryIO, complain: Callable[[str], None]) -> int:
    from django.conf import settings

    from ghiseu.mail.errors import EmptyMail, MailTooLarge
    from ghiseu.mail.inbound.store import keep_for

    limit: int = settings.MAIL_MAX_BYTES
    raw = source.read(limit + 1)
    # The giver of a larger mail hears its whole size; no more than a piece of it is held.
    size = len(raw)
    while piece := source.read(PIECE_BYTES):
        size += len(piece)
    if size > limit:
        complain(str(MailTooLarge(size, limit)))
        return REFUSED
    try:
        keep_for(mailbox_name=mailbox, raw=raw, channel="pipe")
    except (EmptyMail, MailTooLarge) as error:
        complain(str(error))
        return REFUSED
    return STORED


def _sentence(error: Exception) -> str:
    import psycopg
    from django import db
    from django.conf import settings

    from ghiseu.ops import database

    if isinstance(error, db.Error | psycopg.Error):
        return database.sentence(error)
    if isinstance(error, OSError):
        return f"The data folder {settings.HOME} cannot be written: {error.strerror or error}."
    # Errors of our own rooms are sentences already; anything else is named by its type, since it may quote the mail.
    if type(error).__module__.startswith("ghiseu."):
        return f"{error}"
    return f"Unexpected error ({type(error).__name__}); run ghiseu doctor."
