"""The words that this desk uses and in how many tickets each was seen: kept while entries are made.

Counts need not be exact: they say which of two words is the commoner one, and which are rare.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from ghiseu.tickets.search.reading import Made

SHORTEST, LONGEST = 3, 30
# A word that is in fewer tickets may be a slip of the pen itself.
KNOWN_FROM = 3

# A word known from so many tickets is counted only now and then, and for more tickets then.
COMMON_FROM, _EVERY = 64, 16
_MOST_REMEMBERED = 200_000

_OLD = """
SELECT ticket_id, tsvector_to_array(words) FROM tickets_searchentry WHERE ticket_id = ANY(%s)
"""
_COUNT = """
INSERT INTO tickets_searchword AS known (word, ticket_count, cuts)
SELECT one.word, one.more, '{}' FROM unnest(%s::text[], %s::int[]) AS one (word, more)
ON CONFLICT (word) DO UPDATE SET ticket_count = known.ticket_count + excluded.ticket_count
RETURNING known.word, known.ticket_count, known.cuts = '{}'
"""
_LOSE = """
UPDATE tickets_searchword AS known SET ticket_count = greatest(0, known.ticket_count - one.fewer)
FROM unnest(%s::text[], %s::int[]) AS one (word, fewer) WHERE known.word = one.word
"""
_CUT = """
UPDATE tickets_searchword AS known SET cuts = string_to_array(one.cuts, ' ')
FROM unnest(%s::text[], %s::text[]) AS one (word, cuts) WHERE known.word = one.word
"""
_remembered: dict[str, int] = {}


def is_kept(word: str) -> bool:
    """Numbers and codes are not words: nobody misspells them into one another."""
    return SHORTEST <= len(word) <= LONGEST and word.isalpha()


def cuts_of(word: str) -> set[str]:
    """The word and every way to leave one letter out: two words one slip apart share one of them."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


@dataclass(frozen=True)
class Changed:
    """Words that tickets gained and lost, each with the number of such tickets."""

    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


def changes_of(made: Sequence[Made]) -> Changed:
    """What these entries say that the tickets' entries did not say before, and the other way round."""
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [[one.ticket_id for one in made]])
        before: dict[int, list[str]] = dict(cursor.fetchall())
    changed = Changed()
    for one in made:
        old = before.get(one.ticket_id, [])
        changed.gained.update(filter(is_kept, one.plain.difference(old)))
        changed.lost.update(filter(is_kept, set(old).difference(one.plain)))
    return changed


def learn(changed: Changed) -> None:
    """Know these words in more and in fewer tickets; a word that is in none any more is forgotten."""
    if changed.lost:
        words = sorted(changed.lost)
        with connection.cursor() as cursor:
            cursor.execute(_LOSE, [words, [changed.lost[word] for word in words]])
            cursor.execute("DELETE FROM tickets_searchword WHERE word = ANY(%s) AND ticket_count = 0", [words])
        for word in words:
            _remembered.pop(word, None)
    _gain(changed.gained)


def _gain(counts: Counter[str]) -> None:
    """Words are written in order, so that two workers never wait for each other."""
    more: dict[str, int] = {}
    for word, count in counts.items():
        if _remembered.get(word, 0) < COMMON_FROM:
            more[word] = count
        elif random.random() < count / _EVERY:  # noqa: S311  # an estimate needs no secret
            more[word] = max(count, _EVERY)
    if not more:
        return
    if len(_remembered) > _MOST_REMEMBERED:
        _remembered.clear()
    words = sorted(more)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [words, [more[word] for word in words]])
        known = cursor.fetchall()
        _remembered.update((word, count) for word, count, _ in known)
        cut = sorted(word for word, count, is_uncut in known if is_uncut and count >= KNOWN_FROM)
        if cut:
            cursor.execute(_CUT, [cut, [" ".join(cuts_of(word)) for word in cut]])
