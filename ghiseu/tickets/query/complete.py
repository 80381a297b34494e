"""What could come next where somebody is typing: fields with their operators, and values out of lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ghiseu.lib.folding import fold_line
from ghiseu.tickets.query.fields import Field, Kind, Vocabulary

# What a list offers is the caller's affair: only what this agent may see, and best first.
ValuesOf = Callable[[Field], Iterable[str]]
MOST = 12
_LOOKED_AT = 400  # characters before the cursor

_FIELD = r"(?:was:)?[^\W\d_][\w.\-]{0,80}"
# The piece under the cursor: a value behind a field, perhaps in a list, or the beginning of a word or a field.
_LIST = r'\((?:(?:[^()"]|"[^"]*")*[,(])?\s*'
_VALUE = re.compile(
    rf"""(?:^|[\s(\-])({_FIELD})(?::?(?:[<>]=?|!?=|~)|:)\s?(?:{_LIST})?("?)([^\s()",]*)$""",
)
_WORD = re.compile(r"(?:^|[\s(])-?((?:was:)?[\w.\-]*)$")
_NEEDS_QUOTES = re.compile(r'[\s(),"“”„«»]')

_TIMES = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month", "-24h", "-7d", "-30d")
_LENGTHS = ("1h", "4h", "1d", "2d", "7d", "30d")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` replaces what stands from `start` to `end`; `help` says what it is, and may be empty."""

    text: str
    start: int
    end: int
    help: str = ""


def complete(text: str, position: int, vocabulary: Vocabulary, values: ValuesOf) -> list[Suggestion]:
    """What fits at `position` (characters from 0), at most 12, best first; nothing inside a phrase. Never fails.

    `values` is asked for fields that name a list (`Field.values`), such as queues.
    """
    position = max(0, min(position, len(text)))
    before = text[max(0, position - _LOOKED_AT) : position]
    if (value := _VALUE.search(before)) and (field := vocabulary.find(value[1])):
        typed = value[2] + value[3]
        found = _values(field, fold_line(value[3]), values)
        return [Suggestion(one, position - len(typed), position) for one in found][:MOST]
    if before.count('"') % 2:
        return []
    if word := _WORD.search(before):
        return _fields(word[1], position, vocabulary)[:MOST]
    return []


def _fields(typed: str, position: int, vocabulary: Vocabulary) -> list[Suggestion]:
    start = position - len(typed)
    named = [(field.name, field) for field in vocabulary.fields]
    named += [(alias, field) for field in vocabulary.fields for alias in field.aliases if typed]
    found = [
        Suggestion(f"{name}{_operator(field)}", start, position, str(field.help))
        for name, field in named
        if name.startswith(typed.lower())
    ]
    for family in vocabulary.families:
        if family.prefix != typed.lower() and family.prefix.startswith(typed.lower()):
            found.append(Suggestion(family.prefix, start, position, str(family.help)))
        if typed and typed.lower().startswith(family.prefix):
            found += [
                Suggestion(f"{field.name}{_operator(field)}", start, position, str(field.help))
                for field in family.known()
                if field.name.startswith(typed.lower())
            ]
    return found


def _operator(field: Field) -> str:
    """The one most used with such a field."""
    return ">" if field.kind in (Kind.DURATION, Kind.NUMBER) else ":"


def _values(field: Field, typed: str, values: ValuesOf) -> list[str]:
    offered = [*_words_of(field), *field.choices, *(values(field) if field.values else ())]
    beginning = [value for value in offered if fold_line(value).startswith(typed)]
    inside = [value for value in offered if typed in fold_line(value) and value not in beginning]
    return [_quoted(value) for value in dict.fromkeys((*beginning, *inside))]


def _words_of(field: Field) -> tuple[str, ...]:
    missing = ("none", "any") if field.can_be_missing else ()
    match field.kind:
        case Kind.PERSON:
            return ("me", *missing)
        case Kind.TIME:
            return (*_TIMES, *missing)
        case Kind.DURATION:
            return (*_LENGTHS, *missing)
        case _:
            return missing


def _quoted(value: str) -> str:
    """A value with blanks or signs as the query needs it; one that looks like a word of the language, too."""
    if not _NEEDS_QUOTES.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
