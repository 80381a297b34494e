"""Handing over what waits: each mail once, each on its own, for five days.

A mail is claimed twice over. `next_try_at` is put ahead, so that a worker that dies in the middle gives it back after
half a minute; and a lock of the database session is held while the server is spoken to, however long that takes, which
ends with the worker. No row and no transaction stays open meanwhile, so no page waits for a slow mail server.

A mail can arrive twice in one case only, which SMTP does not exclude: the server took it and we died, or lost the
connection, before its answer was written down. Both copies then carry the same Message-ID (promise O2).
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound import maildir
from ghiseu.mail.outbound.compose import compose
from ghiseu.mail.outbound.leaving import hold, let_go
from ghiseu.mail.outbound.smtp import RefusedForGood, RefusedForNow, Server, ServerTrouble
from ghiseu.tickets.history import announce
from ghiseu.tickets.models import Ticket

log = structlog.get_logger(__name__)

PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))
GIVEN_UP_AFTER = dt.timedelta(days=5)
LEASE = dt.timedelta(seconds=30)
# Side by side, so that a destination for which the server thinks long does not hold up the others (promise O3).
SENDERS = 4
PATIENCE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A mail that is older than five days is not given up because of a server that was away for a moment only.
TROUBLE_BEFORE_GIVING_UP_SECONDS = 3600.0
MOST_ANNOUNCED = 200
SECONDS_TO_WRITE_DOWN = 600.0


def send_due(limit: int = 50) -> int:
    """Hand over what is due, at most `limit` mails; returns how many were tried. Safe beside other workers.

    Several senders work side by side. One whose server thinks for long goes on after this has returned, and the next
    call does with the others.
    """
    if trouble.pauses():
        return 0
    allowance = Allowance(min(_due()[:limit].count(), limit))
    threads = [thread for _place in range(min(SENDERS, allowance.left)) if (thread := _start_sender(allowance))]
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return allowance.used


def send_here(limit: int = 50) -> int:
    """The same in this thread alone, one mail after the other."""
    if trouble.pauses():
        return 0
    allowance = Allowance(limit)
    _send(allowance)
    return allowance.used


class Allowance:
    """How many mails the senders of one call may try together."""

    def __init__(self, mails: int) -> None:
        self._guard = threading.Lock()
        self.left = mails
        self.used = 0

    def take(self) -> bool:
        with self._guard:
            if not self.left:
                return False
            self.left -= 1
            return True

    def count(self) -> None:
        with self._guard:
            self.used += 1


_places = threading.BoundedSemaphore(SENDERS)


def _start_sender(allowance: Allowance) -> threading.Thread | None:
    """A thread that sends; None where all are busy."""
    if not _places.acquire(blocking=False):
        return None

    def send() -> None:
        try:
            _send(allowance)
        except (OperationalError, InterfaceError) as error:
            log.warning("sending_interrupted", exc_info=error)
        finally:
            connection.close()
            _places.release()

    thread = threading.Thread(target=send, name="send", daemon=True)
    thread.start()
    return thread


class Trouble:
    """What keeps the desk from its mail server, known to all senders of this process; each failure pauses longer."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.since = self.until = self.pause = 0.0

    def pauses(self) -> bool:
        return time.monotonic() < self.until

    def met(self) -> float:
        """Count one failure; returns for how many seconds the trouble has lasted."""
        with self._guard:
            now = time.monotonic()
            if now >= self.until:
                self.since = self.since or now
                self.pause = min(max(FIRST_PAUSE_SECONDS, self.pause * 2), LONGEST_PAUSE_SECONDS)
                self.until = now + self.pause
            return now - self.since

    def over(self) -> None:
        if self.since:
            log.info("mail_server_works_again", after_seconds=round(time.monotonic() - self.since))
            self.clear()


trouble = Trouble()


class Carrier(Protocol):
    """What takes mails: an SMTP server, or a folder."""

    def carry(self, raw: bytes, mail: OutboundMail) -> str: ...


class BySmtp:
    def __init__(self, server: Server) -> None:
        self.server = server

    def carry(self, raw: bytes, mail: OutboundMail) -> str:
        return self.server.send(raw, sender=mail.sender, recipient=mail.recipient)


class ToMaildir:
    def carry(self, raw: bytes, mail: OutboundMail) -> str:
        # The same name at each try: a mail that is there is not put there again.
        name = f"{mail.created_at.timestamp():.6f}.{mail.pk}.ghiseu"
        folder = Path(settings.OUTGOING_FOLDER)
        maildir.deliver(folder, raw, name=name, sender=mail.sender, recipient=mail.recipient)
        return _("Kept in the folder “outgoing” of this installation: no mail server is set.")


@contextmanager
def _carrier() -> Iterator[Carrier]:
    if settings.SMTP_URL:
        with Server(settings.SMTP_URL) as server:
            yield BySmtp(server)
    else:
        yield ToMaildir()


