"""The clocks of a ticket: until when its queue's service level promises the first answer, the next one, and the end.

What is promised follows from what the ticket says of itself - when it came, since when somebody waits, whether it was
ever answered - so there is one function that says it, asked whenever one of these changes.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

from ghiseu.sla.clock import NeverWorked, WorkingTime
from ghiseu.sla.hours import read_hours
from ghiseu.tickets.models import OPEN_TYPES, Calendar, Queue, Ticket

DUE_COLUMNS = ("first_answer_due_at", "answer_due_at", "solution_due_at")
# A change of one of these can change what is promised.
MOVES_CLOCKS = frozenset({"queue", "state_type", "waiting_since", "first_answered_at"})

DueTimes = dict[str, dt.datetime | None]


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
