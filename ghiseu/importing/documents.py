"""Rows out of the database as documents of the format: the mirror of what `ndjson` reads.

A value that a row has by default is left out, unless leaving it out would mean "work it out".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from psycopg import sql

from ghiseu.importing.ndjson import DIRECTIONS
from ghiseu.importing.schema import Column, Model, Table, table_of
from ghiseu.importing.values import say_json
from ghiseu.people.models import Customer
from ghiseu.tickets.models import Article, Blob, Priority, Ticket

# What an import works out where it is not said.
_ALWAYS = frozenset(
    {
        *("tickets.Ticket.waiting_since", "tickets.Ticket.first_answered_at", "tickets.Ticket.closed_at"),
        *("tickets.Ticket.last_words", "tickets.Article.written_at", "tickets.Article.sender_sign"),
        "tickets.Article.customer",
    }
)
_DIRECTION_OF = {values: name for name, values in DIRECTIONS.items()}
# The name of a customer outside: an address, else a login, else a key that is good in one file.
CUSTOMER_KEY = (
    "coalesce((SELECT CASE kind WHEN 'login' THEN 'login:' || value ELSE value END FROM people_identity "
    "WHERE customer_id = {0} ORDER BY kind <> 'email', id LIMIT 1), '#' || {0})"
)
_LOOKED_UP: dict[Model, str] = {
    Customer: CUSTOMER_KEY,
    Ticket: "(SELECT number FROM tickets_ticket other WHERE other.id = {0})",
    Blob: "(SELECT sha256 FROM tickets_blob WHERE tickets_blob.id = {0})",
}


class Documents:
    """Says rows of this database. `with_secrets`: also passwords, as the hashes and sealed texts that they are."""

    def __init__(self, cursor: Any, *, with_secrets: bool = False) -> None:
        self._cursor = cursor
        self._with_secrets = with_secrets
        self._names: dict[Model, dict[int, Any]] = {}

    def columns_of(self, model: Model, but: Iterable[str] = ()) -> list[Column]:
        """What is said of a row, without the columns `but`."""
        columns = table_of(model).columns.values()
        return [one for one in columns if one.key not in but and (self._with_secrets or not one.is_secret)]

    def selection(self, columns: list[Column], alias: str) -> sql.Composable:
        """The columns for SELECT, names in place of the ids of large tables."""
        return sql.SQL(", ").join(_expression(one, alias) for one in columns if not one.is_many)

    def document(self, columns: list[Column], values: Iterable[Any], row_id: int) -> dict[str, Any]:
        """The row as a document; `values` are those of its `selection`."""
        said: dict[str, Any] = {}
        rest = iter(values)
        for column in columns:
            value = self._tied(column, row_id) if column.is_many else self._said(column, next(rest))
            if column.label in _ALWAYS or column.is_required or column.is_now or value != _default_of(column):
                said[column.key] = value
        return said

    def _said(self, column: Column, value: Any) -> Any:
        if value is None:
            return None
        if column.target is Blob:
            return {"sha256": value}
        if column.target is not None:
            return value if column.target in _LOOKED_UP or column.target is Article else self.name(column.target, value)
        said = column.say(value)
        if column.ids_in_json and isinstance(said, dict):
            for inner, model in column.ids_in_json:
                if inner in said:
                    said[inner] = self.name(model, said[inner])
        return said

    def name(self, model: Model, row_id: Any) -> Any:
        """What a row of a small table is called; None where it is not there."""
        table = table_of(model)
        if not table.natural:
            return f"#{row_id}"
        if model not in self._names:
            self._names[model] = dict(self._read_names(table))
        return self._names[model].get(row_id)

    def _read_names(self, table: Table) -> Iterator[tuple[int, Any]]:
        columns = [table.columns[key] for key in table.natural]
        self._cursor.execute(
            sql.SQL("SELECT t.{}, {} FROM {} t").format(
                sql.Identifier(table.pk), self.selection(columns, "t"), sql.Identifier(table.name)
            )
        )
        for row_id, *values in self._cursor.fetchall():
            names = [self._said(column, value) for column, value in zip(columns, values, strict=True)]
            yield row_id, names[0] if len(names) == 1 else names

    def _tied(self, column: Column, row_id: int) -> list[Any]:
        through, mine, other = column.through
        self._cursor.execute(
            sql.SQL("SELECT {} FROM {} WHERE {} = %s ORDER BY 1").format(*map(sql.Identifier, (other, through, mine))),
            [row_id],
        )
        if column.target is None:
            raise TypeError(f"{column.key} refers to nothing")
        return [self.name(column.target, found) for (found,) in self._cursor.fetchall()]


def _expression(column: Column, alias: str) -> sql.Composable:
    name = sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(column.name))
    looked_up = _LOOKED_UP.get(column.target) if column.target else None
    return sql.SQL(looked_up).format(name) if looked_up else name


def _default_of(column: Column) -> Any:
    if column.is_many:
        return []
    if column.default is None or column.target:
        return None
    return say_json(column.default) if column.is_json else column.say(column.default)


def ticket_document(document: dict[str, Any]) -> dict[str, Any]:
    """The row of a ticket in the words of the public format."""
    if "priority" in document:
        document["priority"] = Priority(document["priority"]).name.lower()
    customer = document.pop("customer")
    return {"number": document.pop("number"), "customer_email" if "@" in customer else "customer": customer} | document


def article_document(document: dict[str, Any], ticket_customer: str) -> dict[str, Any]:
    """The row of an article in the words of the public format."""
    kind = tuple(document[key] for key in ("sender_type", "channel", "is_visible_to_customer"))
    if direction := _DIRECTION_OF.get(kind):
        for key in ("sender_type", "channel", "is_visible_to_customer"):
            del document[key]
        document = {"direction": direction} | document
    sender = {"name": document.pop("from_name", ""), "address": document.pop("from_address", "")}
    if any(sender.values()):
        document["from"] = sender
    usual = ticket_customer if kind[0] == "customer" else None
    if document["customer"] == usual:
        del document["customer"]
    return document
