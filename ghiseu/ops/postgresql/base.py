"""Django's way to PostgreSQL with one thing quicker: times, of which a list of tickets has two hundred.

Django turns each time over in Python to give it the zone of the connection. The connection is in UTC, and the driver's
own reading, in C, gives UTC by itself: the same value in a twentieth of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.adapt import AdaptersMap
from psycopg.pq import Format

# The stubs know a server-side cursor of psycopg 2.
_ServerSideCursor: Any = base.ServerSideCursor

_TIMES = psycopg.adapters.types["timestamptz"].oid


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that `ENGINE` of the settings names. It is for connections in UTC, as Django makes them by itself."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return params | {"context": _with_quick_times(params["context"])}

    def create_cursor(self, name: str | None = None) -> Any:
        # Django's own would look for its own reading of times, and bring it back.
        if name is None:
            return self.connection.cursor()
        stays = self.connection.autocommit
        return _ServerSideCursor(self.connection, name=name, scrollable=False, withhold=stays)


@lru_cache(maxsize=4)
def _with_quick_times(adapters: AdaptersMap) -> AdaptersMap:
    quick = AdaptersMap(adapters)
    loader = psycopg.adapters.get_loader(_TIMES, Format.TEXT)
    assert loader is not None  # noqa: S101  # the driver has always known times
    quick.register_loader(_TIMES, loader)
    return quick
