"""Tickets of a batch into rows: what is known is left alone, what is new is written, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from psycopg import sql

from ghiseu.importing.contents import Contents
from ghiseu.importing.derive import States, complete
from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content, Incoming, IncomingTicket, Row
from ghiseu.importing.making import Maker
from ghiseu.importing.names import Names
from ghiseu.importing.quiet import quieten
from ghiseu.importing.report import Report
from ghiseu.importing.rows import Rows, new_ids
from ghiseu.importing.schema import Model, inside, places, table_of
from ghiseu.importing.twins import twins
from ghiseu.tickets.models import Article, Attachment, ImportedTicket, SenderType, Ticket


class TicketRows:
    """Writes tickets, in the order in which they are given."""

    def __init__(self, cursor: Any, names: Names, now: dt.datetime, *, is_dry: bool) -> None:
        self._cursor = cursor
        self._names = names
        self._now = now
        self._is_dry = is_dry
        self._maker = Maker(cursor, names, now, is_dry=is_dry)
        self._states = States.known()
        # Tickets that name another one which was not there yet: number, key, the other's number.
        self.later: list[tuple[str, str, str]] = []
        self._newest_before = self._newest()
        # Of each queue that changed, its newest ticket: for the one word to open pages at the end.
        self.touched: dict[int, tuple[int, str]] = {}

    def _newest(self) -> int:
        self._cursor.execute("SELECT coalesce(max(id), 0) FROM tickets_ticket")
        return int(self._cursor.fetchone()[0])

    def forget(self) -> None:
        """After a rollback, and after lines that set the desk up: look at everything again."""
        self._names.forget()
        self._maker.forget()
        self._states = States.known()

    def write(self, batch: list[IncomingTicket], report: Report) -> None:
        """Write what is new. What the database refuses is raised, and nothing of the batch is written then."""
        # Copies: a batch that the database refuses is tried again in parts, from what the source said.
        tickets = [_copied(ticket) for ticket in self._new_ones(batch, report)]
        self._maker.make_for(tickets, report)
        tickets = [ticket for ticket in tickets if self._is_complete(ticket, report)]
        self._maker.make_customers(tickets)
        self._names.look_up_tickets(number for ticket in tickets for number in _tickets_named_in(ticket))
        contents = Contents(self._cursor, is_dry=self._is_dry)
        contents.look_up(content.sha256 for ticket in tickets for content in _contents_in(ticket) if content.sha256)
        tickets = [ticket for ticket in tickets if self._is_resolved(ticket, contents, report)]
        if not self._is_dry:
            self._copy(tickets)
        report.tickets += len(tickets)
        report.articles += sum(len(ticket.articles) for ticket in tickets)

    def _new_ones(self, batch: list[IncomingTicket], report: Report) -> list[IncomingTicket]:
        """Those whose number is not here; of the others it is said whether they are the same."""
        numbers = [ticket.row["number"] for ticket in batch]
        self._cursor.execute(
            "SELECT t.number, t.id, i.fingerprint FROM tickets_ticket t "
            "LEFT JOIN tickets_importedticket i ON i.ticket_id = t.id WHERE t.number = ANY(%s)",
            [numbers],
        )
        here = {number: (row, fingerprint) for number, row, fingerprint in self._cursor.fetchall()}
        new: dict[str, IncomingTicket] = {}
        others: dict[int, IncomingTicket] = {}
        for ticket in batch:
            number = ticket.row["number"]
            row, fingerprint = here.get(number, (0, None))
            if number in new or row in others or row > self._newest_before:
                report.refuse(ticket.where, f"number: {number} stands in an earlier line of this import, too")
            elif not row:
                new[number] = ticket
            elif fingerprint is not None and bytes(fingerprint) == ticket.fingerprint:
                self._know(ticket, report)
            else:
                others[row] = ticket
        same = twins(self._cursor, others, self._states)
        for row, ticket in others.items():
            if row in same:
                self._know(ticket, report)
            else:
                number = ticket.row["number"]
                report.conflict(ticket.where, f"number: {number} is here with another content; nothing was changed")
        return list(new.values())

    def _know(self, ticket: IncomingTicket, report: Report) -> None:
        report.known += 1
        self._put_off(ticket.row["number"], ticket.row)

    def _is_complete(self, ticket: IncomingTicket, report: Report) -> bool:
        """Fill in what the ticket does not say; where that cannot be, report it."""
        try:
            self._maker.name_authors(ticket)
            notes = complete(ticket, self._states, self._maker.fields, self._now)
        except Refused as error:
            report.refuse(ticket.where, str(error))
            return False
        report.notes.update(notes)
        return True

    def _is_resolved(self, ticket: IncomingTicket, contents: Contents, report: Report) -> bool:
        """Put ids in place of names and bytes; where that cannot be, report it."""
        try:
            self._put_off(ticket.row["number"], ticket.row)
            self._resolve(Ticket, ticket.row, contents)
            self._resolve_inside(Ticket, ticket, contents, report)
            for article in ticket.articles:
                if article.row["sender_type"] == SenderType.CUSTOMER and "customer" not in article.row:
                    article.row["customer"] = ticket.row["customer"]
                    self._resolve(Article, article.row, contents, but="customer")
                else:
                    self._resolve(Article, article.row, contents)
                self._resolve_inside(Article, article, contents, report)
        except Refused as error:
            report.refuse(ticket.where, str(error))
            return False
        return True

    def _put_off(self, number: str, row: Row) -> None:
        """What names a ticket that is not here yet is tied when it is."""
        for key in _keys_to(Ticket, Ticket):
            other = row.get(key)
            if other is not None and other not in self._names.tickets:
                self.later.append((number, key, other))
                row[key] = None

    def _resolve_inside(self, owner: Model, one: Incoming, contents: Contents, report: Report) -> None:
        known = inside(owner)
        for key, rows in one.inside.items():
            model = known[key].model
            for each in rows:
                quieten(model, each.row, report)
                self._resolve(model, each.row, contents)
                report.files += model is Attachment

    def _resolve(self, model: Model, row: Row, contents: Contents, but: str = "") -> None:
        for key, target in _references(model):
            value = row.get(key)
            if value is None or key == but:
                continue
            try:
                if isinstance(value, Content):
                    row[key], size = contents.keep(value)
                    if model is Attachment:
                        row["size"] = size
                elif target is not Article:
                    row[key] = self._names.id_of(target, value)
            except Refused as error:
                raise error.within(key) from None

    def _copy(self, tickets: list[IncomingTicket]) -> None:
        """Everything into its table, tickets first."""
        rows = {model: Rows(model, self._now) for model in places() if places()[model].owner in (Ticket, Article)}
        ticket_rows = Rows(Ticket, self._now, with_id=True)
        article_rows = Rows(Article, self._now, with_id=True)
        ticket_ids = iter(new_ids(self._cursor, Ticket, len(tickets)))
        article_ids = iter(new_ids(self._cursor, Article, sum(len(ticket.articles) for ticket in tickets)))
        imported: list[tuple[int, bytes]] = []
        for ticket in tickets:
            ticket.row["id"] = ticket_id = next(ticket_ids)
            ticket_rows.add(ticket.row)
            imported.append((ticket_id, ticket.fingerprint))
            self.touched[ticket.row["queue"]] = (ticket_id, ticket.row["number"])
            ids = [next(article_ids) for _ in ticket.articles]
            for article_id, article in zip(ids, ticket.articles, strict=True):
                article_rows.add(article.row | {"id": article_id, "ticket": ticket_id})
                _add_inside(Article, article, article_id, ids, rows)
            _add_inside(Ticket, ticket, ticket_id, ids, rows)
        for waiting in (ticket_rows, article_rows, *rows.values()):
            waiting.write(self._cursor)
        with self._cursor.copy(f"COPY {table_of(ImportedTicket).name} (ticket_id, fingerprint) FROM STDIN") as copy:
            for one in imported:
                copy.write_row(one)

    def tie(self) -> None:
        """Let tickets refer to those that came with or behind them; what is tied already stays as it is."""
        for key in {key for _number, key, _other in self.later}:
            pairs = [(number, other) for number, of, other in self.later if of == key]
            column = table_of(Ticket).columns[key].name
            self._cursor.execute(
                sql.SQL(
                    "UPDATE tickets_ticket t SET {0} = o.id "
                    "FROM unnest(%s::text[], %s::text[]) AS pair (number, other) "
                    "JOIN tickets_ticket o ON o.number = pair.other WHERE t.number = pair.number AND t.{0} IS NULL"
                ).format(sql.Identifier(column)),
                [[number for number, _other in pairs], [other for _number, other in pairs]],
            )
        self._names.look_up_tickets({other for _number, _key, other in self.later})
        self.later = [one for one in self.later if one[2] not in self._names.tickets]


def _copied(ticket: IncomingTicket) -> IncomingTicket:
    return replace(
        ticket, row=dict(ticket.row), inside=_copies(ticket.inside), articles=[_copy(one) for one in ticket.articles]
    )


def _copy(one: Incoming) -> Incoming:
    return Incoming(one.where, dict(one.row), _copies(one.inside))


def _copies(inside_of: dict[str, list[Incoming]]) -> dict[str, list[Incoming]]:
    return {key: [Incoming(one.where, dict(one.row)) for one in rows] for key, rows in inside_of.items()}


def _add_inside(owner: Model, one: Incoming, owner_id: int, articles: list[int], rows: dict[Model, Rows]) -> None:
    known = inside(owner)
    for key, children in one.inside.items():
        place = known[key]
        positions = [name for name in _keys_to(place.model, Article) if name != place.by.key]
        for child in children:
            row = child.row
            row[place.by.key] = owner_id
            for name in positions:
                if row.get(name) is not None:
                    row[name] = articles[row[name]]
            rows[place.model].add(row)


def _references(model: Model) -> list[tuple[str, Model]]:
    found = _REFERENCES.get(model)
    if found is None:
        columns = table_of(model).columns.values()
        found = [(column.key, column.target) for column in columns if column.target is not None]
        _REFERENCES[model] = found
    return found


_REFERENCES: dict[Model, list[tuple[str, Model]]] = {}


def _keys_to(model: Model, target: Model) -> list[str]:
    return [key for key, to in _references(model) if to is target]


def _tickets_named_in(ticket: IncomingTicket) -> Iterator[str]:
    for key in _keys_to(Ticket, Ticket):
        if ticket.row.get(key) is not None:
            yield ticket.row[key]


def _contents_in(ticket: IncomingTicket) -> Iterator[Content]:
    for article in ticket.articles:
        rows = [article.row, *(child.row for children in article.inside.values() for child in children)]
        yield from (value for row in rows for value in row.values() if isinstance(value, Content))
