"""Fetching from mailboxes by IMAP: take, keep, and only then remove.

A mail leaves its server when it is committed here and not before (promise M1), and nothing else is touched there
(promise M3). Whatever is cut in two - the connection, the process, the database - the mail is fetched again, and found
to be held already, because the same bytes are one mail (promise M2).
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.mail.errors import EmptyMail, MailError, MailTooLarge, Unreachable
from ghiseu.mail.inbound.imap import Folder, LoginRefused, OnServer, opened
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox

log = structlog.get_logger(__name__)

MOST_AT_A_TIME = 8
PATIENCE_SECONDS = 5.0
# A full mailbox is emptied in rounds, so that what comes in meanwhile and a request to stop are noticed.
ROUND_SECONDS = 20.0
BATCH_MAILS = 50
BATCH_BYTES = 4_000_000
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 50.0
# A server may lock an account after too many refused logins.
PAUSE_AFTER_REFUSED_LOGIN_SECONDS = 300.0
LOCK_OF_FETCHING = 0x6769 << 40


class CannotKeep(MailError):
    """This installation cannot store the mail now; it stays on the server."""


def fetch_due() -> int:
    """Fetch from every mailbox whose time has come; returns how many mails were taken. Safe beside other workers.

    Each mailbox has a thread. One whose server is slow goes on after this has returned, and delays no other.
    """
    with_server = Mailbox.objects.filter(is_active=True).exclude(imap_host="")
    due = [mailbox for mailbox in with_server if _is_due(mailbox)]
    counts: list[int] = []
    threads = [thread for mailbox in due if (thread := _start(mailbox, counts))]
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sum(counts)


_busy: set[int] = set()
_busy_guard = threading.Lock()


def _start(mailbox: Mailbox, counts: list[int]) -> threading.Thread | None:
    with _busy_guard:
        if mailbox.pk in _busy or len(_busy) >= MOST_AT_A_TIME:
            return None
        _busy.add(mailbox.pk)

    def work() -> None:
        try:
            counts.append(fetch(mailbox, only_if_due=True))
        except (OperationalError, InterfaceError) as error:
            log.warning("fetch_interrupted", mailbox=mailbox.name, exc_info=error)
        finally:
            connection.close()
            with _busy_guard:
                _busy.discard(mailbox.pk)

    thread = threading.Thread(target=work, name=f"fetch {mailbox.name}", daemon=True)
    thread.start()
    return thread


class Pauses:
    """When a mailbox that failed may be tried again by this process; longer after each failure."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._length: dict[int, float] = {}

    def pauses(self, mailbox: Mailbox) -> bool:
        return time.monotonic() < self._until.get(mailbox.pk, 0.0)

    def failed(self, mailbox: Mailbox, error: MailError) -> None:
        length = min(max(FIRST_PAUSE_SECONDS, self._length.get(mailbox.pk, 0.0) * 2), LONGEST_PAUSE_SECONDS)
        if isinstance(error, LoginRefused):
            length = PAUSE_AFTER_REFUSED_LOGIN_SECONDS
        self._length[mailbox.pk] = length
        self._until[mailbox.pk] = time.monotonic() + length

    def forget(self, mailbox: Mailbox) -> None:
        self._length.pop(mailbox.pk, None)
        self._until.pop(mailbox.pk, None)


pauses = Pauses()


def _is_due(mailbox: Mailbox) -> bool:
    if pauses.pauses(mailbox):
        return False
    every = dt.timedelta(seconds=mailbox.fetch_every_seconds)
    return mailbox.fetched_at is None or mailbox.failed_at is not None or mailbox.fetched_at + every <= timezone.now()


@dataclass
class Round:
    """What one visit brought."""

    kept: int = 0
    is_complete: bool = True
    left: list[str] = field(default_factory=list)


