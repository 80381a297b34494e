"""The first evaluator: a query asked of something in memory, such as a mail that is no ticket yet. No database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from ghiseu.lib.folding import fold_line, words_of
from ghiseu.lib.stemming import stems
from ghiseu.tickets.query.times import Context, Moment
from ghiseu.tickets.query.tree import (
    AddressIs,
    And,
    Below,
    Between,
    Contains,
    DomainIs,
    Everything,
    Exists,
    FieldTest,
    HasWords,
    IsMe,
    Limit,
    Node,
    Not,
    Or,
    Predicate,
    Query,
    Same,
    StartsWith,
)

_ONLY_ASCII_CASE = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class Person:
    """Somebody by name and handle: an agent's login, or the mail address of somebody outside."""

    name: str
    handle: str


FieldValue = str | int | Decimal | dt.timedelta | dt.datetime | Person


class Subject(Protocol):
    """What a query can be asked of."""

    def values(self, field: str) -> Collection[FieldValue]:
        """All values under a field's name, none where there is none.

        By the field's kind: text, choice and flag are strings, an ordered choice its place counted from 1, a number an
        int or Decimal (sizes in bytes), a duration a timedelta, a time an aware datetime, a person or address a Person.
        """
        ...


class Evaluation:
    """One subject at one moment. What was folded for one query serves the next: ask fifty at the price of a few."""

    def __init__(self, subject: Subject, context: Context) -> None:
        self._subject = subject
        self._context = context
        self._prepared: dict[str, list[_Value]] = {}
        # A mail's text is asked under several names and folded once.
        self._texts: dict[str, _Text] = {}

    def matches(self, query: Query) -> bool:
        return self._holds(query.root)

    def _holds(self, node: Node) -> bool:
        match node:
            case FieldTest():
                return self._is_fulfilled(node)
            case And(parts):
                return all(self._holds(part) for part in parts)
            case Or(parts):
                return any(self._holds(part) for part in parts)
            case Not(part):
                return not self._holds(part)
            case Everything():
                return True

    def _is_fulfilled(self, test: FieldTest) -> bool:
        values = self._values_of(test)
        return any(_fits(value.predicate, one, self._context) for value in test.any_of for one in values)

    def _values_of(self, test: FieldTest) -> list[_Value]:
        name = test.field.name
        if name not in self._prepared:
            self._prepared[name] = [
                self._texts.setdefault(value, _Text(value)) if isinstance(value, str) else _prepared(value)
                for value in self._subject.values(name)
            ]
        return self._prepared[name]


def matches(query: Query, subject: Subject, context: Context) -> bool:
    """Whether the subject is one of those that the query means."""
    return Evaluation(subject, context).matches(query)


class _Text:
    """A text in the two forms it is compared in, each made when it is first needed."""

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @cached_property
    def line(self) -> str:
        return fold_line(self.raw)

    @cached_property
    def words(self) -> str:
        """Every word between two blanks."""
        return f" {' '.join(words_of(self.raw))} "

    @cached_property
    def forms(self) -> frozenset[str]:
        """The stems of every word."""
        return frozenset(stem for word in words_of(self.raw) for stem in stems(word))


class _Named:
    def __init__(self, person: Person) -> None:
        self.name = _Text(person.name)
        self.handle = _Text(person.handle)

    @cached_property
    def address(self) -> str:
        return self.handle.raw.translate(_ONLY_ASCII_CASE)


Measure = int | Decimal | dt.timedelta | dt.datetime
_Value = _Text | _Named | Measure


def _prepared(value: FieldValue) -> _Value:
    if isinstance(value, str):
        return _Text(value)
    return _Named(value) if isinstance(value, Person) else value


def any_fits(predicates: Iterable[Predicate], values: Iterable[FieldValue], context: Context) -> bool:
    """Whether one of the values fulfils one of the predicates."""
    prepared = [_prepared(value) for value in values]
    return any(_fits(predicate, value, context) for predicate in predicates for value in prepared)


def _fits(predicate: Predicate, value: _Value, context: Context) -> bool:
    match predicate:
        case Exists():
            return True
        case Between():
            return not isinstance(value, _Text | _Named) and _is_between(predicate, value, context)
        case IsMe():
            return isinstance(value, _Named) and value.handle.raw == context.me
        case AddressIs(address):
            return isinstance(value, _Named) and value.address == address
        case DomainIs(domain):
            return isinstance(value, _Named) and value.address.endswith(f"@{domain}")
        case HasWords() | Contains() | Same() | StartsWith() | Below():
            if isinstance(value, _Named):
                return _is_said(predicate, value.name) or _is_said(predicate, value.handle)
            return isinstance(value, _Text) and _is_said(predicate, value)


def _is_said(predicate: HasWords | Contains | Same | StartsWith | Below, text: _Text) -> bool:
    match predicate:
        case HasWords(words, has_forms=True):
            return not text.forms.isdisjoint(stems(words[0]))
        case HasWords(words, is_prefix):
            return f" {' '.join(words)}{'' if is_prefix else ' '}" in text.words
        case Contains(piece):
            return piece in text.line
        case Same(whole):
            return text.line == whole
        case StartsWith(start):
            return text.line.startswith(start)
        case Below(top):
            return text.line == top or text.line.startswith(f"{top}::")


def bound(limit: Limit, context: Context) -> Measure:
    """The limit as a plain value; a moment in UTC."""
    return limit.value.at(context) if isinstance(limit.value, Moment) else limit.value


def _is_between(span: Between, value: Measure, context: Context) -> bool:
    if span.low is not None:
        low = bound(span.low, context)
        if not (_less(low, value) or (span.low.is_inclusive and value == low)):
            return False
    if span.high is not None:
        high = bound(span.high, context)
        return _less(value, high) or (span.high.is_inclusive and value == high)
    return True


def _less(one: Measure, other: Measure) -> bool:
    return one < other  # type: ignore[operator]  # the field's kind says that both are of one type
