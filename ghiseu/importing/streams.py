"""Rows in order, from the server a piece at a time: so an export needs no more memory for ten years than for a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from ghiseu.importing.documents import Documents, article_document, ticket_document
from ghiseu.importing.schema import Model, Place, inside, table_of
from ghiseu.people.models import Customer
from ghiseu.tickets.models import Article, Ticket

PIECE = 1000


class Stream:
    """The rows of one query, each beginning with the id of its owner, ascending; taken owner by owner."""

    def __init__(self, connection: psycopg.Connection[Any], name: str, query: sql.Composed, only: list[int] | None):
        self._cursor = connection.cursor(name)
        self._cursor.itersize = PIECE
        self._cursor.execute(query, [] if only is None else [only])
        self._rows = iter(self._cursor)
        self._next = next(self._rows, None)

    def of(self, owner: int) -> Iterator[Sequence[Any]]:
        """The rows of this owner; owners are asked for in ascending order."""
        while self._next is not None and self._next[0] == owner:
            row = self._next
            self._next = next(self._rows, None)
            yield row[1:]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        while self._next is not None:
            row = self._next
            self._next = next(self._rows, None)
            yield row

    def close(self) -> None:
        self._cursor.close()


class TicketDocuments:
    """Tickets with all that hangs on them, in the order of their ids; `only` those with these ids."""

    def __init__(
        self, connection: psycopg.Connection[Any], documents: Documents, only: list[int] | None = None
    ) -> None:
        self._connection = connection
        self._documents = documents
        self._only = only
        self._ticket_columns = documents.columns_of(Ticket)
        self._article_columns = documents.columns_of(Article, but=("ticket",))
        self._tickets = self._stream("tickets", self._ticket_query())
        self._articles = self._stream("articles", self._article_query())
        self._of_tickets = {key: self._inner(place) for key, place in inside(Ticket).items()}
        self._of_articles = {key: self._inner(place) for key, place in inside(Article).items()}

    def _stream(self, name: str, query: sql.Composed) -> Stream:
        return Stream(self._connection, f"export_{name}", query, self._only)

    def _condition(self, column: str) -> sql.Composable:
        return sql.SQL("") if self._only is None else sql.SQL("WHERE {} = ANY(%s)").format(sql.SQL(column))

    def _ticket_query(self) -> sql.Composed:
        return sql.SQL("SELECT t.id, {} FROM tickets_ticket t {} ORDER BY t.id").format(
            self._documents.selection(self._ticket_columns, "t"), self._condition("t.id")
        )

    def _article_query(self) -> sql.Composed:
        return sql.SQL("SELECT a.ticket_id, a.id, {} FROM tickets_article a {} ORDER BY a.ticket_id, a.id").format(
            self._documents.selection(self._article_columns, "a"), self._condition("a.ticket_id")
        )

    def _inner(self, place: Place) -> tuple[list[Any], Stream]:
        """What hangs on tickets by the ticket, what hangs on articles by the article, in the order of the articles."""
        table = table_of(place.model)
        columns = self._documents.columns_of(place.model, but=(place.by.key,))
        values = self._documents.selection(columns, "one")
        name, by, key = sql.Identifier(table.name), sql.Identifier(place.by.name), sql.Identifier(table.pk)
        if place.owner is Ticket:
            query = sql.SQL("SELECT one.{1}, one.{2}, {3} FROM {0} one {4} ORDER BY one.{1}, one.{2}").format(
                name, by, key, values, self._condition(f"one.{place.by.name}")
            )
        else:
            query = sql.SQL(
                "SELECT one.{1}, one.{2}, {3} FROM {0} one JOIN tickets_article a ON a.id = one.{1} {4} "
                "ORDER BY a.ticket_id, a.id, one.{2}"
            ).format(name, by, key, values, self._condition("a.ticket_id"))
        return columns, self._stream(table.name, query)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for ticket_id, *values in self._tickets:
            document = self._documents.document(self._ticket_columns, values, ticket_id)
            customer = document["customer"]
            positions: dict[int, int] = {}
            articles: list[dict[str, Any]] = []
            for article_id, *article_values in self._articles.of(ticket_id):
                positions[article_id] = len(articles)
                articles.append(self._article(article_id, article_values, customer))
            document = ticket_document(document) | {"articles": articles}
            for key, (columns, stream) in self._of_tickets.items():
                rows = [self._child(columns, row, positions) for row in stream.of(ticket_id)]
                if rows or key in ("participants", "events"):
                    document[key] = rows
            yield document
        self._close()

    def _article(self, article_id: int, values: list[Any], customer: str) -> dict[str, Any]:
        document = self._documents.document(self._article_columns, values, article_id)
        document = article_document(document, customer)
        for key, (columns, stream) in self._of_articles.items():
            if rows := [self._child(columns, row, {}) for row in stream.of(article_id)]:
                document[key] = rows
        return document

    def _child(self, columns: list[Any], row: Sequence[Any], positions: dict[int, int]) -> dict[str, Any]:
        row_id, *values = row
        document = self._documents.document(columns, values, row_id)
        for column in columns:
            if column.target is Article and document.get(column.key) is not None:
                document[column.key] = positions[document[column.key]]
        return document

    def _close(self) -> None:
        inner = (stream for _columns, stream in (*self._of_tickets.values(), *self._of_articles.values()))
        for stream in (self._tickets, self._articles, *inner):
            stream.close()


def customer_documents(connection: psycopg.Connection[Any], documents: Documents) -> Iterator[dict[str, Any]]:
    """Customers with all their identities, in the order of their ids."""
    columns = documents.columns_of(Customer)
    table = table_of(Customer)
    query = sql.SQL("SELECT c.id, {} FROM {} c ORDER BY c.id").format(
        documents.selection(columns, "c"), sql.Identifier(table.name)
    )
    streams: dict[str, tuple[list[Any], Stream]] = {}
    for key, place in inside(Customer).items():
        inner = table_of(place.model)
        inner_columns = documents.columns_of(place.model, but=(place.by.key,))
        inner_query = sql.SQL("SELECT one.{1}, one.{2}, {3} FROM {0} one ORDER BY one.{1}, one.{2}").format(
            sql.Identifier(inner.name),
            sql.Identifier(place.by.name),
            sql.Identifier(inner.pk),
            documents.selection(inner_columns, "one"),
        )
        streams[key] = inner_columns, Stream(connection, f"export_{inner.name}", inner_query, None)
    for customer_id, *values in Stream(connection, "export_customers", query, None):
        document = documents.document(columns, values, customer_id)
        for key, (inner_columns, stream) in streams.items():
            rows = [documents.document(inner_columns, row[1:], row[0]) for row in stream.of(customer_id)]
            if rows:
                document[key] = rows
        if "identities" not in document:
            document["key"] = f"#{customer_id}"
        yield document


def record_documents(
    connection: psycopg.Connection[Any], documents: Documents, model: Model, without: str = ""
) -> Iterator[dict[str, Any]]:
    """The rows of a table that have lines of their own: those whose column `without` is empty, or all."""
    columns = documents.columns_of(model)
    table = table_of(model)
    condition = sql.SQL("WHERE t.{} IS NULL").format(sql.Identifier(without)) if without else sql.SQL("")
    query = sql.SQL("SELECT t.{1}, {2} FROM {0} t {3} ORDER BY t.{1}").format(
        sql.Identifier(table.name), sql.Identifier(table.pk), documents.selection(columns, "t"), condition
    )
    for row_id, *values in Stream(connection, f"export_{table.name}", query, None):
        document = documents.document(columns, values, row_id)
        if not table.natural:
            document["key"] = f"#{row_id}"
        yield document
