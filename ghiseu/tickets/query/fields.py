"""What can be asked about: fields with their kinds, gathered into vocabularies, one for each sort of subject.

A vocabulary is closed and fixed: what it does not name cannot be asked. Whoever adds a field adds it to one list.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_NEAR = 0.6
_MOST_SUGGESTED = 3


class Kind(StrEnum):
    TEXT = "text"  # words in it, a phrase, the start of a word, a piece
    CHOICE = "choice"  # one name out of several
    NUMBER = "number"
    DURATION = "duration"  # how long something lasts until now
    TIME = "time"  # when something happened or will
    FLAG = "flag"  # a yes or no, asked by its name
    PERSON = "person"  # an agent: name and login, "me"
    ADDRESS = "address"  # somebody outside: name and mail address


_EQUALITY = (":", "=", "!=")
_COMPARISONS = (*_EQUALITY, ">", ">=", "<", "<=")
_OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*_EQUALITY, ":~"),
    Kind.CHOICE: (*_EQUALITY, ":~"),
    Kind.NUMBER: _COMPARISONS,
    Kind.DURATION: _COMPARISONS,
    Kind.TIME: _COMPARISONS,
    Kind.FLAG: _EQUALITY,
    Kind.PERSON: (*_EQUALITY, ":~"),
    Kind.ADDRESS: (*_EQUALITY, ":~"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be asked about.

    `choices` closes the list of values; with `is_ordered` they stand from least to most and count from 1, so that they
    can be compared. `can_be_missing` allows `none` and `any`. `values` names the list that completion offers. With
    `has_forms` a word that is not quoted is found in every form of it. `is_host`: of a link the host is taken.
    """

    name: str
    kind: Kind
    help: _StrPromise | str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    is_ordered: bool = False
    can_be_missing: bool = False
    is_tree: bool = False
    is_in_bytes: bool = False
    has_forms: bool = False
    is_host: bool = False
    values: str = ""

    @property
    def operators(self) -> tuple[str, ...]:
        if self.is_ordered:
            return _COMPARISONS
        return _EQUALITY if self.choices else _OPERATORS[self.kind]


@dataclass(frozen=True, slots=True)
class Family:
    """Fields without number whose names start alike, such as `header.x-spam`; `field` gives None for what is none.

    `known` are those to offer, where they can be told. With `may_change` they are rows, which come, go and change.
    """

    prefix: str
    field: Callable[[str], Field | None]
    help: _StrPromise | str
    known: Callable[[], Iterable[Field]] = tuple
    may_change: bool = False


class Vocabulary:
    """The fields of one sort of subject, and `anything`: where a word without a field is looked for."""

    def __init__(self, name: str, fields: Iterable[Field], *, anything: Field, families: Iterable[Family] = ()) -> None:
        self.name = name
        self.fields = tuple(fields)
        self.families = tuple(families)
        self.anything = anything
        self._by_name = {name: field for field in self.fields for name in (field.name, *field.aliases)}
        names = sum(1 + len(field.aliases) for field in self.fields)
        if len(self._by_name) != names:
            raise ValueError(f"The vocabulary {name!r} names a field twice.")

    def find(self, name: str) -> Field | None:
        """The field of this name or alias, in any case."""
        name = name.lower()
        for family in self.families:
            if name.startswith(family.prefix) and len(name) > len(family.prefix):
                return family.field(name)
        return self._by_name.get(name)

    def near(self, name: str) -> tuple[str, ...]:
        """Names that were perhaps meant, best first."""
        name = name.lower()
        for family in self.families:
            if name.startswith(family.prefix):
                return near(name, [field.name for field in family.known()])
        return near(name, self._by_name)

    def may_change(self, text: str) -> bool:
        """Whether this query may name a field that can be another one tomorrow."""
        text = text.lower()
        return any(family.may_change and family.prefix in text for family in self.families)


def near(word: str, words: Iterable[str]) -> tuple[str, ...]:
    """At most three of the words, those most like the first; long ones are only compared by their start."""
    return tuple(difflib.get_close_matches(word[:60], words, _MOST_SUGGESTED, _NEAR))
