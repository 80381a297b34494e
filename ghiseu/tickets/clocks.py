"""The clocks of a ticket: until when its queue's service level promises the first answer, the next one, and the end.

What is promised follows from what the ticket says of itself - when it came, since when somebody waits, whether it was
ever answered - so there is one function that says it, asked whenever one of these changes.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from ghiseu.sla.clock import NeverWorked, WorkingTime
from ghiseu.sla.hours import read_hours
from ghiseu.tickets.models import OPEN_TYPES, Calendar, Kind, Queue, State, Ticket

DUE_COLUMNS = ("first_answer_due_at", "answer_due_at", "solution_due_at")
# A change of one of these can change what is promised.
MOVES_CLOCKS = frozenset({"queue", "state_type", "waiting_since", "first_answered_at"})

DueTimes = dict[str, dt.datetime | None]


def start_clocks(ticket: Ticket) -> None:
    """Set what is promised of a ticket that is about to be written for the first time."""
    for column, moment in due_times(ticket, solution_from=ticket.created_at).items():
        setattr(ticket, column, moment)


def move_clocks(ticket: Ticket, *, was_open: bool, is_moved: bool) -> DueTimes:
    """Set what is promised now that the ticket has changed; gives those columns that are another than before.

    A ticket that opens again gets its time until the end anew. One that came into another queue is promised what that
    queue promises, counted from when it came, or opened again last.
    """
    solution_from = None
    if is_moved:
        solution_from = _opened_at(ticket)
    elif ticket.is_open and not was_open:
        solution_from = timezone.now()
    moved = {
        column: moment
        for column, moment in due_times(ticket, solution_from=solution_from).items()
        if getattr(ticket, column) != moment
    }
    for column, moment in moved.items():
        setattr(ticket, column, moment)
    return moved


def _opened_at(ticket: Ticket) -> dt.datetime:
    closed = State.objects.exclude(type__in=OPEN_TYPES).values_list("name", flat=True)
    again = ticket.events.filter(kind=Kind.STATE_CHANGED, data__old__in=list(closed)).order_by("-pk").first()
    return again.at if again else ticket.created_at


def due_times(ticket: Ticket, *, solution_from: dt.datetime | None = None) -> DueTimes:
    """What is promised of the ticket as it stands, unsaved changes included, by the names of its columns.

    The first answer counts from when the ticket came, the next one from when the customer began to wait, the end from
    `solution_from`, or unchanged without it. Only open tickets have clocks.
    """
    sla = ticket.queue.sla if ticket.queue.sla_id else None
    if sla is None or ticket.state_type not in OPEN_TYPES:
        return dict.fromkeys(DUE_COLUMNS)
    clock = working_time_of(ticket.queue)
    first = answer = None
    if ticket.waiting_since and ticket.first_answered_at is None:
        first = _after(clock, ticket.created_at, sla.first_answer_minutes)
    elif ticket.waiting_since:
        answer = _after(clock, ticket.waiting_since, sla.answer_minutes)
    solution = ticket.solution_due_at
    if solution_from is not None:
        solution = _after(clock, solution_from, sla.solution_minutes)
    return {"first_answer_due_at": first, "answer_due_at": answer, "solution_due_at": solution}


def working_time_of(queue: Queue) -> WorkingTime:
    """When somebody is there for this queue; day and night without a calendar."""
    return _read_calendar(queue.calendar) if queue.calendar_id and queue.calendar else _always()


def _read_calendar(calendar: Calendar) -> WorkingTime:
    return _working_time(calendar.time_zone, calendar.hours, tuple(calendar.holidays))


def _always() -> WorkingTime:
    return _working_time(settings.TIME_ZONE, "", ())


@lru_cache(maxsize=256)
def _working_time(zone: str, hours: str, holidays: tuple[dt.date, ...]) -> WorkingTime:
    return WorkingTime(ZoneInfo(zone), read_hours(hours) if hours else None, frozenset(holidays))


def _after(clock: WorkingTime, start: dt.datetime, minutes: int | None) -> dt.datetime | None:
    if minutes is None:
        return None
    try:
        return clock.after(start, minutes)
    except NeverWorked:
        # A calendar without work promises nothing; the page of the calendar refuses to keep one.
        return None
