"""Texts asked of the database: what is looked for becomes a PostgreSQL pattern that finds every spelling of it.

Each letter becomes the set of letters that fold to it, so a column is searched as it is, whatever the database's
locale. Patterns are made of sets and fixed repetitions only, from folded text: nothing a user writes is a pattern, and
PostgreSQL matches them without going back. The cost is reading every text asked for; the full-text index will take
over words and phrases from here.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Func, Q, Value

from ghiseu.lib.folding import BLANK, DROPPED, SEPARATOR, variants
from ghiseu.tickets.query.tree import AddressIs, Below, Contains, DomainIs, HasWords, Predicate, Same, StartsWith

_DROPPED = f"[{DROPPED}]*"
_BLANKS = f"[{BLANK}][{BLANK}{DROPPED}]*"
_BETWEEN_WORDS = f"[{SEPARATOR}][{SEPARATOR}{DROPPED}]*"
_START = f"^[{BLANK}{DROPPED}]*"
_END = f"[{BLANK}{DROPPED}]*$"
_WORD_START, _WORD_END = f"(?:^|[{SEPARATOR}]){_DROPPED}", f"(?:[{SEPARATOR}]|$)"
_FITS_NOTHING = "$."


def pattern_of(predicates: Iterable[Predicate]) -> str:
    """One pattern for a text that fulfils any of these; predicates that ask nothing of texts are left out.

    Without any that does it is empty, and an empty pattern fits everything: ask before.
    """
    return "|".join(f"(?:{pattern})" for predicate in predicates if (pattern := _pattern(predicate)))


def handle_pattern_of(predicates: Iterable[Predicate]) -> str:
    """The same for a mail address, which can also be asked for as a whole or by its domain."""
    return "|".join(f"(?:{pattern})" for predicate in predicates if (pattern := _handle_pattern(predicate)))


def _pattern(predicate: Predicate) -> str:
    match predicate:
        case HasWords(words, is_prefix):
            inside = _BETWEEN_WORDS.join(_letters(word) for word in words)
            return f"{_WORD_START}{inside}" + ("" if is_prefix else _WORD_END)
        case Contains(piece):
            return _letters(piece)
        case Same(text):
            return f"{_START}{_letters(text)}{_END}"
        case StartsWith(text):
            return f"{_START}{_letters(text)}"
        case Below(top):
            return f"{_START}{_letters(top)}(?:{_letters('::')}|{_END})"
        case _:
            return ""


def _handle_pattern(predicate: Predicate) -> str:
    match predicate:
        case AddressIs(address):
            return f"^{_exactly(address)}$"
        case DomainIs(domain):
            return f"{_exactly('@' + domain)}$"
        case _:
            return _pattern(predicate)


def _letters(folded: str) -> str:
    return "".join(_BLANKS if letter == " " else f"[{_set(variants(letter))}]{_DROPPED}" for letter in folded)


def _exactly(address: str) -> str:
    """ASCII letters in both cases, everything else as it is."""
    return "".join(f"[{_set(letter + (letter.upper() if letter.isascii() else ''))}]" for letter in address)


def _set(letters: str) -> str:
    # Letters and digits mean themselves in a set; everything else is named by its number, so nothing can.
    return "".join(
        letter if letter.isalnum() else f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
        for letter in dict.fromkeys(letters)
    )


def text_fits(column: str, predicates: Iterable[Predicate]) -> Q:
    """The text column fulfils one of these."""
    pattern = pattern_of(predicates)
    return Q(**{f"{column}__regex": pattern}) if pattern else nothing()


def handle_fits(column: str, predicates: Iterable[Predicate]) -> Q:
    pattern = handle_pattern_of(predicates)
    return Q(**{f"{column}__regex": pattern}) if pattern else nothing()


class PeopleFit(Func):
    """Somebody in a JSON list of `{"name": ..., "address": ...}` has a name or an address that fits."""

    template = (
        "EXISTS (SELECT 1 FROM (SELECT %(expressions)s) AS asked (people, name, address), "
        "jsonb_array_elements(asked.people) AS person "
        "WHERE person->>'name' ~ asked.name OR person->>'address' ~ asked.address)"
    )
    output_field = models.BooleanField()

    def __init__(self, column: str, predicates: Iterable[Predicate]) -> None:
        predicates = tuple(predicates)
        # An address can be asked for as a whole, a name cannot: then a pattern that fits nothing stands for it.
        name = pattern_of(predicates) or _FITS_NOTHING
        super().__init__(F(column), Value(name), Value(handle_pattern_of(predicates) or _FITS_NOTHING))


def nothing() -> Q:
    """True of no row; unlike an empty Q, which is true of all."""
    return Q(pk__in=[])


def everything() -> Q:
    return Q(pk__isnull=False)
