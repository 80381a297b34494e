"""From rows to entries: everything by which tickets are found, read for many of them at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ghiseu.tickets.search.lexemes import FILE, IN_ARCHIVE, SENDER, SUBJECT, Entry, queue_mark, time_marks

# Of one file and of one message; the rest of an entry is bounded by `lexemes.MOST_BYTES`.
MOST_CHARACTERS = 200_000

_TICKETS = """
SELECT ticket.id, ticket.number, ticket.title, ticket.queue_id, ticket.archived_at IS NOT NULL, ticket.created_at,
  customer.id, customer.name
FROM tickets_ticket AS ticket JOIN people_customer AS customer ON customer.id = ticket.customer_id
WHERE ticket.id = ANY(%s) ORDER BY ticket.id
"""
_IDENTITIES = "SELECT customer_id, value FROM people_identity WHERE customer_id = ANY(%s) ORDER BY id"
_ARTICLES = f"""
SELECT ticket_id, created_at, subject, from_name, from_address, left(text, {MOST_CHARACTERS})
FROM tickets_article WHERE ticket_id = ANY(%s) ORDER BY ticket_id, id
"""  # noqa: S608  # a number of our own
_FILES = f"""
SELECT article.ticket_id, attachment.filename, left(file.text, {MOST_CHARACTERS})
FROM tickets_article AS article JOIN tickets_attachment AS attachment ON attachment.article_id = article.id
LEFT JOIN tickets_filetext AS file ON file.blob_id = attachment.blob_id
WHERE article.ticket_id = ANY(%s) ORDER BY attachment.id
"""  # noqa: S608  # a number of our own


@dataclass(frozen=True, slots=True)
class Made:
    """An entry as it shall stand in the table; `plain` are its words without stems and marks."""

    ticket_id: int
    at: dt.datetime
    words: str
    plain: frozenset[str]


def entries_of(ticket_ids: Sequence[int]) -> list[Made]:
    """The entries of those tickets that there are, in order. Four questions, however many tickets."""
    ids = list(ticket_ids)
    if not ids:
        return []
    with connection.cursor() as cursor:

        def by_first(statement: str, keys: list[int]) -> dict[int, list[tuple[Any, ...]]]:
            cursor.execute(statement, [keys])
            found: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
            for first, *rest in cursor.fetchall():
                found[first].append(tuple(rest))
            return found

        cursor.execute(_TICKETS, [ids])
        tickets = cursor.fetchall()
        identities = by_first(_IDENTITIES, [customer_id for *_, customer_id, _name in tickets])
        articles = by_first(_ARTICLES, ids)
        files = by_first(_FILES, ids)
    return [_made(ticket, identities[ticket[6]], articles[ticket[0]], files[ticket[0]]) for ticket in tickets]


def _made(
    ticket: tuple[Any, ...],
    identities: list[tuple[Any, ...]],
    articles: list[tuple[Any, ...]],
    files: list[tuple[Any, ...]],
) -> Made:
    ticket_id, number, title, queue_id, is_archived, at, _customer, name = ticket
    entry = Entry()
    entry.add(number, "A")
    entry.add(title, "A", SUBJECT)
    entry.add_sites(title)
    entry.add(name, "B")
    for (value,) in identities:
        entry.add(value, "B")
    for created_at, subject, from_name, from_address, text in articles:
        at = max(at, created_at)
        entry.add(subject, "A", SUBJECT)
        entry.add(from_name, "B", SENDER)
        entry.add(from_address, "B", SENDER)
        entry.add(text, "D")
        entry.add_sites(subject)
        entry.add_sites(text)
    for filename, text in files:
        entry.add(filename, "C", FILE)
        if text:
            entry.add(text, "C")
    entry.mark(queue_mark(queue_id), *time_marks(at), *([IN_ARCHIVE] if is_archived else []))
    return Made(ticket_id, at, entry.vector(), entry.plain())
