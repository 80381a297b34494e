"""Whether a ticket that is here already is what a line says: asked only where the fingerprint does not tell."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.db import connection

from ghiseu.importing.derive import States
from ghiseu.importing.documents import Documents
from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content, Incoming, IncomingTicket
from ghiseu.importing.ndjson import read_ticket
from ghiseu.importing.schema import Column, Model, inside, table_of
from ghiseu.importing.streams import TicketDocuments
from ghiseu.people.models import Agent
from ghiseu.tickets.classification import clean_tags
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Ticket

TAGS, FIELDS, STATE = "tickets.Ticket.tags", "tickets.Ticket.fields", "tickets.Ticket.state"


def twins(cursor: Any, given: dict[int, IncomingTicket], states: States) -> set[int]:
    """Of tickets that are here, `{id: what a line says}`, those of which everything that the line says is true."""
    found = set()
    if given:
        documents = TicketDocuments(connection.connection, Documents(cursor), sorted(given))
        by_number = {ticket.row["number"]: (row_id, ticket) for row_id, ticket in given.items()}
        for document in documents:
            row_id, ticket = by_number[document["number"]]
            if _is_true(ticket, read_ticket(document, Path()), states):
                found.add(row_id)
    return found


def _is_true(said: IncomingTicket, here: IncomingTicket, states: States) -> bool:
    return (
        _is_row_true(Ticket, said, here, states)
        and len(said.articles) == len(here.articles)
        and all(_is_row_true(Article, *pair, states) for pair in zip(said.articles, here.articles, strict=True))
    )


def _is_row_true(model: Model, said: Incoming, here: Incoming, states: States) -> bool:
    columns = table_of(model).columns
    for key, value in said.row.items():
        column = columns[key]
        if _plain(column, value, states) != _plain(column, here.row.get(key, column.default), states):
            return False
    for key, rows in said.inside.items():
        others, child = here.inside.get(key, []), inside(model)[key].model
        if len(rows) != len(others):
            return False
        if not all(_is_row_true(child, *pair, states) for pair in zip(rows, others, strict=True)):
            return False
    return True


def _plain(column: Column, value: Any, states: States) -> Any:
    """A value in the one form that all ways to say it have."""
    if isinstance(value, Content):
        return value.sha256 or _sha256(value)
    if value is None:
        return None
    try:
        if column.label == STATE:
            return states.called(value).name
        if column.label == TAGS:
            return clean_tags(value)
    except (Refused, InvalidInput):
        return value
    if column.label == FIELDS:
        return value or {}
    return value.lower() if column.target is Agent else value


def _sha256(content: Content) -> str:
    data = content.path.read_bytes() if content.path else content.data or b""
    return hashlib.sha256(data).hexdigest()
