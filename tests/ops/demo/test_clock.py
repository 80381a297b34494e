from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from ghiseu.ops.demo.clock import clock_at

MARCH = dt.datetime(2026, 3, 8, 12, 0, tzinfo=dt.UTC)


def test_the_desks_time_is_the_one_set_until_the_block_ends() -> None:
    with clock_at(MARCH):
        assert timezone.now() == MARCH
        assert timezone.localdate(timezone=dt.UTC) == MARCH.date()

    assert timezone.now() > MARCH


def test_an_error_leaves_the_clock_right() -> None:
    with pytest.raises(ValueError, match="wrong"), clock_at(MARCH):
        raise ValueError("wrong")

    assert timezone.now() > MARCH
