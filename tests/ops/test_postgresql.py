"""The database as the application is connected to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

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


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_met_by_nobody() -> None:
    """A restart of the server ends idle connections of the pool, each of which some page would be the first to use."""
    pooled: Any = connection.copy("pooled")
    pooled.settings_dict["OPTIONS"] = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 3, "max_size": 3}}
    try:
        pooled.ensure_connection()
        pooled.close()
        pooled.pool.wait()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            ended = [done for (done,) in cursor.fetchall()]
            assert len(ended) >= 3
            assert all(ended)
        for _page in range(4):
            with pooled.cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchone() == (1,)
            pooled.close()
    finally:
        pooled.close_pool()
