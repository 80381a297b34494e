"""What is left to do when the last line of an import is taken: numbers, and open pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from ghiseu.tickets.history import LIVE_CHANNEL
from ghiseu.tickets.numbers import is_number

_DAY, _CHECK = 8, 1


def number_past(cursor: Any, counter: int = 0) -> None:
    """Let the desk count on behind `counter` and behind every number of ours that it may still come to itself.

    The counter only grows, so days gone by cannot come again.
    """
    today = f"{timezone.localdate(timezone=ZoneInfo(settings.TIME_ZONE)):%Y%m%d}"
    cursor.execute("SELECT number FROM tickets_ticket WHERE left(number, %s) >= %s", [_DAY, today])
    given = [int(number[_DAY:-_CHECK]) for (number,) in cursor.fetchall() if is_number(number)]
    missing = max([counter, *given]) - last_number(cursor)
    if missing > 0:
        # Step by step, because the application may take from the sequence but not set it.
        cursor.execute("SELECT max(nextval('tickets_number')) FROM generate_series(1, %s)", [missing])


def last_number(cursor: Any) -> int:
    """The last number that the desk gave."""
    cursor.execute("SELECT last_value - (NOT is_called)::int FROM tickets_number")
    return int(cursor.fetchone()[0])


def tell_open_pages(cursor: Any, touched: Mapping[int, tuple[int, str]]) -> None:
    """One word for each queue that got tickets, `{queue: (ticket, number)}`, however many they are."""
    for queue, (ticket, number) in touched.items():
        payload = json.dumps({"ticket": ticket, "number": number, "queue": queue})
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, payload])
