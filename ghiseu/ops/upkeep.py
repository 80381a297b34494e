"""What the desk does by itself once a night: archive, erase by rules of retention, remove unused files, compact.

Everything goes in small steps with a pause between, so that an agent never notices. A step that takes longer than
`STEP_SECONDS` makes the next one smaller. One worker at a time does it; where it stops, another goes on. What was
missed while nothing ran is made up for at once.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.utils import timezone

from ghiseu.mail.forgetting import forget_mails
from ghiseu.tickets import blobs
from ghiseu.tickets.actions.archive import archive_some
from ghiseu.tickets.models import Queue, Upkeep
from ghiseu.tickets.retention import retain_some

log = structlog.get_logger()

LOCK = 4_710_816_246
STEP_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
SMALLEST_STEP, LARGEST_STEP, FIRST_STEP = 5, 200, 50
LOOK_AGAIN = dt.timedelta(minutes=1)
AFTER_A_FAILURE = dt.timedelta(minutes=10)

# One step of a duty: does at most as many things as told, moves `position` on, returns how many it did; 0 is the end.
Step = Callable[[Upkeep, int], int]


@dataclass(frozen=True)
class Chore:
    duty: Upkeep.Duty
    step: Step


def archive(current: Upkeep, limit: int) -> int:
    """Queue by queue; `position` is the one whose turn it is, so that those that are done are not asked each time."""
    waiting = Queue.objects.filter(archive_after_days__isnull=False, pk__gte=current.position).order_by("pk")
    for queue in waiting:
        current.position = queue.pk
        if done := archive_some(queue, limit=limit):
            return done
    current.position = 0
    return 0


def retain(current: Upkeep, limit: int) -> int:
    return retain_some(night=current.night, limit=limit, forget=forget_mails)


def compact(current: Upkeep, limit: int) -> int:
    done, current.position = blobs.compact_some(current.position, limit=limit)
    return done


CHORES = (
    Chore(Upkeep.Duty.ARCHIVE, archive),
    Chore(Upkeep.Duty.RETENTION, retain),
    Chore(Upkeep.Duty.BLOBS, lambda _pass, limit: blobs.sweep(limit)),
    Chore(Upkeep.Duty.COMPACT, compact),
)


def last_night(now: dt.datetime) -> dt.datetime:
    """The newest moment at which the night's work was to begin, by the desk's clock."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    begins = dt.datetime.combine(today, settings.NIGHT_AT, tzinfo=zone)
    if begins > now:
        begins = dt.datetime.combine(today - dt.timedelta(days=1), settings.NIGHT_AT, tzinfo=zone)
    return begins.astimezone(dt.UTC)


class Night:
    """A worker's share of the night: `tend` is called again and again, and does one step where something is due."""

    def __init__(self, stop: threading.Event, chores: Sequence[Chore] = CHORES) -> None:
        self.stop = stop
        self.chores = chores
        self._limits = {chore.duty: FIRST_STEP for chore in chores}
        self._rests_until = timezone.now()

    def tend(self) -> int:
        """One step of the first duty that is due; returns how much it did, 0 where none is or others are at it."""
        now = timezone.now()
        if now < self._rests_until:
            return 0
        with _alone() as alone:
            for chore in self.chores if alone else ():
                current = _pass_of(chore.duty, now)
                if current and (done := self._step(chore, current)):
                    return done
        self._rests_until = timezone.now() + LOOK_AGAIN
        return 0

    def _step(self, chore: Chore, current: Upkeep) -> int:
        began = time.monotonic()
        try:
            done = chore.step(current, self._limits[chore.duty])
        except (OperationalError, InterfaceError):
            raise  # the database is in trouble, not the duty
        except Exception as error:  # one duty in trouble must not hold up the others
            log.error("upkeep_failed", duty=chore.duty, exc_info=error)
            said = f"{type(error).__name__}: {error}"[:1000].replace("\x00", "")
            Upkeep.objects.filter(pk=current.pk).update(failed_at=timezone.now(), error=said)
            return 0
        took = time.monotonic() - began
        _count(current, done)
        if done:
            self._limits[chore.duty] = _next_limit(self._limits[chore.duty], done, took)
            self.stop.wait(min(took, LONGEST_PAUSE_SECONDS))
        return done


def _next_limit(limit: int, done: int, took: float) -> int:
    if took > STEP_SECONDS:
        return max(SMALLEST_STEP, int(limit * STEP_SECONDS / took))
    return min(LARGEST_STEP, limit * 2) if done >= limit and took < STEP_SECONDS / 2 else limit


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other worker is at it; the lock of the session goes with the process that holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        row = cursor.fetchone()
    try:
        yield bool(row and row[0])
    finally:
        if row and row[0] and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _pass_of(duty: Upkeep.Duty, now: dt.datetime) -> Upkeep | None:
    """The pass to go on with: one that was cut off, or a new one where the last is of an earlier night; else None."""
    night = last_night(now)
    current, _is_new = Upkeep.objects.get_or_create(duty=duty, defaults={"night": night, "begun_at": now})
    if current.finished_at and current.night >= night:
        return None
    if current.failed_at and current.failed_at > now - AFTER_A_FAILURE:
        return None
    if current.finished_at:
        current.night, current.begun_at, current.finished_at, current.done_count = night, now, None, 0
        current.save(update_fields=["night", "begun_at", "finished_at", "done_count"])
    return current


def _count(current: Upkeep, done: int) -> None:
    ours = Upkeep.objects.filter(pk=current.pk)
    if done:
        ours.update(done_count=F("done_count") + done, position=current.position, failed_at=None, error="")
        return
    ours.update(finished_at=timezone.now(), position=current.position, failed_at=None, error="")
    log.info("upkeep_finished", duty=current.duty, done=current.done_count)
