"""Working time: promises run only while somebody is there."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.sla.clock import NeverWorked, WorkingTime
from ghiseu.sla.hours import read_hours

CHISINAU = ZoneInfo("Europe/Chisinau")
OFFICE = WorkingTime(CHISINAU, read_hours("Mo-Fr 09:00-13:00,14:00-18:00"))


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHISINAU)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-23 10:00", 60, "2026-11-23 11:00"),
        ("2026-11-23 12:30", 60, "2026-11-23 14:30"),  # over the lunch
        ("2026-11-23 07:00", 30, "2026-11-23 09:30"),  # before anybody is there
        ("2026-11-23 09:00", 8 * 60, "2026-11-23 18:00"),  # the end of the last minute, not the next morning
        ("2026-11-27 17:30", 60, "2026-11-30 09:30"),  # over the weekend
        ("2026-11-28 12:00", 1, "2026-11-30 09:01"),  # on it
    ],
)
def test_the_clock_runs_in_working_hours_only(start: str, minutes: int, due: str) -> None:
    assert OFFICE.after(local(start), minutes) == local(due)


def test_holidays_are_not_worked() -> None:
    clock = WorkingTime(CHISINAU, OFFICE.hours, frozenset({dt.date(2026, 11, 23)}))
    assert clock.after(local("2026-11-23 09:00"), 60) == local("2026-11-24 10:00")
    assert not clock.is_open(local("2026-11-23 10:00"))
    assert clock.is_open(local("2026-11-24 10:00"))


def test_day_and_night_is_plain_time_and_knows_holidays_too() -> None:
    always = WorkingTime(CHISINAU)
    assert always.after(local("2026-11-23 23:30"), 60) == local("2026-11-24 00:30")
    but_not_tuesday = WorkingTime(CHISINAU, None, frozenset({dt.date(2026, 11, 24)}))
    assert but_not_tuesday.after(local("2026-11-23 23:30"), 60) == local("2026-11-25 00:30")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_working_day_keeps_its_hours_when_the_clocks_change(day: str) -> None:
    """Both are Sundays on which Moldova changes its clocks."""
    clock = WorkingTime(CHISINAU, read_hours("Su 09:00-18:00"))
    assert clock.after(local(f"{day} 00:30"), 60) == local(f"{day} 10:00")


def test_a_calendar_without_work_never_ends_a_promise() -> None:
    nobody = WorkingTime(CHISINAU, read_hours("Mo 09:00-09:01"), frozenset())
    with pytest.raises(NeverWorked):
        nobody.after(local("2026-11-23 10:00"), 1000)


days = st.dates(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
moments = st.builds(lambda day, time: dt.datetime.combine(day, time, tzinfo=CHISINAU), days, st.times())


@given(start=moments, minutes=st.integers(1, 3000), more=st.integers(0, 3000))
def test_more_time_is_never_sooner_and_the_end_is_worked(start: dt.datetime, minutes: int, more: int) -> None:
    due = OFFICE.after(start, minutes)
    assert due - start >= dt.timedelta(minutes=minutes)
    assert OFFICE.after(start, minutes + more) >= due
    assert OFFICE.is_open(due - dt.timedelta(seconds=1))


@given(start=moments, first=st.integers(1, 2000), then=st.integers(1, 2000))
def test_time_can_be_counted_in_two_pieces(start: dt.datetime, first: int, then: int) -> None:
    assert OFFICE.after(OFFICE.after(start, first), then) == OFFICE.after(start, first + then)
