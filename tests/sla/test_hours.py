import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ghiseu.sla.hours import HoursUnreadable, read_hours

CHISINAU = ZoneInfo("Europe/Chisinau")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T08:59+02:00", False),  # a Friday
        ("2026-11-20T09:00+02:00", True),
        ("2026-11-20T17:59+02:00", True),
        ("2026-11-20T18:00+02:00", False),
        ("2026-11-20T07:30+00:00", True),
        ("2026-11-21T11:00+02:00", True),
        ("2026-11-21T14:30+02:00", False),
        ("2026-11-22T11:00+02:00", False),
        ("2026-11-23T23:59+02:00", True),
    ],
)
def test_hours_are_those_of_the_wall_clock(moment: str, is_open: bool) -> None:
    hours = read_hours("Mo-Fr 09:00-18:00; sa 10:00-12:00, 13:00-14:00; Mo 22:00-24:00")

    assert hours.is_open(dt.datetime.fromisoformat(moment), CHISINAU) is is_open


def test_hours_follow_the_change_of_the_clocks() -> None:
    hours = read_hours("Su 03:00-04:00")
    # On 29 March 2026 clocks in Chișinău go from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
    assert hours.is_open(dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC), CHISINAU)
    assert hours.is_open(dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC), CHISINAU)
    assert not hours.is_open(dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), CHISINAU)


def test_days_may_run_over_the_end_of_the_week() -> None:
    hours = read_hours("Sa-Mo 00:00-24:00")

    assert [bool(spans) for spans in hours.days] == [True, False, False, False, False, True, True]


@pytest.mark.parametrize(
    "text", ["always", "Mo", "Mo 9-18", "Xx 09:00-18:00", "Mo 18:00-09:00", "Mo 09:00-24:01", "Mo 09:61-10:00"]
)
def test_what_is_no_hours_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(HoursUnreadable, match=r"“"):
        read_hours(text)
