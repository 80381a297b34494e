"""The database as the application is connected to it."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from django.db import connection
from psycopg.pq import Format

from ghiseu.people.models import Agent
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

MOMENT = dt.datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def test_times_are_read_by_the_driver_and_are_in_utc() -> None:
    times = psycopg.adapters.types["timestamptz"].oid
    connection.ensure_connection()
    drivers_own = psycopg.adapters.get_loader(times, Format.TEXT)
    assert connection.connection.adapters.get_loader(times, Format.TEXT) is drivers_own

    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [MOMENT])
        read = (cursor.fetchone() or [MOMENT])[0]
    assert read == MOMENT
    assert read.tzinfo is dt.UTC


def test_times_read_piece_by_piece_are_in_utc_too() -> None:
    agent = make_agent("ana", "Ana Popescu")
    Agent.objects.filter(pk=agent.pk).update(created_at=MOMENT)
    (found,) = Agent.objects.iterator(chunk_size=1)
    assert (found.created_at, found.created_at.tzinfo) == (MOMENT, dt.UTC)
