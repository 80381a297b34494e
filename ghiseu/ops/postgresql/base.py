"""Django's way to PostgreSQL with two things quicker, which every page needs.

Times, of which a list of tickets has two hundred: Django turns each over in Python to give it the zone of the
connection. The connection is in UTC, and the driver's own reading, in C, gives UTC by itself: the same value in a
twentieth of the time.

Connections out of the pool: Django asks the server something over each to see whether it still answers. An idle
connection on which nothing can be read is one that the server has not closed; only where something can be read is it
asked.
"""

from __future__ import annotations

import select
from functools import lru_cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.adapt import AdaptersMap
from psycopg.pq import Format
from psycopg_pool import ConnectionPool

# The stubs know a server-side cursor of psycopg 2.
_ServerSideCursor: Any = base.ServerSideCursor

_TIMES = psycopg.adapters.types["timestamptz"].oid


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that `ENGINE` of the settings names. It is for connections in UTC, as Django makes them by itself."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return params | {"context": _with_quick_times(params["context"])}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        # After a restart of the server no page shall meet a connection that died with it: the pool has a few of these
        # at most, throws each away as it comes back, and makes new ones.
        while self.pool and not _is_open(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        # Django's own would look for its own reading of times, and bring it back.
        if name is None:
            return self.connection.cursor()
        stays = self.connection.autocommit
        return _ServerSideCursor(self.connection, name=name, scrollable=False, withhold=stays)


def _is_open(connection: psycopg.Connection) -> bool:
    """Whether the server still holds the other end of an idle connection."""
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    if not look.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True


@lru_cache(maxsize=4)
def _with_quick_times(adapters: AdaptersMap) -> AdaptersMap:
    quick = AdaptersMap(adapters)
    loader = psycopg.adapters.get_loader(_TIMES, Format.TEXT)
    assert loader is not None  # noqa: S101  # the driver has always known times
    quick.register_loader(_TIMES, loader)
    return quick
