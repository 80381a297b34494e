"""Make a filled desk many times as large, by copying its tickets with all that belongs to them.

    python -m bench.copies --home FOLDER --times 10        then python -m bench.pages --home FOLDER

Importing ten times the workload takes an hour and a half; this takes a quarter of it. A copy has numbers, people and
addresses of its own, and the words and times of the original: every queue, customer and index grows as it would.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from ghiseu.ops.embedded import Running

# What belongs to a ticket: of each table the columns that name rows of another one, which is copied before it.
_TABLES: dict[str, dict[str, str]] = {
    "people_customer": {},
    "people_identity": {"customer_id": "people_customer"},
    "tickets_ticket": {"customer_id": "people_customer", "related_id": "tickets_ticket"},
    "tickets_article": {"ticket_id": "tickets_ticket", "customer_id": "people_customer"},
    "tickets_event": {"ticket_id": "tickets_ticket", "article_id": "tickets_article"},
    "tickets_participant": {"ticket_id": "tickets_ticket"},
    "tickets_searchentry": {"ticket_id": "tickets_ticket"},
}
# What no two rows may share, written for the copy `{copy}`.
_OWN = {
    ("people_identity", "value"): "{copy} || value",
    ("tickets_ticket", "number"): "{copy} || number",
    ("tickets_article", "message_id"): "CASE WHEN message_id <> '' THEN {copy} || message_id ELSE '' END",
}
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_SETTINGS = "SET session_replication_role = replica; SET maintenance_work_mem = '2GB'; SET synchronous_commit = off"


def grow(server: Running, times: int) -> None:
    """Copy everything `times` - 1 times. Indexes are made anew behind it, two at once."""
    began = time.monotonic()
    with _connect(server) as connection:
        indexes = [row for table in _TABLES for row in connection.execute(_INDEXES, [table]).fetchall()]
        for name, _definition in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        steps = {table: _step(connection, table) for table in _TABLES}
        for table in _TABLES:
            for copy in range(1, times):
                connection.execute(_copied(connection, table, copy, steps).encode())
            print(f"{time.monotonic() - began:6.0f} s  {table}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda index: _build(server, index[1], began), indexes))
    with _connect(server) as connection:
        for table in _TABLES:
            if _key(table) == "id":
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}".encode()
                )
        connection.execute("UPDATE tickets_searchword SET ticket_count = ticket_count * %s", [times])
        connection.execute("VACUUM ANALYZE")
    print(f"{time.monotonic() - began:6.0f} s  done", flush=True)


def _connect(server: Running) -> psycopg.Connection:
    connection = psycopg.connect(server.location.url("postgres"), autocommit=True)
    connection.execute(_SETTINGS)
    return connection


def _build(server: Running, definition: str, began: float) -> None:
    with _connect(server) as connection:
        connection.execute(definition.encode())
    print(f"{time.monotonic() - began:6.0f} s  {definition[:90]}", flush=True)


def _key(table: str) -> str:
    return "ticket_id" if table == "tickets_searchentry" else "id"


def _step(connection: psycopg.Connection, table: str) -> int:
    (largest,) = connection.execute(f"SELECT max({_key(table)}) FROM {table}".encode()).fetchone() or (0,)
    return int(largest)


def _copied(connection: psycopg.Connection, table: str, copy: int, steps: dict[str, int]) -> str:
    columns = [row[0] for row in connection.execute(_COLUMNS, [table]).fetchall()]
    values = []
    for column in columns:
        named = _TABLES[table].get(column)
        if named:
            values.append(f"{column} + {copy * steps[named]}")
        elif column == "id":
            values.append(f"id + {copy * steps[table]}")
        else:
            values.append(_OWN.get((table, column), f'"{column}"').format(copy=f"'{copy}'"))
    names = ", ".join(f'"{column}"' for column in columns)
    originals = f"{_key(table)} <= {steps[table]}"
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} WHERE {originals}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a filled desk many times as large.")
    parser.add_argument("--home", type=Path, required=True, help="its GHISEU_HOME, with an embedded PostgreSQL")
    parser.add_argument("--times", type=int, default=10, metavar="N", help="how large it becomes (default 10)")
    given = parser.parse_args()
    os.environ["GHISEU_HOME"] = str(given.home)
    from ghiseu.ops import embedded

    server = embedded.start(given.home)
    try:
        grow(server, given.times)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
