"""Where in a text the words of a query stand, by the same folding and stemming as in the index."""

from __future__ import annotations

from dataclasses import dataclass

from ghiseu.tickets.query.tree import HasWords, Query


@dataclass(frozen=True)
class Terms:
    """What a query looks for in texts; what it excludes is left out."""

    words: tuple[HasWords, ...]

    def matches(self, text: str) -> list[tuple[int, int]]:
        """The places (start, end) in the text, in order, none inside another."""
        found = [text.lower().find(word) for term in self.words for word in term.words]
        return [(start, start + 1) for start in sorted(found) if start >= 0]


def terms_of(query: Query) -> Terms:
    """The words that the query wants found; empty where it names none."""
    return Terms(tuple(p for test in query.tests() for p in test.predicates if isinstance(p, HasWords)))