def fetch(mailbox: Mailbox, *, only_if_due: bool = False) -> int:
    """Take what lies in one mailbox; returns how many mails. Does nothing where another worker is at it.

    What went wrong stands in the mailbox's `last_error` afterwards, since when in `failed_at`; only trouble with the
    database is raised.
    """
    with _as_only_fetcher(mailbox) as alone:
        if not alone:
            return 0
        mailbox.refresh_from_db()
        if only_if_due and not _is_due(mailbox):
            return 0
        began = time.monotonic()
        visit = Round()
        try:
            with opened(mailbox) as folder:
                _take_all(folder, mailbox, visit, until=began + ROUND_SECONDS)
        except (Unreachable, CannotKeep) as error:
            pauses.failed(mailbox, error)
            _note(mailbox, str(error))
            log.error("fetch_failed", mailbox=mailbox.name, kept=visit.kept, cause=type(error).__name__)
        else:
            pauses.forget(mailbox)
            _note(mailbox, _told(visit.left), fetched=visit.is_complete)
            if visit.kept or visit.left:
                seconds = round(time.monotonic() - began, 2)
                log.info("fetched", mailbox=mailbox.name, kept=visit.kept, left=len(visit.left), seconds=seconds)
        return visit.kept


@contextmanager
def _as_only_fetcher(mailbox: Mailbox) -> Iterator[bool]:
    """Hold the mailbox's lock in this thread's database session, which ends with the process however it ends."""
    key = LOCK_OF_FETCHING + mailbox.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        row = cursor.fetchone()
    if not (row and row[0]):
        yield False
        return
    try:
        yield True
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
        except (OperationalError, InterfaceError):
            connection.close()  # the lock went with the session


def _take_all(folder: Folder, mailbox: Mailbox, visit: Round, *, until: float) -> None:
    folder.finish_removing()
    mails = folder.mails()
    visit.left += [str(MailTooLarge(mail.size, settings.MAIL_MAX_BYTES)) for mail in mails if _is_too_large(mail)]
    for batch in _batches([mail for mail in mails if not _is_too_large(mail)]):
        if time.monotonic() > until:
            visit.is_complete = False
            return
        held = [uid for uid, raw in folder.raw(batch) if _is_kept(mailbox, raw, visit)]
        if mailbox.afterwards == Mailbox.Afterwards.MOVE:
            folder.move(held, mailbox.move_to_folder)
        else:
            folder.remove(held)
        visit.kept += len(held)


def _is_too_large(mail: OnServer) -> bool:
    return mail.size > settings.MAIL_MAX_BYTES


def _batches(mails: Sequence[OnServer]) -> Iterator[list[OnServer]]:
    """Several small mails or one large at a time, so that the memory needed stays that of the largest mail."""
    batch: list[OnServer] = []
    for mail in mails:
        if batch and (len(batch) >= BATCH_MAILS or sum(one.size for one in batch) + mail.size > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(mail)
    if batch:
        yield batch


def _is_kept(mailbox: Mailbox, raw: bytes, visit: Round) -> bool:
    """Whether the mail is committed here. One that cannot be taken stays on the server and stops no other."""
    try:
        keep(mailbox=mailbox, raw=raw, channel="imap")
    except (EmptyMail, MailTooLarge) as error:
        visit.left.append(str(error))
        return False
    except OSError as error:
        raise CannotKeep(
            _("The mail cannot be stored here: %(cause)s. It stays on the server; make room in %(folder)s.")
            % {"cause": error.strerror or str(error), "folder": settings.HOME}
        ) from error
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.error("mail_not_stored", mailbox=mailbox.name, channel="imap", exc_info=error)
        visit.left.append(f"{type(error).__name__}: {error}"[:300].replace("\x00", ""))
        return False
    return True


def _told(left: Sequence[str]) -> str:
    """A sentence about what had to stay on the server; empty where nothing did."""
    if not left:
        return ""
    return _("%(count)d mails stay on the server. The first: %(reason)s") % {"count": len(left), "reason": left[0]}


def _note(mailbox: Mailbox, error: str, *, fetched: bool = False) -> None:
    now = timezone.now()
    mailbox.last_error = error
    mailbox.failed_at = (mailbox.failed_at or now) if error else None
    if fetched:
        mailbox.fetched_at = now
    mailbox.save(update_fields=["last_error", "failed_at", "fetched_at"])
