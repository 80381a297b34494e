"""Making the index anew while the desk is open, and proving that it says what the tickets say.

To rebuild is to call every ticket due, and to work on that with several processes. It may be killed at any point: what
is due stays due, and the worker goes on with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from django.db import connection
from django.db.models import Count, Max

from ghiseu.tickets.models import SearchDue, SearchEntry, Ticket
from ghiseu.tickets.search.indexing import index_due
from ghiseu.tickets.search.reading import entries_of

STRETCH = 500
INDEX = "tickets_search_words"
# Fewer entries than this part of all tickets: then the index is made behind them, in one go.
_MOSTLY_EMPTY = 0.1

_ALL_DUE = """
INSERT INTO tickets_searchdue (ticket_id) SELECT id FROM tickets_ticket AS ticket
WHERE NOT EXISTS (SELECT 1 FROM tickets_searchdue AS due WHERE due.ticket_id = ticket.id) ORDER BY id DESC
"""
_MAKE_INDEX = f"CREATE INDEX IF NOT EXISTS {INDEX} ON tickets_searchentry USING gin (words) WITH (fastupdate = off)"
_HAS_INDEX = "SELECT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = %s)"
_WRONG = """
SELECT one.ticket_id FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS one (ticket_id, at, words)
LEFT JOIN tickets_searchentry AS entry ON entry.ticket_id = one.ticket_id
WHERE (entry.ticket_id IS NULL OR entry.at <> one.at OR entry.words <> one.words::tsvector)
AND NOT EXISTS (SELECT 1 FROM tickets_searchdue AS due WHERE due.ticket_id = one.ticket_id)
"""
_MISSING = """
SELECT count(*) FROM tickets_ticket AS ticket
WHERE NOT EXISTS (SELECT 1 FROM tickets_searchentry AS entry WHERE entry.ticket_id = ticket.id)
AND NOT EXISTS (SELECT 1 FROM tickets_searchdue AS due WHERE due.ticket_id = ticket.id)
"""


def rebuild(processes: int, start: Callable[[], None], say: Callable[[int, int], None]) -> int:
    """Make every entry anew that is wrong or missing; returns how many tickets were due.

    `start` prepares a process of its own for Django, `say` hears how many tickets are done here, of how many. What
    changes meanwhile is done as well and counted with them; some are done by the desk's worker. The role must own
    the tables. Where nearly all entries are missing, as after an import, the search finds little until this ends.
    """
    is_mostly_empty = SearchEntry.objects.count() < _MOSTLY_EMPTY * Ticket.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(_ALL_DUE)
        if is_mostly_empty:
            cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")
    total = SearchDue.objects.aggregate(tickets=Count("ticket_id", distinct=True))["tickets"]
    try:
        _together(processes, start, lambda done: say(done, max(done, total)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('maintenance_work_mem', '512MB', false)")
            cursor.execute(_MAKE_INDEX)
            cursor.execute("ANALYZE tickets_searchentry")
    return int(total)


def _together(processes: int, start: Callable[[], None], say: Callable[[int], None]) -> None:
    """All processes work until nothing is due; a transaction takes a second or so."""
    done = 0
    connection.close()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=start) as pool:
        working = {pool.submit(_some, STRETCH) for _ in range(processes)}
        while working:
            for ended in as_completed(list(working)):
                working.remove(ended)
                if count := ended.result():
                    done += count
                    say(done)
                    working.add(pool.submit(_some, STRETCH))
                break


def _some(limit: int) -> int:
    return index_due(limit)


def missing_count() -> int:
    """How many tickets have no entry, though none is due."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def has_index() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HAS_INDEX, [INDEX])
        row = cursor.fetchone()
    return bool(row and row[0])


def wrong_ids(ticket_ids: Sequence[int]) -> list[int]:
    """Of these tickets those whose entry does not say what the ticket says, though it is not due."""
    made = entries_of(ticket_ids)
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, [[one.ticket_id for one in made], [one.at for one in made], [one.words for one in made]])
        suspects = [ticket_id for (ticket_id,) in cursor.fetchall()]
        # What was changed between the two questions is due by now, or already made.
        again = entries_of(suspects)
        cursor.execute(
            _WRONG, [[one.ticket_id for one in again], [one.at for one in again], [one.words for one in again]]
        )
        return sorted(ticket_id for (ticket_id,) in cursor.fetchall())


def all_wrong_ids() -> Iterator[int]:
    """The same of every ticket there is; reads all texts."""
    last = Ticket.objects.aggregate(last=Max("pk"))["last"] or 0
    for end in range(last + 1, 1, -STRETCH):
        yield from wrong_ids(range(max(1, end - STRETCH), end))


def sample(count: int) -> list[int]:
    """Ids of tickets for a look at some: the newest ones, and as many drawn from all."""
    newest = list(Ticket.objects.order_by("-pk").values_list("pk", flat=True)[: count // 2])
    if not newest:
        return []
    drawn = random.sample(range(1, newest[0] + 1), min(newest[0], count - len(newest)))
    return sorted({*newest, *drawn})
