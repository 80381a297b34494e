"""Fields that the full-text index answers: what is asked of them as a question for lexemes.

`asked_of_index` turns a whole query into one such question. Where that is not exact it asks for too much and never for
too little, and the conditions of `sql` decide.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Exists as InDatabase
from django.db.models import F, Func, OuterRef, Q, Value

from ghiseu.lib.folding import words_of
from ghiseu.tickets.models import SearchEntry
from ghiseu.tickets.query.conditions import Predicates, Where, any_of
from ghiseu.tickets.query.patterns import nothing
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.tree import (
    AddressIs,
    And,
    Contains,
    DomainIs,
    Everything,
    FieldTest,
    HasWords,
    Node,
    Not,
    Or,
    Predicate,
    Same,
    StartsWith,
)
from ghiseu.tickets.search import lexemes


@dataclass(frozen=True, slots=True)
class Asked:
    """A tsquery, empty where the index says nothing. `is_exact`: it means the same as the query it was made of.

    `drives`: few enough entries fit to walk over them, which is not so of a queue or of what is not in the archive.
    """

    text: str = ""
    is_exact: bool = False
    drives: bool = False


NOTHING_KNOWN = Asked()
NEVER = Asked("'^never'", is_exact=True, drives=True)
_MARKS = {"subject": lexemes.SUBJECT, "filename": lexemes.FILE, "from": lexemes.SENDER, "anything": "", "text": ""}


def asked_of_index(node: Node, scope: Scope) -> Asked:
    """What the index is asked for a query or a part of it."""
    match node:
        case FieldTest(field):
            return _together(
                [_asked(field.name, predicate, scope) for predicate in node.predicates], lexemes.any_of, needs_all=True
            )
        case And(parts):
            return _together([asked_of_index(part, scope) for part in parts], lexemes.all_of, needs_all=False)
        case Or(parts):
            return _together([asked_of_index(part, scope) for part in parts], lexemes.any_of, needs_all=True)
        case Not(part):
            asked = asked_of_index(part, scope)
            return Asked(f"!{asked.text}", is_exact=True) if asked.text and asked.is_exact else NOTHING_KNOWN
        case _:
            return NOTHING_KNOWN


def _together(parts: list[Asked], join: Callable[[Iterable[str]], str], *, needs_all: bool) -> Asked:
    """Of alternatives each must be known, of what must all be true any is of use."""
    known = [part for part in parts if part.text]
    if not known or (needs_all and len(known) < len(parts)):
        return NOTHING_KNOWN
    drives = (all if needs_all else any)(part.drives for part in known)
    return Asked(join([part.text for part in known]), all(part.is_exact for part in parts), drives)


def _asked(field: str, predicate: Predicate, scope: Scope) -> Asked:
    if field in _MARKS:
        return _of_text(field, predicate)
    if field == "queue":
        marks = [lexemes.lexeme(lexemes.queue_mark(pk)) for pk in scope.queue_ids([predicate])]
        return Asked(lexemes.any_of(marks), is_exact=True) if marks else NEVER
    if field == "in" and isinstance(predicate, Same) and predicate.text in ("desk", "archive"):
        sign = "!" if predicate.text == "desk" else ""
        return Asked(f"{sign}{lexemes.lexeme(lexemes.IN_ARCHIVE)}", is_exact=True)
    if field == "site":
        return _of_sites(predicate)
    if field in ("customer", "number"):
        return _words_at_least(predicate, "")
    return NOTHING_KNOWN


def _of_text(field: str, predicate: Predicate) -> Asked:
    mark, weight = _MARKS[field], "D" if field == "text" else ""
    match predicate:
        case HasWords(words, has_forms=True):
            return Asked(lexemes.form_query(words[0], mark, weight), is_exact=True, drives=True)
        case HasWords(words, is_prefix) if mark:
            exact = len(words) == 1
            return Asked(lexemes.words_query(words, is_prefix=is_prefix, mark=mark), exact, drives=True)
        case HasWords(words, is_prefix):
            phrase = lexemes.phrase_query(words, is_prefix=is_prefix, weight=weight)
            if len(words) == 1:
                return Asked(phrase, is_exact=True, drives=True)
            return Asked(lexemes.any_of([phrase, _in_long(words, is_prefix=is_prefix)]), drives=True)
        case _:
            return _words_at_least(predicate, mark)


def _in_long(words: tuple[str, ...], *, is_prefix: bool) -> str:
    """Entries too long for positions, in which the words may stand one after the other."""
    return lexemes.all_of([lexemes.words_query(words, is_prefix=is_prefix), lexemes.lexeme(lexemes.IS_LONG)])


def _words_at_least(predicate: Predicate, mark: str) -> Asked:
    """Words without which it cannot be true; what stands inside words has none."""
    match predicate:
        case HasWords(words, is_prefix):
            pass
        case Same(text) | AddressIs(text):
            words, is_prefix = tuple(words_of(text)), False
        case DomainIs(domain):
            words, is_prefix = tuple(words_of(domain)), False
        case StartsWith(text):
            words, is_prefix = tuple(words_of(text)), True
        case _:
            return NOTHING_KNOWN
    return Asked(lexemes.words_query(words, is_prefix=is_prefix, mark=mark), drives=True) if words else NOTHING_KNOWN


def _of_sites(predicate: Predicate) -> Asked:
    match predicate:
        case Same(host):
            return Asked(lexemes.lexeme(lexemes.SITE + host), is_exact=True, drives=True)
        case StartsWith(start):
            return Asked(lexemes.lexeme(lexemes.SITE + start, ":*"), is_exact=True, drives=True)
        case _:
            return NOTHING_KNOWN


class Fits(Func):
    """The entry's words fit a tsquery."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = models.BooleanField()

    def __init__(self, column: str, asked: str) -> None:
        super().__init__(F(column), Func(Value(asked), template="%(expressions)s::tsquery"))


