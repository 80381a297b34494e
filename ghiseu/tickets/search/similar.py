"""Tickets that share rare words."""

from __future__ import annotations

import math
from collections import Counter

from django.db import connection

from ghiseu.lib.folding import words_of
from ghiseu.people.models import Agent
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.search import lexemes
from ghiseu.tickets.search.vocabulary import SHORTEST
from ghiseu.tickets.search.walk import by_index

# Of the ticket's first message, and of the words in it: those in the fewest other tickets.
_CHARACTERS, _WORDS = 2_000, 8
# A word in more tickets than these says nothing about what a ticket is about.
_TOO_COMMON = 3_000
# Of each word the newest tickets.
_TICKETS_OF_A_WORD = 200
# Sharing one rare word may be chance.
_LEAST_SHARED = 2

_BEGINNING = "SELECT left(text, %s) FROM tickets_article WHERE ticket_id = %s ORDER BY id LIMIT 1"
_COUNTS = "SELECT word, ticket_count FROM tickets_searchword WHERE word = ANY(%s)"
_WITH_WORD = """
SELECT ticket_id FROM tickets_searchentry WHERE words @@ %s::tsquery
ORDER BY at + interval '0' DESC LIMIT %s
"""


def similar(ticket: Ticket, *, agent: Agent, rows: int = 5) -> list[Ticket]:
    """At most `rows` tickets most like this one, of those this agent may see, loaded for lists; the archive too.

    Like is who shares at least two rare words with the title and the first message, site names and numbers among them.
    """
    readable = [lexemes.lexeme(lexemes.queue_mark(pk)) for pk in queue_ids_with(agent, Right.READ)]
    scores: Counter[int] = Counter()
    shared: Counter[int] = Counter()
    with by_index() as cursor:
        for word, weight in _rare_words(ticket):
            question = lexemes.all_of([lexemes.lexeme(word), lexemes.any_of(readable)])
            cursor.execute(_WITH_WORD, [question, _TICKETS_OF_A_WORD])
            for (ticket_id,) in cursor.fetchall():
                scores[ticket_id] += weight
                shared[ticket_id] += 1
    best = [pk for pk, _score in scores.most_common() if pk != ticket.pk and shared[pk] >= _LEAST_SHARED][:rows]
    found = {one.pk: one for one in Ticket.objects.visible_to(agent).filter(pk__in=best).for_list()}
    return [found[pk] for pk in best if pk in found]


def _rare_words(ticket: Ticket) -> list[tuple[str, int]]:
    """The rarest words of a ticket, each with its weight."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGINNING, [_CHARACTERS, ticket.pk])
        row = cursor.fetchone()
        words = {word for word in words_of(f"{ticket.title} {row[0] if row else ''}") if _tells_something(word)}
        cursor.execute(_COUNTS, [sorted(words)])
        counts: dict[str, int] = dict(cursor.fetchall())
    rare = sorted((counts.get(word, 1), word) for word in words if counts.get(word, 1) <= _TOO_COMMON)
    return [(word, max(1, round(10 * math.log(_TOO_COMMON * 2 / count)))) for count, word in rare[:_WORDS]]


def _tells_something(word: str) -> bool:
    """Short words and bare numbers, such as days and years, do not."""
    return SHORTEST <= len(word) <= lexemes.LONGEST_WORD and not (word.isdigit() and len(word) < 6)
