import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ghiseu.ops.upkeep import CHORES, LOCK, Chore, Night, last_night
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import close_ticket, reopen_ticket
from ghiseu.tickets.models import Ticket, Upkeep
from tests.factories import make_queue, make_ticket

pytestmark = pytest.mark.django_db
Duty = Upkeep.Duty


class Work:
    """A chore that does what is listed, one step after the other, and then nothing."""

    def __init__(self, *steps: int | Exception, duty: Duty = Duty.ARCHIVE) -> None:
        self.steps = list(steps)
        self.calls = 0
        self.chore = Chore(duty, self.step)

    def step(self, _pass: Upkeep, _limit: int) -> int:
        self.calls += 1
        todo = self.steps.pop(0) if self.steps else 0
        if isinstance(todo, Exception):
            raise todo
        return todo


def night_of(*work: Work) -> Night:
    return Night(threading.Event(), [one.chore for one in work])


def tend_all(night: Night) -> None:
    while night.tend():
        pass


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ((2026, 11, 23, 2, 29), (2026, 11, 22, 2, 30)),
        ((2026, 11, 23, 2, 30), (2026, 11, 23, 2, 30)),
        ((2026, 11, 23, 23, 59), (2026, 11, 23, 2, 30)),
        # The hour that is left out in spring, and the one that comes twice in autumn.
        ((2026, 3, 29, 12, 0), (2026, 3, 29, 2, 30)),
        ((2026, 10, 25, 12, 0), (2026, 10, 25, 2, 30)),
    ],
)
def test_the_night_begins_by_the_desks_clock(settings: Settings, now: tuple[int, ...], begins: tuple[int, ...]) -> None:
    settings.TIME_ZONE, settings.NIGHT_AT = "Europe/Chisinau", dt.time(2, 30)
    zone = ZoneInfo("Europe/Chisinau")

    found = last_night(dt.datetime(*now, tzinfo=zone))  # type: ignore[misc,arg-type]

    assert found == dt.datetime(*begins, tzinfo=zone).astimezone(dt.UTC)  # type: ignore[misc,arg-type]


def test_it_works_step_by_step_until_nothing_is_left_and_then_rests_until_the_next_night() -> None:
    work = Work(3, 2)
    night = night_of(work)

    tend_all(night)
    tend_all(night_of(work))

    done = Upkeep.objects.get()
    assert (work.calls, done.done_count, done.finished_at is not None) == (3, 5, True)


def test_what_was_missed_while_nothing_ran_is_made_up_for() -> None:
    long_ago = timezone.now() - dt.timedelta(days=9)
    Upkeep.objects.create(duty=Duty.ARCHIVE, night=long_ago, begun_at=long_ago, finished_at=long_ago, done_count=70)
    work = Work(4)

    tend_all(night_of(work))

    done = Upkeep.objects.get()
    assert (done.night, done.done_count) == (last_night(timezone.now()), 4)
    assert done.finished_at is not None


def test_a_pass_that_was_cut_off_goes_on_where_it_was() -> None:
    work = Work(3, 2)
    assert night_of(work).tend() == 3  # and then the worker is killed

    tend_all(night_of(work))

    assert Upkeep.objects.get().done_count == 5


def test_a_duty_in_trouble_is_named_and_holds_up_no_other() -> None:
    broken, fine = Work(OSError("the disk is full")), Work(1, duty=Duty.COMPACT)
    night = night_of(broken, fine)

    tend_all(night)

    assert (broken.calls, fine.calls) == (1, 2)
    row = Upkeep.objects.get(duty=Duty.ARCHIVE)
    assert (row.error, row.finished_at) == ("OSError: the disk is full", None)

    Upkeep.objects.filter(pk=row.pk).update(failed_at=timezone.now() - dt.timedelta(minutes=11))
    tend_all(night_of(broken, fine))

    row.refresh_from_db()
    assert (row.error, row.failed_at, row.finished_at is not None) == ("", None, True)


def test_the_archive_goes_queue_by_queue_and_begins_anew_each_night(ana: Agent) -> None:
    queues = [make_queue(f"Q{number}", full=[ana], archive_after_days=1) for number in range(3)]
    queues.append(make_queue("Never", full=[ana]))
    tickets = [close_ticket(make_ticket(queue), by=ana) for queue in queues for _number in range(2)]
    Ticket.objects.update(closed_at=timezone.now() - dt.timedelta(days=9))
    night = Night(threading.Event(), [chore for chore in CHORES if chore.duty == Duty.ARCHIVE])

    tend_all(night)

    assert Ticket.objects.filter(archived_at__isnull=False).count() == 6
    assert (Upkeep.objects.get().done_count, Upkeep.objects.get().position) == (6, 0)
    reopen_ticket(tickets[0], by=ana)
    close_ticket(tickets[0], by=ana)
    Ticket.objects.update(closed_at=timezone.now() - dt.timedelta(days=9))
    Upkeep.objects.update(night=timezone.now() - dt.timedelta(days=2))

    tend_all(Night(threading.Event(), [chore for chore in CHORES if chore.duty == Duty.ARCHIVE]))

    assert Ticket.objects.get(pk=tickets[0].pk).archived_at is not None


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_is_at_it() -> None:
    work = Work(3)
    seen: list[int] = []

    def other_worker() -> None:
        seen.append(night_of(work).tend())
        connection.close()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        other = threading.Thread(target=other_worker)
        other.start()
        other.join()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])

    assert (seen, work.calls) == ([0], 0)
    assert night_of(work).tend() == 3


def test_a_slow_step_makes_the_next_one_smaller() -> None:
    limits: list[int] = []
    waits = threading.Event()

    def slow(_pass: Upkeep, limit: int) -> int:
        limits.append(limit)
        waits.wait(0.25)
        return limit if len(limits) < 3 else 0

    tend_all(Night(threading.Event(), [Chore(Duty.ARCHIVE, slow)]))

    assert limits[0] == 50
    assert limits[2] < limits[1] < 25
