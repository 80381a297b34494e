"""Where in a text the words of a query stand, by the same folding and stemming as in the index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ghiseu.lib.folding import BLANK, SEPARATOR, fold
from ghiseu.lib.stemming import stems
from ghiseu.tickets.query.tree import And, Contains, FieldTest, HasWords, Node, Not, Or, Query, Same, StartsWith

_ANYWHERE = "anything"
_FIELDS_OF_TEXTS = frozenset({_ANYWHERE, "subject", "text", "filename", "from"})

Term = HasWords | Contains


@dataclass(frozen=True)
class Terms:
    """What a query looks for in texts, each with the field it was asked of; what it excludes is left out."""

    asked: tuple[tuple[str, Term], ...]

    def __bool__(self) -> bool:
        return bool(self.asked)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        return tuple(dict.fromkeys(term for _field, term in self.asked))

    @cached_property
    def are_anywhere(self) -> bool:
        """Whether it does not matter where they stand."""
        return all(field == _ANYWHERE for field, _term in self.asked)

    def of(self, field: str) -> Terms:
        """Those that may stand in texts of this field: `filename:a b` looks for `a` in names of files only."""
        if self.are_anywhere:
            return self
        return Terms(tuple(one for one in self.asked if one[0] in (field, _ANYWHERE)))

    def matches(self, text: str) -> list[tuple[int, int]]:
        """The places (start, end) in the text, in order, none inside another."""
        folded, kept = _folded(text)
        found = sorted(place for term in self.terms for place in _finder(term).places(folded))
        merged: list[tuple[int, int]] = []
        for start, end in found:
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return [(kept[start], kept[end]) for start, end in merged] if kept else merged

    def count_in(self, texts: Mapping[str, str]) -> int:
        """How many of the terms stand in one of the texts, each of the field that it has as its key."""
        if self.are_anywhere:
            texts = {_ANYWHERE: "\n".join(texts.values())}
        return len({term for field, text in texts.items() for term in self.of(field)._found_in(text)})  # noqa: SLF001

    def _found_in(self, text: str) -> Iterator[Term]:
        folded = fold(text) if self.terms else ""
        return (term for term in self.terms if next(_finder(term).places(folded), None) is not None)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The folded words asked for."""
        return tuple(word for term in self.terms if isinstance(term, HasWords) for word in term.words)


def terms_of(query: Query) -> Terms:
    """The words that the query wants found; empty where it names none."""
    return Terms(tuple(dict.fromkeys(_wanted(query.root))))


def _wanted(node: Node) -> Iterator[tuple[str, Term]]:
    match node:
        case FieldTest(field):
            if field.name in _FIELDS_OF_TEXTS:
                for predicate in node.predicates:
                    match predicate:
                        case HasWords() | Contains():
                            yield field.name, predicate
                        case Same(text) | StartsWith(text):
                            yield field.name, Contains(text)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _wanted(part)
        case Not():
            return


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded text and, where invisible characters were left out, the place in `text` of each of its characters."""
    folded = fold(text)
    if len(folded) == len(text):
        return folded, []
    # Marks over a letter stand behind it and go with it.
    return folded, [*(index for index, letter in enumerate(text) if fold(letter)), len(text)]


class _Finder:
    """Where a term stands in a folded text."""

    def __init__(self, term: Term) -> None:
        self._stems = frozenset[str]()
        if isinstance(term, Contains):
            pattern = re.escape(term.piece).replace("\\ ", f"[{BLANK}]+")
        elif term.has_forms:
            self._stems = frozenset(stems(term.words[0]))
            # A stem begins like every form of it.
            start = min(self._stems, key=len)[:1]
            pattern = f"(?<![^{SEPARATOR}]){re.escape(start)}[^{SEPARATOR}]*"
        else:
            inside = f"[{SEPARATOR}]+".join(re.escape(word) for word in term.words)
            end = f"[^{SEPARATOR}]*" if term.is_prefix else f"(?![^{SEPARATOR}])"
            pattern = f"(?<![^{SEPARATOR}]){inside}{end}"
        self._pattern = re.compile(pattern)

    def places(self, folded: str) -> Iterator[tuple[int, int]]:
        for match in self._pattern.finditer(folded):
            if not self._stems or not self._stems.isdisjoint(stems(match[0])):
                yield match.span()


@lru_cache(maxsize=256)
def _finder(term: Term) -> _Finder:
    return _Finder(term)
