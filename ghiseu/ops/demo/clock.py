"""The demo's clock: what happened two weeks ago shall bear the time of two weeks ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone


@contextmanager
def clock_at(moment: dt.datetime) -> Iterator[None]:
    """Let `django.utils.timezone.now` answer `moment` (aware) in this process, until the block ends.

    Every table and action of the desk takes its time from that one function, so the past is written by the same code
    as the present. The other ways were worse: a time as an argument of every action would let any caller write false
    history; changing the rows afterwards is what the database forbids for the history. Only `ghiseu prepare` fills the
    demo, in a process of its own, so nobody else ever reads this clock.
    """
    real = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = real
