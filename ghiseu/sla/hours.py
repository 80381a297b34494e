"""Opening hours as people write them: `Mo-Fr 09:00-18:00; Sa 10:00-14:00`. Arithmetic that knows no ticket."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_RULE = re.compile(r"(?P<days>[A-Za-z,\- ]{2,40}?)\s+(?P<spans>\d[\d:,\- ]{8,80})")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class HoursUnreadable(ValueError):
    """The text is not opening hours; `str()` says which piece and what is right."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one minute of the day to another, the end not included; 24:00 is 1440."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """For each day of the week, Monday first, the spans in which somebody is there."""

    days: tuple[tuple[Span, ...], ...]

    def is_open(self, moment: dt.datetime, zone: ZoneInfo) -> bool:
        """Whether somebody is there at this moment, which must be aware; the hours are those of clocks in `zone`."""
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self.days[local.weekday()])


def read_hours(text: str) -> OpeningHours:
    """Days with spans, rules divided by `;`; a later rule for a day adds to an earlier one. Raises HoursUnreadable."""
    days: list[list[Span]] = [[] for _ in DAYS]
    for rule in filter(None, (part.strip() for part in text.split(";"))):
        match = _RULE.fullmatch(rule)
        if match is None:
            raise HoursUnreadable(
                _("“%(rule)s” cannot be read. Write days and times as Mo-Fr 09:00-18:00.") % {"rule": rule}
            )
        spans = [_span(part.strip()) for part in match["spans"].split(",")]
        for day in _days(match["days"]):
            days[day].extend(spans)
    return OpeningHours(tuple(tuple(spans) for spans in days))


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (name.strip().capitalize() for name in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            values = {"part": part.strip(), "days": ", ".join(DAYS)}
            raise HoursUnreadable(_("“%(part)s” is no day. The days are %(days)s.") % values)
        start = DAYS.index(first)
        # Fr-Mo runs over the end of the week.
        length = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        found.extend((start + offset) % 7 for offset in range(length))
    return found


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise HoursUnreadable(_("“%(text)s” is no span of time. Write it as 09:00-18:00.") % {"text": text})
    hour, minute, to_hour, to_minute = (int(group) for group in match.groups())
    span = Span(hour * 60 + minute, to_hour * 60 + to_minute)
    if minute > 59 or to_minute > 59 or not 0 <= span.start < span.end <= 24 * 60:
        raise HoursUnreadable(
            _("“%(text)s” is no span within one day. Write a night as 22:00-24:00 and 00:00-06:00.") % {"text": text}
        )
    return span
