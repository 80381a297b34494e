"""A query as it is understood: frozen, comparable, without a trace of how it was written but the places.

`Not` is the complement: whatever a test says of a subject, `Not` says the opposite, also where a value is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ghiseu.tickets.query.fields import Field
from ghiseu.tickets.query.times import Moment


@dataclass(frozen=True, slots=True)
class HasWords:
    """These folded words, one after the other; with `is_prefix` the last one may go on.

    With `has_forms` it is one word, and every form of it will do (`ghiseu.lib.stemming`).
    """

    words: tuple[str, ...]
    is_prefix: bool = False
    has_forms: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """This folded piece anywhere, also inside words."""

    piece: str


@dataclass(frozen=True, slots=True)
class Same:
    """The whole value, folded, blanks collapsed."""

    text: str


@dataclass(frozen=True, slots=True)
class StartsWith:
    text: str


@dataclass(frozen=True, slots=True)
class Below:
    """A name in a tree, and every name below it: `abuse` and `abuse::malware`."""

    top: str


@dataclass(frozen=True, slots=True)
class AddressIs:
    """A whole mail address. Case of ASCII letters aside, it is compared as it is: ș is not s here."""

    address: str


@dataclass(frozen=True, slots=True)
class DomainIs:
    """A mail address of exactly this domain, not of one below it."""

    domain: str


@dataclass(frozen=True, slots=True)
class IsMe:
    """The agent who asks."""


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value at all."""


@dataclass(frozen=True, slots=True)
class Limit:
    value: int | Decimal | dt.timedelta | Moment
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class Between:
    """A number, a duration or a time within limits; None leaves a side open."""

    low: Limit | None
    high: Limit | None


Predicate = HasWords | Contains | Same | StartsWith | Below | AddressIs | DomainIs | IsMe | Exists | Between


@dataclass(frozen=True, slots=True)
class Value:
    """What is asked of a value, and where in the query it stands."""

    predicate: Predicate
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FieldTest:
    """At least one value of the field fulfils at least one of these."""

    field: Field
    any_of: tuple[Value, ...]

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        return tuple(value.predicate for value in self.any_of)


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty query."""


Node = FieldTest | Not | And | Or | Everything


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood, and its text."""

    text: str
    root: Node

    @property
    def is_empty(self) -> bool:
        return isinstance(self.root, Everything)

    def tests(self) -> Iterator[FieldTest]:
        """Every test, from left to right."""
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            match node:
                case FieldTest():
                    yield node
                case Not(part):
                    waiting.append(part)
                case And(parts) | Or(parts):
                    waiting.extend(reversed(parts))
                case Everything():
                    pass

    def asks_about(self, field: str) -> bool:
        return any(test.field.name == field for test in self.tests())
