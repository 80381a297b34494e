"""Keeping the index: what changed is due, and a worker's duty brings it up to date.

Triggers write the rows of `SearchDue` in the transaction of the change, see the migration `0012_search`. A worker takes
rows away first and reads the tickets afterwards, so that whatever was committed with such a row is seen. Two workers
never make the entry of one ticket at the same time: a lock on its number is held until the entry is committed.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from ghiseu.tickets.models import Attachment, SearchDue
from ghiseu.tickets.search import vocabulary
from ghiseu.tickets.search.reading import Made, entries_of

BATCH = 64
# Apart from every other use of PostgreSQL's advisory locks.
_LOCKS = 0x5EA2C4

# An array is asked for once; after IN the planner may ask again for each row, and would take more than the limit.
_TAKE = """
DELETE FROM tickets_searchdue WHERE id = ANY(ARRAY(
  SELECT id FROM tickets_searchdue ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING ticket_id
"""
_TAKE_ALSO = """
DELETE FROM tickets_searchdue WHERE id = ANY(ARRAY(
  SELECT id FROM tickets_searchdue WHERE ticket_id = ANY(%s) FOR UPDATE SKIP LOCKED))
"""
_LOCK = "SELECT pg_advisory_xact_lock(%s, (one %% 2147483647)::int) FROM unnest(%s::bigint[]) AS one"
# An entry that somebody holds, who moves the ticket at this moment, waits for the next time: agents never wait for us.
_FREE = "SELECT ticket_id FROM tickets_searchentry WHERE ticket_id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED"
_KNOWN = "SELECT ticket_id FROM tickets_searchentry WHERE ticket_id = ANY(%s)"
_WRITE = """
INSERT INTO tickets_searchentry AS entry (ticket_id, at, words)
SELECT one.ticket_id, one.at, one.words::tsvector
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS one (ticket_id, at, words)
ON CONFLICT (ticket_id) DO UPDATE SET at = excluded.at, words = excluded.words
WHERE entry.at <> excluded.at OR entry.words <> excluded.words
"""


def put_file_text(attachment_id: int, text: str) -> None:
    """Let the ticket be found by the text of its file, within about a second. `FileText` keeps the text itself.

    An empty text changes nothing.
    """
    if text:
        tickets = Attachment.objects.filter(pk=attachment_id).values_list("article__ticket_id", flat=True)
        SearchDue.objects.bulk_create([SearchDue(ticket_id=ticket) for ticket in tickets])


def index_due(limit: int = BATCH) -> int:
    """Make the entries of tickets that are due, at most `limit` of them; returns of how many tickets."""
    changed = vocabulary.Changed()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        tickets: list[int] = sorted({ticket_id for (ticket_id,) in cursor.fetchall()})
        if tickets:
            # What is due for several reasons, as everything is after an import, is made once.
            cursor.execute(_TAKE_ALSO, [tickets])
            changed = _index(tickets)
    # By itself, so that two workers do not wait for each other's common words.
    vocabulary.learn(changed)
    return len(tickets)


def _index(ticket_ids: Sequence[int]) -> vocabulary.Changed:
    """Make the entries of these tickets anew, in order; returns which words came and went."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [_LOCKS, list(ticket_ids)])
        cursor.execute(_FREE, [list(ticket_ids)])
        free = {ticket_id for (ticket_id,) in cursor.fetchall()}
        cursor.execute(_KNOWN, [list(ticket_ids)])
        busy = {ticket_id for (ticket_id,) in cursor.fetchall()} - free
        SearchDue.objects.bulk_create([SearchDue(ticket_id=ticket_id) for ticket_id in sorted(busy)])
        made = entries_of([ticket_id for ticket_id in ticket_ids if ticket_id not in busy])
        changed = vocabulary.changes_of(made)
        _write(made)
    return changed


def _write(made: Sequence[Made]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[one.ticket_id for one in made], [one.at for one in made], [one.words for one in made]])
