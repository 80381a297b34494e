"""Rows on their way into tables, by COPY: many at once, in one statement each."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from psycopg import sql

from ghiseu.importing.schema import KEPT_BY_US, Model, table_of


@cache
def _layout(model: Model, with_id: bool) -> tuple[list[tuple[str, Any, bool]], sql.Composed]:
    """Key, default and whether the default is the present, for each column; and the statement that writes them."""
    described = model._meta  # noqa: SLF001  # Django's documented way to ask a model for its columns
    keys: list[tuple[str, Any, bool]] = []
    names: list[str] = []
    if with_id:
        keys.append(("id", None, False))
        names.append(str(described.pk.column))
    for column in table_of(model).columns.values():
        if not column.is_many:
            keys.append((column.key, column.default, column.is_now))
            names.append(column.name)
    for field in described.concrete_fields:
        if f"{described.label}.{field.name}" in KEPT_BY_US:
            keys.append((field.name, None, False))
            names.append(str(field.column))
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    return keys, sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(described.db_table), columns)


class Rows:
    """Rows waiting for one table; what is not given has the model's default, `now` where that is the present.

    With `with_id` each row brings its `id`, from `new_ids`; else the database counts.
    """

    def __init__(self, model: Model, now: dt.datetime, *, with_id: bool = False) -> None:
        layout, self._statement = _layout(model, with_id)
        self._defaults = [(key, now if is_now else default) for key, default, is_now in layout]
        self._rows: list[list[Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        get = row.get
        self._rows.append([get(key, default) for key, default in self._defaults])

    def write(self, cursor: Any) -> None:
        """Raises IntegrityError and DataError as the database does; then nothing of it is written."""
        if not self._rows:
            return
        with cursor.copy(self._statement) as copy:
            for row in self._rows:
                copy.write_row(row)
        self._rows.clear()


def new_ids(cursor: Any, model: Model, count: int) -> list[int]:
    """Ids that nobody else gets, ascending; a desk at work takes its own in between."""
    if not count:
        return []
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
        [f'"{table_of(model).name}"', count],
    )
    return sorted(row[0] for row in cursor.fetchall())
