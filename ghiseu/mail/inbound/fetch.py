"""Fetching from mailboxes by IMAP and POP3: take, keep, and only then remove.

A mail leaves its server when it is committed here and not before (promise M1), and nothing else is touched there
(promise M3). Whatever is cut in two - the connection, the process, the database - the mail is fetched again, and found
to be held already, because the same bytes are one mail (promise M2).
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.mail.errors import EmptyMail, LoginRefused, MailError, MailTooLarge, Unreachable
from ghiseu.mail.inbound.connection import OnServer, Place, PlaceRefused, Server, in_batches
from ghiseu.mail.inbound.server import opened
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox, OAuthAccess

log = structlog.get_logger(__name__)

MOST_AT_A_TIME = 8
PATIENCE_SECONDS = 5.0
# A full mailbox is emptied in rounds, so that what comes in meanwhile and a request to stop are noticed.
ROUND_SECONDS = 20.0
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
    with_server = Mailbox.objects.filter(is_active=True).exclude(protocol=Mailbox.Protocol.NONE)
    due = [mailbox for mailbox in with_server if _is_due(mailbox)]
    counts: list[int] = []
    threads = [thread for mailbox in due if (thread := _start(mailbox, counts))]
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sum(counts)


def fetch_soon(mailbox: Mailbox) -> None:
    """New mail was announced: fetch now; a fetch that is under way may have looked before, so another follows it."""
    _asked.add(mailbox.pk)
    _start(mailbox, [])


_asked: set[int] = set()
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
        except Mailbox.DoesNotExist:
            log.info("fetch_ended", mailbox=mailbox.name, cause="the mailbox was removed")
        finally:
            connection.close()
            with _busy_guard:
                _busy.discard(mailbox.pk)

    thread = threading.Thread(target=work, name=f"fetch {mailbox.name}", daemon=True)
    thread.start()
    return thread


@dataclass
class Pause:
    seconds: float
    until: float
    # What the mailbox was set to when it failed: after a correction nobody waits.
    settings: tuple[object, ...]


class Pauses:
    """When a mailbox that failed may be tried again by this process; longer after each failure."""

    def __init__(self) -> None:
        self._of: dict[int, Pause] = {}

    def holds(self, mailbox: Mailbox) -> bool:
        pause = self._of.get(mailbox.pk)
        return pause is not None and time.monotonic() < pause.until and pause.settings == _settings(mailbox)

    def failed(self, mailbox: Mailbox, error: Exception) -> None:
        last = self._of.get(mailbox.pk)
        seconds = min(max(FIRST_PAUSE_SECONDS, last.seconds * 2 if last else 0.0), LONGEST_PAUSE_SECONDS)
        if isinstance(error, LoginRefused):
            seconds = PAUSE_AFTER_REFUSED_LOGIN_SECONDS
        self._of[mailbox.pk] = Pause(seconds, time.monotonic() + seconds, _settings(mailbox))

    def forget(self, mailbox: Mailbox) -> None:
        self._of.pop(mailbox.pk, None)


def _settings(mailbox: Mailbox) -> tuple[object, ...]:
    server = (mailbox.protocol, mailbox.host, mailbox.port, mailbox.security, *mailbox.folders)
    # A sign-in makes a new row; a refresh token that the provider changes does not.
    access = OAuthAccess.objects.filter(mailbox=mailbox).values_list("pk", flat=True).first()
    return (*server, mailbox.sign_in, mailbox.login, mailbox.password, mailbox.move_to_folder, access)


pauses = Pauses()


def _is_due(mailbox: Mailbox) -> bool:
    if pauses.holds(mailbox):
        return False
    if mailbox.pk in _asked:
        return True
    every = dt.timedelta(seconds=mailbox.fetch_every_seconds)
    return mailbox.fetched_at is None or mailbox.fetched_at + every <= timezone.now()


@dataclass
class Visit:
    """What one visit brought. `left` are mails that stay, `refused` folders that could not be looked into."""

    kept: int = 0
    on_server: int = 0
    not_held: int = 0
    is_complete: bool = True
    left: list[str] = field(default_factory=list)
    refused: list[PlaceRefused] = field(default_factory=list)


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
        _asked.discard(mailbox.pk)
        began = time.monotonic()
        visit = Visit()
        try:
            with opened(mailbox) as server:
                _take_all(server, mailbox, visit, until=began + ROUND_SECONDS)
        except (Unreachable, CannotKeep) as error:
            pauses.failed(mailbox, error)
            _note(mailbox, str(error))
            log.error("fetch_failed", mailbox=mailbox.name, kept=visit.kept, cause=type(error).__name__)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # A server that speaks otherwise than anybody thought of: the administrator must see it.
            pauses.failed(mailbox, error)
            kind = type(error).__name__
            _note(mailbox, _("%(server)s was not understood (%(kind)s).") % {"server": mailbox.server, "kind": kind})
            log.error("fetch_failed", mailbox=mailbox.name, kept=visit.kept, exc_info=error)
        else:
            pauses.forget(mailbox)
            _note(mailbox, _told(visit), visit)
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


def _take_all(server: Server, mailbox: Mailbox, visit: Visit, *, until: float) -> None:
    names = server.names()
    for name in names:
        try:
            place = server.place(name)
        except PlaceRefused as error:
            visit.refused.append(error)
        else:
            _take_from(place, mailbox, visit, until=until)
    if len(visit.refused) == len(names):
        raise visit.refused[0]


def _take_from(place: Place, mailbox: Mailbox, visit: Visit, *, until: float) -> None:
    mails = place.mails()
    before = visit.kept
    visit.left += [str(MailTooLarge(mail.size, settings.MAIL_MAX_BYTES)) for mail in mails if _is_too_large(mail)]
    for batch in in_batches([mail for mail in mails if not _is_too_large(mail)]):
        if time.monotonic() > until:
            visit.is_complete = False
            break
        held = [uid for uid, raw in place.raw(batch) if _is_kept(mailbox, raw, visit)]
        place.done_with(held)
        visit.kept += len(held)
    visit.on_server += place.count()
    visit.not_held += len(mails) - (visit.kept - before)


def _is_too_large(mail: OnServer) -> bool:
    return mail.size > settings.MAIL_MAX_BYTES


def _is_kept(mailbox: Mailbox, raw: bytes, visit: Visit) -> bool:
    """Whether the mail is committed here. One that cannot be taken stays on the server and stops no other."""
    try:
        keep(mailbox=mailbox, raw=raw, channel=mailbox.protocol)
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
        log.error("mail_not_stored", mailbox=mailbox.name, channel=mailbox.protocol, exc_info=error)
        visit.left.append(f"{type(error).__name__}: {error}"[:300].replace("\x00", ""))
        return False
    return True


def _told(visit: Visit) -> str:
    """What had to stay on the server, in words; empty where nothing did."""
    told = [str(refusal) for refusal in visit.refused]
    if visit.left:
        facts = {"count": len(visit.left), "reason": visit.left[0]}
        told.append(_("%(count)d mails stay on the server. The first: %(reason)s") % facts)
    return " ".join(told)


def _note(mailbox: Mailbox, error: str, visit: Visit | None = None) -> None:
    """Write down how the visit went; without `visit` it came to nothing, and what was counted before stands."""
    now = timezone.now()
    mailbox.last_error = error
    mailbox.failed_at = (mailbox.failed_at or now) if error else None
    if visit:
        mailbox.on_server_count, mailbox.not_held_count = visit.on_server, visit.not_held
        mailbox.fetched_at = now if visit.is_complete else mailbox.fetched_at
    noted = ("last_error", "failed_at", "fetched_at", "on_server_count", "not_held_count")
    # Not by `save`, which fails where the mailbox was removed meanwhile.
    Mailbox.objects.filter(pk=mailbox.pk).update(**{name: getattr(mailbox, name) for name in noted})
