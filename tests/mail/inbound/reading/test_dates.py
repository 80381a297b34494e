"""Dates as mail programs write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.mail.inbound.reading.dates import parse_date


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 22 Nov 2026 10:00:00 +0200",
        "Sun,22 Nov 2026 10:00:00+0200",
        "Sun, 22 Nov 2026 10:00:00 +02:00",
        "Sun, 22 Nov 2026 10:00:00 GMT+0200 (EET)",
        "Sun, 22 Nov 2026 10:00:00 +0200 (Eastern European Time)",
        "22 Nov 26 10:00 EET",
        "22-Nov-2026 10:00:00 +0200",
        "Sun, 22 Nov 2026 10.00.00 +0200",
        "Вс, 22 Ноя 2026 10:00:00 +0200",
        "dum., 22 noi. 2026 10:00:00 +0200",
        "Date: Sun, 22 November 2026 10:00:00 AM +0200",
        "Sun Nov 22 08:00:00 2026",
        "Sun Nov 22 10:00:00 EET 2026",
        "Nov 22, 2026 8:00 AM",
        "2026-11-22T10:00:00+02:00",
        "2026/11/22 10:00 +0200",
        "22.11.2026 08:00:00",
        "11/22/2026 8:00:00 AM",
        "20261122T080000Z",
    ],
)
def test_one_moment_in_many_forms(text: str) -> None:
    assert parse_date(text) == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_afternoons_and_leap_seconds() -> None:
    assert parse_date("Sun, 22 Nov 2026 12:30:60 PM") == datetime(2026, 11, 22, 12, 30, 59, tzinfo=UTC)
    assert parse_date("Sun, 22 Nov 1998 10:00 PM -0500") == datetime(1998, 11, 23, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "31 Feb 2026 10:00", "22 Nov 2026", "22 Nov 2026 25:00", "1795341600", "22 Noı 2026 10:00"],
)
def test_what_is_no_possible_moment_is_none(text: str) -> None:
    assert parse_date(text) is None


@given(st.text(alphabet="0123456789 :+-/.,TZJanFebNovAPMGMT", max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    moment = parse_date(text)

    assert moment is None or moment.tzinfo is UTC
