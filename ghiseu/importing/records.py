"""Lines that set the desk up, and customers: each known by its name, made where it is new, never changed."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

from psycopg import sql

from ghiseu.importing.contents import Contents
from ghiseu.importing.customer_rows import CustomerRows
from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content, IncomingRecord, Row
from ghiseu.importing.names import Names
from ghiseu.importing.quiet import quieten
from ghiseu.importing.report import Report
from ghiseu.importing.rows import Rows, new_ids
from ghiseu.importing.schema import Column, Table, in_order, kind_of, table_of
from ghiseu.importing.values import as_json, shown
from ghiseu.people.models import Customer
from ghiseu.tickets.models import Blob, Ticket

_CONFLICT = "is here with another content; nothing was changed"


class RecordRows:
    """Writes rows that have lines of their own."""

    def __init__(self, cursor: Any, names: Names, now: dt.datetime, *, is_dry: bool) -> None:
        self._cursor = cursor
        self._names = names
        self._now = now
        self._is_dry = is_dry
        self._models = {kind_of(model): model for model in in_order()}
        self._customers = CustomerRows(cursor, names, now)
        # What refers to its own kind: table, id, column, and what the other is called.
        self._later: list[tuple[Table, int, Column, Any]] = []

    def write(self, batch: list[IncomingRecord], report: Report) -> None:
        """Write what is new of a batch. What the database refuses is raised."""
        contents = Contents(self._cursor, is_dry=self._is_dry)
        contents.look_up(_sha256_of(one.row) for one in batch if self._models[one.record] is Blob)
        # In their order, because one may name another; customers, of whom there are many, all together.
        for model, group in itertools.groupby(batch, lambda one: self._models[one.record]):
            if model is Customer:
                self._customers.write(list(group), report)
                continue
            for one in group:
                try:
                    if model is Blob:
                        self._keep(one, contents, report)
                    else:
                        self._write(table_of(model), one, contents, report)
                except Refused as error:
                    report.refuse(one.where, str(error))

    @staticmethod
    def _keep(one: IncomingRecord, contents: Contents, report: Report) -> None:
        is_new = _sha256_of(one.row) not in contents.known
        if "content" in one.row:
            contents.keep(one.row["content"])
        else:
            is_new = contents.remember_erased(one.row)
        report.records += is_new
        report.known += not is_new

    def _write(self, table: Table, one: IncomingRecord, contents: Contents, report: Report) -> None:
        row = dict(one.row)
        quieten(table.model, row, report)
        own = {key: row.pop(key) for key in list(row) if table.columns[key].target is table.model and row[key]}
        many = {key: row.pop(key) for key in list(row) if table.columns[key].is_many}
        self._resolve(table, row, contents)
        known = self._find(table, row)
        if known is None:
            [known] = new_ids(self._cursor, table.model, 1)
            waiting = Rows(table.model, self._now, with_id=True)
            waiting.add(row | {"id": known})
            waiting.write(self._cursor)
            for key, others in many.items():
                self._tie_many(table, key, known, [self._id(table, key, other) for other in others])
            self._later += [(table, known, table.columns[key], other) for key, other in own.items()]
            report.records += 1
        elif self._is_same(table, known, row, many):
            report.known += 1
        else:
            report.conflict(one.where, f"{self._name(table, one.row)} {_CONFLICT}")
        if table.natural:
            called = tuple(one.row[name] for name in table.natural)
            self._names.learn(table.model, called[0] if len(called) == 1 else called, known)
        if one.key:
            self._names.local[table.model, one.key] = known

    def _resolve(self, table: Table, row: Row, contents: Contents) -> None:
        """Put ids in place of names, also inside JSON."""
        tickets = [row[key] for key, column in table.columns.items() if column.target is Ticket and row.get(key)]
        if tickets:
            self._names.look_up_tickets(tickets)
        for key, value in row.items():
            column = table.columns[key]
            if isinstance(value, Content):
                row[key] = contents.keep(value)[0]
            elif column.target and value is not None:
                row[key] = self._id(table, key, value)
            elif column.ids_in_json:
                inner = json.loads(value)
                for name, model in column.ids_in_json:
                    if inner.get(name) is not None:
                        inner[name] = self._names.id_of(model, inner[name])
                row[key] = as_json(inner)

    def _id(self, table: Table, key: str, name: Any) -> int:
        target = table.columns[key].target
        if target is None:
            raise TypeError(f"{key} refers to nothing")
        if target is Customer:
            self._names.look_up_customers([name])
        try:
            return self._names.id_of(target, name)
        except Refused as error:
            raise error.within(key) from None

    def _find(self, table: Table, row: Row) -> int | None:
        """The row that has the same name, or the same content where the table has no names."""
        keys = table.natural or tuple(key for key in row if not table.columns[key].is_secret)
        conditions = sql.SQL(" AND ").join(
            sql.SQL("{} IS NOT DISTINCT FROM %s").format(sql.Identifier(table.columns[key].name)) for key in keys
        )
        statement = sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.Identifier(table.pk), sql.Identifier(table.name), conditions
        )
        self._cursor.execute(statement, [row.get(key, table.columns[key].default) for key in keys])
        found = self._cursor.fetchone()
        return found[0] if found else None

    def _is_same(self, table: Table, known: int, row: Row, many: Row) -> bool:
        """Whether what the line says of the row is true here."""
        keys = [key for key in row if not table.columns[key].is_secret]
        if keys:
            names = sql.SQL(", ").join(sql.Identifier(table.columns[key].name) for key in keys)
            self._cursor.execute(
                sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
                    names, sql.Identifier(table.name), sql.Identifier(table.pk)
                ),
                [known],
            )
            for key, here in zip(keys, self._cursor.fetchone(), strict=True):
                if _plain(table.columns[key], here) != _plain(table.columns[key], row[key]):
                    return False
        return all(
            set(self._tied(table, key, known)) == {self._id(table, key, other) for other in others}
            for key, others in many.items()
        )

    def _tied(self, table: Table, key: str, known: int) -> list[int]:
        through, mine, other = table.columns[key].through
        self._cursor.execute(
            sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(*map(sql.Identifier, (other, through, mine))), [known]
        )
        return [found for (found,) in self._cursor.fetchall()]

    def _tie_many(self, table: Table, key: str, known: int, others: list[int]) -> None:
        through, mine, other = table.columns[key].through
        statement = sql.SQL("INSERT INTO {} ({}, {}) VALUES (%s, %s) ON CONFLICT DO NOTHING")
        for one in others:
            self._cursor.execute(statement.format(*map(sql.Identifier, (through, mine, other))), [known, one])

    def tie(self) -> None:
        """Let rows refer to others of their own kind, now that all are there. Raises Refused."""
        for table, known, column, other in self._later:
            self._cursor.execute(
                sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s").format(
                    *map(sql.Identifier, (table.name, column.name, table.pk))
                ),
                [self._id(table, column.key, other), known],
            )
        self._later.clear()

    @staticmethod
    def _name(table: Table, row: Row) -> str:
        names = [row[key] for key in table.natural]
        return f"{table.kind.replace('_', ' ')} {', '.join(map(shown, names))}"


def _sha256_of(row: Row) -> str:
    return str(row["content"].sha256 if "content" in row else row["sha256"])


def _plain(column: Column, value: Any) -> Any:
    """A value in the one form in which both sides can be compared."""
    return value if value is None or column.target else column.say(value)
