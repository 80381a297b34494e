"""What stands behind a field and its operator, read by the field's kind."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from ghiseu.lib.folding import fold_line, words_of
from ghiseu.tickets.query.fields import Field, Kind, near
from ghiseu.tickets.query.syntax import Piece
from ghiseu.tickets.query.times import NOW, Moment, Offset, When, is_after, read_duration, read_time, step_of
from ghiseu.tickets.query.tree import (
    AddressIs,
    Below,
    Between,
    Contains,
    DomainIs,
    Exists,
    FieldTest,
    HasWords,
    IsMe,
    Limit,
    Node,
    Not,
    Predicate,
    Same,
    StartsWith,
    Value,
)


class Reason(Exception):
    """Why a value cannot be taken: the sentence, and what could stand there instead."""

    def __init__(self, sentence: str, instead: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.instead = tuple(instead)


def split(field: Field, pieces: Iterable[Piece]) -> list[Piece]:
    """`high,urgent` is a list also without parentheses, except in texts and addresses, where a comma is a sign."""
    if field.kind in (Kind.TEXT, Kind.ADDRESS):
        return list(pieces)
    found: list[Piece] = []
    for piece in pieces:
        if piece.is_quoted or "," not in piece.text:
            found.append(piece)
            continue
        start = piece.start
        parts = piece.text.split(",")
        for position, part in enumerate(parts):
            has_star = piece.has_star if position == len(parts) - 1 else part.endswith("*")
            text = part if position == len(parts) - 1 else part.removesuffix("*")
            found.append(Piece(text, False, has_star, start, start + len(part)))
            start += len(part) + 1
    return found


def missing_or_any(field: Field, piece: Piece) -> Node | None:
    """`none` and `any`, of a field that can be without a value; in quotation marks they are words like others.

    A star alone, as others write it, is `any`.
    """
    if not field.can_be_missing or piece.is_quoted or piece.text.lower() not in ("none", "any", "*"):
        return None
    test = FieldTest(field, (Value(Exists(), piece.start, piece.end),))
    return Not(test) if piece.text.lower() == "none" else test


def read_value(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    """What is asked of a value; several where any of them will do. `!=` is read like `:`. Raises Reason."""
    if not piece.text.strip():
        raise Reason(_("Here stands no value for “%(field)s”.") % {"field": field.name})
    return _READERS[field.kind](field, ":" if operator == "!=" else operator, piece)


def _text(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    if operator == ":~":
        return (Contains(_something(fold_line(piece.text + ("*" if piece.has_star else "")), piece)),)
    line = _something(fold_line(piece.text), piece)
    if operator == "=":
        return (StartsWith(line) if piece.has_star else Same(line),)
    return (has_words(field, piece),)


def has_words(field: Field, piece: Piece) -> HasWords:
    """The words of a piece, in order; a star at its end lets the last one go on. Raises Reason."""
    if "*" in piece.text and not piece.is_quoted:
        raise Reason(
            _("A star can only stand at the end of a word: word*. To look inside words, write a field and :~ first.")
        )
    words = tuple(words_of(piece.text))
    if not words:
        sentence = _(
            "There is no letter and no digit in “%(piece)s”. To look for signs, write a field and :~ before it."
        )
        raise Reason(sentence % {"piece": piece.text})
    is_one = len(words) == 1 and not piece.is_quoted and not piece.has_star
    return HasWords(words, piece.has_star, has_forms=field.has_forms and is_one)


def _something(folded: str, piece: Piece) -> str:
    if not folded:
        raise Reason(_("Nothing visible stands in “%(piece)s”. Write what you look for.") % {"piece": piece.text})
    return folded


# `"Vera Moraru" <vera@site.example>`, as mail programs write it.
_IN_BRACKETS = re.compile(r"<([^<>\s]+@[^<>\s]+)>$")


def _address(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    text = piece.text.strip()
    if pasted := _IN_BRACKETS.search(text):
        text = pasted[1]
    name, at, domain = text.rpartition("@")
    if operator == ":~" or not at or " " in text:
        return _text(field, operator, piece)
    if piece.has_star:
        return (StartsWith(fold_line(text)),) if name else _text(field, operator, piece)
    if not domain:
        raise Reason(
            _("Behind the @ a domain is missing. For addresses that start so, write %(piece)s*") % {"piece": text},
            [f"{text}*"],
        )
    return (AddressIs(text.lower()) if name else DomainIs(domain.lower()),)


def _person(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    if piece.text.lower() == "me" and not piece.is_quoted and not piece.has_star and operator != ":~":
        return (IsMe(),)
    return _text(field, operator, piece)


def _choice(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    if field.is_ordered:
        return (_between(field, operator, piece, _rank, _no_step),)
    text = piece.text if piece.is_quoted else piece.text.rstrip("*")
    folded = _something(fold_line(_host(text) if field.is_host and operator != ":~" else text), piece)
    if field.choices:
        _known(field, folded, piece)
        return (Same(folded),)
    if operator == ":~":
        return (Contains(folded),)
    if piece.has_star:
        top = folded.removesuffix("::")
        return (Below(top) if field.is_tree and top and top != folded else StartsWith(folded),)
    return (Same(folded),)


def _host(text: str) -> str:
    """The host of a link or an address, also where it was made harmless: `hxxps://a[.]example/login`."""
    text = re.sub(r"^[a-z][a-z0-9+.-]{0,15}://", "", text.strip().replace("[.]", "."), flags=re.IGNORECASE)
    return re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".")


def _known(field: Field, folded: str, piece: Piece) -> None:
    if piece.has_star or folded not in field.choices:
        meant = near(folded, field.choices)
        sentence = _("“%(field)s” has no value “%(value)s”. It can be: %(known)s.")
        values = {"field": field.name, "value": piece.text, "known": ", ".join(field.choices)}
        if meant:
            sentence = _("“%(field)s” has no value “%(value)s”. Did you mean %(near)s?")
            values["near"] = _(" or ").join(meant)
        raise Reason(sentence % values, meant or field.choices)


def _number(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    return (_between(field, operator, piece, _size if field.is_in_bytes else _count, _no_step),)


def _duration(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    return (_between(field, operator, piece, _length, step_of),)


Measure = int | Decimal | dt.timedelta


def _between(
    field: Field,
    operator: str,
    piece: Piece,
    read: Callable[[Field, str], Measure],
    step: Callable[[str], dt.timedelta | None],
) -> Between:
    """Limits of something counted or measured. `step` tells how far a single value reaches: `2d` to before 3 days."""
    text = piece.text + ("*" if piece.has_star else "")
    if operator in (":", "=") and ".." in text:
        low, high = (part.strip() for part in text.split("..", 1))
        if not low and not high:
            raise Reason(_("A range needs a value on at least one side, such as 2..5"))
        lowest = Limit(read(field, low), True) if low else None
        highest = Limit(read(field, high), True) if high else None
        if lowest and highest and lowest.value > highest.value:  # type: ignore[operator]  # one reader, one type
            raise Reason(_("The range runs backwards. Write the smaller value first."), [f"{high}..{low}"])
        return Between(lowest, highest)
    value = read(field, text)
    match operator:
        case ">" | ">=":
            return Between(Limit(value, operator == ">="), None)
        case "<" | "<=":
            return Between(None, Limit(value, operator == "<="))
    width = step(text)
    if width is None or not isinstance(value, dt.timedelta):
        return Between(Limit(value, True), Limit(value, True))
    return Between(Limit(value, True), Limit(value + width, False))


def _no_step(_text: str) -> None:
    return None


def _count(field: Field, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        sentence = _("“%(value)s” is no whole number. Write one like %(field)s>3 or %(field)s:2..5")
        raise Reason(sentence % {"value": text, "field": field.name}, ["3"])
    return int(text)


_SIZES = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}


def _size(field: Field, text: str) -> Decimal:
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([kmg]?b?)", text.lower())
    if not found:
        sentence = _("“%(value)s” is no size. Write one like %(field)s>5MB or %(field)s<200kB")
        raise Reason(sentence % {"value": text, "field": field.name}, ["5MB"])
    return Decimal(found[1]) * _SIZES[found[2]]


def _rank(field: Field, text: str) -> int:
    folded = fold_line(text)
    if folded in field.choices:
        return field.choices.index(folded) + 1
    if folded.isascii() and folded.isdigit() and len(folded) < 3 and 1 <= int(folded) <= len(field.choices):
        return int(folded)
    _known(field, folded, Piece(text, False, True, 0, 0))
    raise AssertionError("unreachable: a star is never a known choice")


def _length(field: Field, text: str) -> dt.timedelta:
    length = read_duration(text)
    if length is None:
        sentence = _("“%(value)s” is no length of time. Write one like %(field)s>2d, %(field)s<4h or %(field)s>1d12h")
        raise Reason(sentence % {"value": text, "field": field.name}, ["2d"])
    return length


def _time(field: Field, operator: str, piece: Piece) -> tuple[Predicate, ...]:
    """`>` is after the whole day, month or year named, `>=` from its beginning; `:` is within it."""
    text = piece.text + ("*" if piece.has_star else "")
    if operator in (":", "=") and ".." in text:
        return (_time_range(field, text),)
    when = _moment(field, text)
    start, end = Moment(when, "start"), Moment(when, "end")
    is_point = isinstance(when, Offset)
    match operator:
        case ">":
            return (Between(Limit(end, not is_point), None),)
        case ">=":
            return (Between(Limit(start, True), None),)
        case "<":
            return (Between(None, Limit(start, False)),)
        case "<=":
            return (Between(None, Limit(end, is_point)),)
    if isinstance(when, Offset):  # "-7d" alone is the time from then until now, "+2d" from now until then
        now = Limit(Moment(NOW, "start"), True)
        return (Between(Limit(start, True), now) if when.by <= dt.timedelta() else Between(now, Limit(end, True)),)
    return (Between(Limit(start, True), Limit(end, False)),)


def _time_range(field: Field, text: str) -> Between:
    low, high = (part.strip() for part in text.split("..", 1))
    if not low and not high:
        raise Reason(_("A range needs a time on at least one side, such as 2026-01..2026-03"))
    begins = _moment(field, low) if low else None
    ends = _moment(field, high) if high else None
    if begins and ends and is_after(begins, ends):
        raise Reason(_("The range runs backwards. Write the earlier time first."), [f"{high}..{low}"])
    first = Limit(Moment(begins, "start"), True) if begins else None
    last = Limit(Moment(ends, "end"), isinstance(ends, Offset)) if ends else None
    return Between(first, last)


def _moment(field: Field, text: str) -> When:
    when = read_time(text)
    if when is None:
        sentence = _("“%(value)s” is no time. Write one like %(field)s:2026-01-17, %(field)s:today or %(field)s>-7d")
        if text.lower() in ("last", "this", "next"):
            sentence = _("“%(value)s” what? Write one like %(field)s:last-week or %(field)s:this-month")
        raise Reason(
            sentence % {"value": text, "field": field.name},
            near(text.lower(), ("today", "yesterday", "tomorrow")) or ("today", "-7d"),
        )
    return when


_READERS: Mapping[Kind, Callable[[Field, str, Piece], tuple[Predicate, ...]]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.DURATION: _duration,
    Kind.TIME: _time,
    Kind.FLAG: _choice,
    Kind.PERSON: _person,
    Kind.ADDRESS: _address,
}
