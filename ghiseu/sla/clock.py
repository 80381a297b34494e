"""Working time: when a promise given now runs out, if the clock only runs while somebody is there.

The hours are those of the clocks in one time zone, so a working day keeps its hours when the clocks change; an hour
that is skipped that night is not worked, one that comes twice is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ghiseu.sla.hours import OpeningHours, Span

# A promise longer than the work of ten years is a mistake, and one by hours without any work never ends.
_MOST_DAYS = 3_660
_DAY_AND_NIGHT = (Span(0, 24 * 60),)


class NeverWorked(ValueError):
    """The calendar has too little working time for this promise."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When somebody is there: weekly hours (None is day and night) by the clocks of `zone`, not on `holidays`."""

    zone: ZoneInfo
    hours: OpeningHours | None = None
    holidays: frozenset[dt.date] = frozenset()

    def is_open(self, moment: dt.datetime) -> bool:
        """Whether somebody is there at this moment, which must be aware."""
        if moment.astimezone(self.zone).date() in self.holidays:
            return False
        return self.hours is None or self.hours.is_open(moment, self.zone)

    def after(self, start: dt.datetime, minutes: int) -> dt.datetime:
        """The moment, in UTC, at which so much working time has gone by since `start`, which must be aware.

        It is the end of the last working minute, so nine hours from Monday at nine are Monday at six in the evening,
        not Tuesday at nine. Raises NeverWorked.
        """
        if self.hours is None and not self.holidays:
            return start.astimezone(dt.UTC) + dt.timedelta(minutes=minutes)
        left = dt.timedelta(minutes=minutes)
        for opened, closed in self._spans(start):
            begun = max(opened, start)
            if closed > begun:
                if left <= closed - begun:
                    return begun.astimezone(dt.UTC) + left
                left -= closed - begun
        raise NeverWorked(f"{minutes} minutes are not worked within ten years.")

    def _spans(self, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The spans of work from the day of `start` on, in UTC, in their order."""
        first = start.astimezone(self.zone).date()
        for offset in range(_MOST_DAYS):
            day = first + dt.timedelta(days=offset)
            if day in self.holidays:
                continue
            spans = _DAY_AND_NIGHT if self.hours is None else self.hours.days[day.weekday()]
            for span in sorted(spans, key=lambda span: span.start):
                yield self._moment(day, span.start), self._moment(day, span.end)

    def _moment(self, day: dt.date, minute: int) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time(), tzinfo=self.zone)
        # Counted on the wall clock first: 09:00 is 09:00 also on the day when the clocks change.
        return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)
