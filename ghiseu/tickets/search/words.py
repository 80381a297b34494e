"""What a misspelt word may have meant, out of the words this desk knows.

Two words one slip apart share a way to leave one letter out; so do most that are two slips apart where one of them
leaves two out. The index over these cuts answers with a handful of words, which are then compared letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from ghiseu.lib.folding import words_of
from ghiseu.lib.stemming import stems
from ghiseu.people.models import Agent
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import HasWords, Query, Value
from ghiseu.tickets.search.vocabulary import LONGEST, cuts_of, is_kept
from ghiseu.tickets.search.walk import Walk

MOST_TRIED = 3
# From so many letters on a word may have two slips.
_TWO_SLIPS_FROM = 6
MOST_SECONDS = 0.05

_KNOWN = "SELECT word, ticket_count FROM tickets_searchword WHERE word = ANY(%s)"
_NEAR = "SELECT word, ticket_count FROM tickets_searchword WHERE cuts && %s::varchar[] LIMIT 500"


def suggest(query: Query, *, agent: Agent) -> str | None:
    """The query with its least known word corrected, where that finds something this agent may see; else None.

    Meant for queries that find nothing or little. It says no word that this agent could not have found.
    """
    asked = [value for value in _loose_words(query) if is_kept(_word(value))]
    if not asked:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [[_word(value) for value in asked]])
        counts: dict[str, int] = dict(cursor.fetchall())
    rarest = min(asked, key=lambda value: counts.get(_word(value), 0))
    for word in _near(_word(rarest), counts.get(_word(rarest), 0)):
        text = query.text[: rarest.start] + word + query.text[rarest.end :]
        if _finds_something(text, agent):
            return text
    return None


def _loose_words(query: Query) -> Iterator[Value]:
    """Words without quotation marks, as they stand in the query."""
    for test in query.tests():
        if test.field.has_forms:
            for value in test.any_of:
                if isinstance(value.predicate, HasWords) and value.predicate.has_forms:
                    written = query.text[value.start : value.end]
                    if words_of(written) == list(value.predicate.words):
                        yield value


def _word(value: Value) -> str:
    return value.predicate.words[0] if isinstance(value.predicate, HasWords) else ""


def _near(word: str, known_in: int) -> list[str]:
    """Words a slip or two away that more tickets have, the nearest first, of those the commonest.

    Other forms of the word are none: it finds them as it stands.
    """
    most = 2 if len(word) >= _TWO_SLIPS_FROM else 1
    cuts = cuts_of(word)
    if most == 2:
        cuts |= {shorter for cut in cuts for shorter in cuts_of(cut)}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [sorted(cut for cut in cuts if len(cut) <= LONGEST)])
        rows = cursor.fetchall()
    forms = {word, *stems(word)}
    ranked = [
        (slips, -count, near)
        for near, count in rows
        if count > known_in
        and forms.isdisjoint((near, *stems(near)))
        and (slips := slips_between(word, near, most)) <= most
    ]
    return [near for _slips, _count, near in sorted(ranked)[:MOST_TRIED]]


def slips_between(one: str, other: str, most: int) -> int:
    """How many letters are left out, put in, mistaken or swapped with a neighbour; above `most` it is `most` + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, against in enumerate(other, start=1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return min(last[-1], most + 1)


def _finds_something(text: str, agent: Agent) -> bool:
    try:
        query = parse(text, TICKETS)
    except QueryError:
        return False
    return bool(Walk(query, agent, seconds=MOST_SECONDS).places(1))
