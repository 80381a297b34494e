"""Where in a text the words of a query stand, by the same folding and stemming as in the index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ghiseu.lib.folding import DROPPED, SEPARATOR, fold
from ghiseu.lib.stemming import stems
from ghiseu.tickets.query.tree import And, Contains, FieldTest, HasWords, Node, Not, Or, Query, Same, StartsWith

_WORD = re.compile(f"[^{SEPARATOR}]+")
_INVISIBLE = re.compile(f"[{DROPPED}]")
_FIELDS_OF_TEXTS = frozenset({"anything", "subject", "text", "filename", "from"})

Term = HasWords | Contains


@dataclass(frozen=True)
class Terms:
    """What a query looks for in texts; what it excludes is left out."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(self, text: str) -> list[tuple[int, int]]:
        """The places (start, end) in the text, in order, none inside another."""
        words = [(match.start(), match.end(), folded) for match, folded in _words(text)]
        found = sorted(place for term in self.terms for place in _places(term, text, words))
        merged: list[tuple[int, int]] = []
        for start, end in found:
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def count_in(self, text: str) -> int:
        """How many of the terms stand in the text."""
        folded = fold(text)
        return sum(_finder(term).is_in(folded) for term in self.terms)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The folded words asked for."""
        return tuple(word for term in self.terms if isinstance(term, HasWords) for word in term.words)


def terms_of(query: Query) -> Terms:
    """The words that the query wants found; empty where it names none."""
    return Terms(tuple(dict.fromkeys(_wanted(query.root))))


def _wanted(node: Node) -> Iterator[Term]:
    match node:
        case FieldTest(field):
            if field.name in _FIELDS_OF_TEXTS:
                for predicate in node.predicates:
                    match predicate:
                        case HasWords() | Contains():
                            yield predicate
                        case Same(text) | StartsWith(text):
                            yield Contains(text)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _wanted(part)
        case Not():
            return


def _words(text: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _WORD.finditer(text):
        if folded := fold(match[0]):
            yield match, folded


def _places(term: Term, text: str, words: list[tuple[int, int, str]]) -> Iterator[tuple[int, int]]:
    if isinstance(term, Contains):
        yield from _pieces(term.piece, text)
        return
    if term.has_forms:
        wanted = set(stems(term.words[0]))
        yield from ((start, end) for start, end, word in words if not wanted.isdisjoint(stems(word)))
        return
    *whole, last = term.words
    for index in range(len(words) - len(whole)):
        _start, end, word = words[index + len(whole)]
        fits = word.startswith(last) if term.is_prefix else word == last
        if fits and all(words[index + ahead][2] == one for ahead, one in enumerate(whole)):
            yield words[index][0], end


def _pieces(piece: str, text: str) -> Iterator[tuple[int, int]]:
    """A piece inside words; of a text with invisible characters in it, each is left out of the comparison."""
    kept = [index for index, letter in enumerate(text) if not _INVISIBLE.match(letter)]
    folded = "".join(fold(text[index]) for index in kept) if len(kept) < len(text) else fold(text)
    start = folded.find(piece)
    while start >= 0:
        yield kept[start], kept[start + len(piece) - 1] + 1
        start = folded.find(piece, start + len(piece))


class _Finder:
    """Whether a term stands in a folded text, faster than finding where."""

    def __init__(self, term: Term) -> None:
        self._piece = term.piece if isinstance(term, Contains) else ""
        self._stems = frozenset[str]()
        self._pattern: re.Pattern[str] | None = None
        if isinstance(term, HasWords):
            if term.has_forms:
                self._stems = frozenset(stems(term.words[0]))
                # Stems share their first letters with every form, but for vowels that change.
                start = min(self._stems, key=len)[:2]
                self._pattern = re.compile(f"(?<![^{SEPARATOR}]){re.escape(start)}[^{SEPARATOR}]*")
            else:
                inside = f"[{SEPARATOR}]+".join(re.escape(word) for word in term.words)
                end = "" if term.is_prefix else f"(?![^{SEPARATOR}])"
                self._pattern = re.compile(f"(?<![^{SEPARATOR}]){inside}{end}")

    def is_in(self, folded: str) -> bool:
        if self._pattern is None:
            return self._piece in folded
        if not self._stems:
            return self._pattern.search(folded) is not None
        return any(not self._stems.isdisjoint(stems(match[0])) for match in self._pattern.finditer(folded))


@lru_cache(maxsize=256)
def _finder(term: Term) -> _Finder:
    return _Finder(term)