def _send(allowance: Allowance) -> None:
    """Claim and hand over, one by one over one connection, until nothing is due or the server makes trouble."""
    with _carrier() as carrier:
        while allowance.take() and (mail := _claim()) is not None:
            try:
                _hand_over(mail, carrier)
            except ServerTrouble as error:
                _stand_back(mail, str(error))
                return
            finally:
                let_go(mail)
            allowance.count()


def _due() -> QuerySet[OutboundMail]:
    return OutboundMail.objects.filter(state=OutboundMail.State.WAITING, next_try_at__lte=timezone.now())


def _claim() -> OutboundMail | None:
    """The mail that has been due longest and that nobody is handing over; the try counts from now on."""
    held: list[int] = []
    while True:
        with transaction.atomic():
            due = _due().exclude(pk__in=held).select_for_update(skip_locked=True).order_by("next_try_at", "pk")
            mail = due.first()
            if mail is None:
                return None
            if hold(mail):
                mail.tries += 1
                ahead = timezone.now() + LEASE
                OutboundMail.objects.filter(pk=mail.pk).update(tries=mail.tries, next_try_at=ahead)
                return mail
            held.append(mail.pk)


def _hand_over(mail: OutboundMail, carrier: Carrier) -> None:
    """Try once, and write down what came of it. Raises ServerTrouble where no mail at all can pass."""
    began = time.monotonic()
    state, words = _try(mail, carrier)
    if state == OutboundMail.State.WAITING and _is_too_old(mail):
        state, words = OutboundMail.State.FAILED, _given_up(words)
    _write_down(mail, state, words)
    log.info("mail_tried", mail=mail.pk, state=state, tries=mail.tries, seconds=round(time.monotonic() - began, 2))


def _try(mail: OutboundMail, carrier: Carrier) -> tuple[OutboundMail.State, str]:
    """What became of the mail, and the server's words."""
    try:
        raw = compose(mail)
        try:
            answer = OutboundMail.State.SENT, carrier.carry(raw, mail)
        except RefusedForGood as refusal:
            answer = OutboundMail.State.FAILED, str(refusal)
        except RefusedForNow as refusal:
            answer = OutboundMail.State.WAITING, str(refusal)
    except (ServerTrouble, OperationalError, InterfaceError):
        raise
    except Exception as error:  # what is wrong with one mail must not stop the next
        log.error("mail_not_sent", mail=mail.pk, exc_info=error)
        words = _("The mail could not be handed over: %(cause)s") % {"cause": f"{type(error).__name__}: {error}"[:500]}
        return OutboundMail.State.WAITING, words
    trouble.over()
    return answer


def _is_too_old(mail: OutboundMail) -> bool:
    """Old in days, and tried often enough: a desk that was switched off for a week still tries for some hours."""
    return timezone.now() - mail.created_at > GIVEN_UP_AFTER and mail.tries >= len(PAUSES)


def _given_up(words: str) -> str:
    return _("Given up after five days. The last answer was: %(answer)s") % {"answer": words}


def _write_down(mail: OutboundMail, state: OutboundMail.State, words: str) -> None:
    """Commit the result, and wait for a database that is away: what is sent and not written down is sent again."""
    now = timezone.now()
    changes: dict[str, Any] = {"state": state, "answer": words}
    if state == OutboundMail.State.SENT:
        changes["sent_at"] = now
    elif state == OutboundMail.State.WAITING:
        changes["next_try_at"] = now + PAUSES[min(mail.tries, len(PAUSES)) - 1]
    deadline = time.monotonic() + SECONDS_TO_WRITE_DOWN
    while True:
        try:
            with transaction.atomic():
                OutboundMail.objects.filter(pk=mail.pk).update(**changes)
                announce(mail.article.ticket, mail.article.ticket.queue_id)
        except (OperationalError, InterfaceError) as error:
            log.warning("result_not_written", mail=mail.pk, state=state, exc_info=error)
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(FIRST_PAUSE_SECONDS)
        else:
            return


def _stand_back(mail: OutboundMail, words: str) -> None:
    """Nothing can pass for the moment: the try does not count, and every mail that waits says why."""
    lasted = trouble.met()
    log.error("mail_server_trouble", lasting_seconds=round(lasted), mail=mail.pk)
    with transaction.atomic():
        OutboundMail.objects.filter(pk=mail.pk).update(tries=mail.tries - 1, next_try_at=mail.next_try_at)
        untold = _due().exclude(answer=words)
        affected = _tickets_of(untold)
        untold.update(answer=words)
        if lasted > TROUBLE_BEFORE_GIVING_UP_SECONDS:
            old = _due().filter(created_at__lt=timezone.now() - GIVEN_UP_AFTER)
            affected += _tickets_of(old)
            old.update(state=OutboundMail.State.FAILED, answer=_given_up(words))
        for ticket in affected:
            announce(ticket, ticket.queue_id)


def _tickets_of(mails: QuerySet[OutboundMail]) -> list[Ticket]:
    return list(Ticket.objects.filter(articles__outbound__in=mails).distinct()[:MOST_ANNOUNCED])