class HasSiteWith(Func):
    """The entry names a site with this piece in it."""

    template = (
        "EXISTS (SELECT 1 FROM (SELECT %(expressions)s) AS asked (words, mark, piece), "
        "unnest(tsvector_to_array(asked.words)) AS one "
        "WHERE starts_with(one, asked.mark) AND strpos(substr(one, 2), asked.piece) > 0)"
    )
    output_field = models.BooleanField()

    def __init__(self, piece: str) -> None:
        super().__init__(F("words"), Value(lexemes.SITE), Value(piece))


def in_index(asked: str) -> Q:
    """The ticket's entry fits; a ticket that has none yet does not."""
    return Q(InDatabase(SearchEntry.objects.filter(Fits("words", asked), ticket=OuterRef("pk"))))


def through_index(field: str, one_by_one: Where) -> Where:
    """By the index what it knows exactly, phrases of long entries and pieces of words one by one."""

    def where(predicates: Predicates, scope: Scope) -> Q:
        return any_of(_where(field, one_by_one, predicate, scope) for predicate in predicates)

    return where


def _where(field: str, one_by_one: Where, predicate: Predicate, scope: Scope) -> Q:
    asked = _of_text(field, predicate)
    if asked.is_exact:
        return in_index(asked.text)
    condition = one_by_one((predicate,), scope)
    if isinstance(predicate, HasWords) and not _MARKS[field]:
        phrase = lexemes.phrase_query(
            predicate.words, is_prefix=predicate.is_prefix, weight="D" if field == "text" else ""
        )
        long = _in_long(predicate.words, is_prefix=predicate.is_prefix)
        return in_index(phrase) | (in_index(long) & condition)
    return in_index(asked.text) & condition if asked.text else condition


def rest_of(node: Node, scope: Scope, whole: Callable[[Node], Q]) -> Q | None:
    """What is left to ask of tickets that fit `asked_of_index(node)`, None where nothing is; `whole` asks it all."""
    if isinstance(node, And):
        rests = [rest for part in node.parts if (rest := rest_of(part, scope, whole)) is not None]
        return functools.reduce(operator.and_, rests) if rests else None
    return None if asked_of_index(node, scope).is_exact else whole(node)


def has_beginning(node: Node) -> bool:
    """Whether the index is asked for every word with some beginning, which costs as much as there are of them."""
    match node:
        case FieldTest():
            return any(
                isinstance(predicate, StartsWith) or (isinstance(predicate, HasWords) and predicate.is_prefix)
                for predicate in node.predicates
            )
        case Not(part):
            return has_beginning(part)
        case And(parts) | Or(parts):
            return any(map(has_beginning, parts))
        case _:
            return False


def without_beginnings(node: Node) -> Node:
    """The same without such parts, so that more fits it."""
    if isinstance(node, And):
        return And(tuple(map(without_beginnings, node.parts)))
    return Everything() if has_beginning(node) else node


def is_exact_but_for_long(node: Node, scope: Scope) -> bool:
    """Whether tickets that fit `asked_of_index(node)` are meant, unless their entry is too long for positions."""
    if isinstance(node, And):
        return all(is_exact_but_for_long(part, scope) for part in node.parts)
    if isinstance(node, FieldTest) and _MARKS.get(node.field.name) == "":
        return all(isinstance(predicate, HasWords) for predicate in node.predicates)
    return asked_of_index(node, scope).is_exact


def site(predicates: Predicates, _scope: Scope) -> Q:
    found = nothing()
    for predicate in predicates:
        if isinstance(predicate, Contains):
            entries = SearchEntry.objects.filter(HasSiteWith(predicate.piece), ticket=OuterRef("pk"))
            found |= Q(InDatabase(entries))
        else:
            found |= in_index(_of_sites(predicate).text)
    return found
