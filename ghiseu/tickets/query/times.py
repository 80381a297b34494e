"""Times and durations as people write them: `2026-01`, `17.01.2026`, `last week`, `-7d`, `1d12h`.

What is relative stays so until it is asked: a saved view's “today” is the day on which it is looked at.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Literal

from django.utils import timezone

_UTC = dt.UTC
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
MAX_DURATION = dt.timedelta(days=36_500)

Unit = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
# An end of a span; the end itself does not belong to it.
Edge = Literal["start", "end"]


def _current_zone() -> dt.tzinfo:
    return timezone.get_current_timezone()


@dataclass(frozen=True, slots=True)
class Context:
    """When, where and by whom a query is asked: `now` is aware, `me` the agent's login."""

    now: dt.datetime = field(default_factory=timezone.now)
    zone: dt.tzinfo = field(default_factory=_current_zone)
    me: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the calendar in the reader's time zone, such as a day; naive, the end not in it."""

    first: dt.datetime
    behind: dt.datetime

    def edges(self, context: Context) -> tuple[dt.datetime, dt.datetime]:
        return _in_utc(self.first, context.zone), _in_utc(self.behind, context.zone)


@dataclass(frozen=True, slots=True)
class RelativeSpan:
    """The unit of the calendar that now stands in, or the one `steps` before (negative) or after it.

    Weeks start on Monday.
    """

    unit: Unit
    steps: int

    def edges(self, context: Context) -> tuple[dt.datetime, dt.datetime]:
        today = _start_of(self.unit, context.now.astimezone(context.zone).replace(tzinfo=None))
        first = _step(today, self.unit, self.steps)
        return _in_utc(first, context.zone), _in_utc(_step(first, self.unit, 1), context.zone)


@dataclass(frozen=True, slots=True)
class Offset:
    """A point in time, so long before (negative) or after now."""

    by: dt.timedelta

    def edges(self, context: Context) -> tuple[dt.datetime, dt.datetime]:
        point = context.now.astimezone(_UTC) + self.by
        return point, point


NOW = Offset(dt.timedelta())
When = Span | RelativeSpan | Offset


def is_after(one: When, other: When) -> bool:
    """Whether the first lies behind the second whenever they are asked; of different sorts nobody can tell."""
    match one, other:
        case Span(), Span():
            return one.first > other.first
        case Offset(), Offset():
            return one.by > other.by
        case RelativeSpan(), RelativeSpan():
            return one.unit == other.unit and one.steps > other.steps
    return False


@dataclass(frozen=True, slots=True)
class Moment:
    """One edge of a stretch of time; for a point the two are the same."""

    when: When
    edge: Edge

    def at(self, context: Context) -> dt.datetime:
        """The moment in UTC."""
        start, end = self.when.edges(context)
        return start if self.edge == "start" else end


def _in_utc(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    # In UTC, because Python compares two times of one zone by their wall clocks.
    return moment.replace(tzinfo=zone).astimezone(_UTC)


def _start_of(unit: Unit, moment: dt.datetime) -> dt.datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match unit:
        case "minute":
            return moment.replace(second=0, microsecond=0)
        case "hour":
            return hour
        case "day":
            return day
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)


def _step(moment: dt.datetime, unit: Unit, steps: int) -> dt.datetime:
    match unit:
        case "month" | "quarter" | "year":
            months = {"month": 1, "quarter": 3, "year": 12}[unit] * steps + moment.month - 1
            return moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
        case "week":
            return moment + dt.timedelta(weeks=steps)
        case "day":
            return moment + dt.timedelta(days=steps)
        case "hour":
            return moment + dt.timedelta(hours=steps)
        case "minute":
            return moment + dt.timedelta(minutes=steps)


WORDS: dict[str, When] = {
    "now": NOW,
    "today": RelativeSpan("day", 0),
    "yesterday": RelativeSpan("day", -1),
    "tomorrow": RelativeSpan("day", 1),
}
_STEPS = {"last": -1, "this": 0, "next": 1}
_RELATIVE = re.compile(r"(last|this|next)[\s_-]?(minute|hour|day|week|month|quarter|year)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?):(\d\d))?)?)?")
_LOCAL = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?: (\d\d?):(\d\d))?")


def read_time(text: str) -> When | None:
    """What a time says, or None where it is none. Days, months and years are those of the reader's zone."""
    text = text.strip()
    if word := WORDS.get(text.lower()):
        return word
    if relative := _RELATIVE.fullmatch(text):
        unit: Unit = relative[2].lower()  # type: ignore[assignment]  # the pattern lets nothing else through
        return RelativeSpan(unit, _STEPS[relative[1].lower()])
    if text[:1] in ("-", "+") and (by := read_duration(text[1:])) is not None:
        return Offset(-by if text[0] == "-" else by)
    if iso := _ISO.fullmatch(text):
        return _span([iso[1], iso[2], iso[3], iso[4], iso[5]])
    if local := _LOCAL.fullmatch(text):
        return _span([local[3], local[2], local[1], local[4], local[5]])
    return None


def _span(parts: list[str | None]) -> Span | None:
    numbers = [int(part) for part in parts if part is not None]
    unit: Unit = ("year", "month", "day", "hour", "minute")[len(numbers) - 1]
    if not _FIRST_YEAR <= numbers[0] <= _LAST_YEAR:
        return None
    year, month, day, hour, minute = [*numbers, *(1, 1, 1, 0, 0)[len(numbers) :]]
    try:
        first = dt.datetime(year, month, day, hour, minute)  # noqa: DTZ001  # the zone is the reader's, known later
    except ValueError:
        return None
    return Span(first, _step(first, unit, 1))


_UNITS = {
    "m min mins minute minutes": 60,
    "h hour hours": 3_600,
    "d day days": 86_400,
    "w week weeks": 604_800,
    "mo month months": 30 * 86_400,
    "y year years": 365 * 86_400,
}
_SECONDS = {name: seconds for names, seconds in _UNITS.items() for name in names.split()}
_AMOUNT = re.compile(r"(\d{1,7}) ?([a-z]{1,7})", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_AMOUNT.pattern} ?){{1,5}}", re.IGNORECASE)


def read_duration(text: str) -> dt.timedelta | None:
    """`2d`, `1d12h`, `90min`, `3 weeks`; a month is 30 days, a year 365. None where it is none, or over 100 years."""
    text = text.strip().lower()
    if not _DURATION.fullmatch(text):
        return None
    seconds = 0
    for amount, unit in _AMOUNT.findall(text):
        if unit not in _SECONDS:
            return None
        seconds += int(amount) * _SECONDS[unit]
    # Compared before it is made, because a timedelta overflows.
    return dt.timedelta(seconds=seconds) if seconds <= MAX_DURATION.total_seconds() else None


def step_of(text: str) -> dt.timedelta:
    """The length of the smallest unit named in a duration: of `1d12h` an hour."""
    units = [unit for _amount, unit in _AMOUNT.findall(text.lower())]
    return dt.timedelta(seconds=min(_SECONDS[unit] for unit in units))
