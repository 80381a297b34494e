"""From the raw tree to a query that is understood: fields found, values read by their kind, everything counted.

Whether a queue of that name exists is not a question of grammar, see `hints`.
"""

from __future__ import annotations

import functools

from django.utils.translation import gettext as _

from ghiseu.tickets.query import limits
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.fields import Field, Kind, Vocabulary
from ghiseu.tickets.query.syntax import Piece, Raw, RawAnd, RawLoose, RawNot, RawOr, RawTest, read
from ghiseu.tickets.query.tree import And, Everything, FieldTest, Node, Not, Or, Query, Value
from ghiseu.tickets.query.values import Reason, has_words, missing_or_any, read_value, split

# Other ways to write the same operator, as people know them from elsewhere.
_SAME_OPERATOR = {"~": ":~", ":=": "=", ":>": ">", ":>=": ">=", ":<": "<", ":<=": "<=", ":!=": "!="}
_TEXT_KINDS = (Kind.TEXT, Kind.ADDRESS, Kind.PERSON)


def parse(text: str, vocabulary: Vocabulary) -> Query:
    """Understand a query over the fields of `vocabulary`; an empty one means everything.

    Linear in the length of the text. The database is asked only about fields that the desk defined itself, each time
    anew. Raises QueryError, which knows the place and what would be right.
    """
    return _understand(text, vocabulary) if vocabulary.may_change(text) else parse_once(text, vocabulary)


@functools.lru_cache(maxsize=2_048)
def parse_once(text: str, vocabulary: Vocabulary) -> Query:
    """The same, kept in memory: for what is asked at each page, where a field that changed since does no harm."""
    return _understand(text, vocabulary)


def _understand(text: str, vocabulary: Vocabulary) -> Query:
    raw = read(text)
    return Query(text, Everything() if raw is None else _Reader(text, vocabulary).node(raw))


class _Reader:
    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.terms = 0
        self.texts = 0

    def node(self, raw: Raw) -> Node:
        match raw:
            case RawOr(parts):
                return Or(tuple(self.node(part) for part in parts))
            case RawAnd(parts):
                return And(tuple(self.node(part) for part in parts))
            case RawNot(part):
                return Not(self.node(part))
            case RawLoose(piece):
                return self._loose(piece)
            case RawTest():
                return self._test(raw)

    def _loose(self, piece: Piece) -> Node:
        self.texts += 1
        self._count(piece)
        try:
            predicate = has_words(self.vocabulary.anything, piece)
        except Reason as reason:
            raise self._error(reason.sentence, piece, instead=reason.instead) from reason
        return FieldTest(self.vocabulary.anything, (Value(predicate, piece.start, piece.end),))

    def _test(self, raw: RawTest) -> Node:
        field = self._field(raw)
        operator = self._operator(raw, field)
        pieces = split(field, raw.values)
        # A list is one pattern, however long.
        self.texts += field.kind in _TEXT_KINDS
        positive: list[Value] = []
        parts: list[Node] = []
        for piece in pieces:
            self._count(piece)
            if (exists := missing_or_any(field, piece)) is not None:
                parts.append(exists)
                continue
            try:
                positive.extend(Value(p, piece.start, piece.end) for p in read_value(field, operator, piece))
            except Reason as reason:
                raise self._error(reason.sentence, piece, instead=reason.instead) from reason
        if positive:
            parts.append(FieldTest(field, tuple(positive)))
        node = parts[0] if len(parts) == 1 else Or(tuple(parts))
        return Not(node) if operator == "!=" else node

    def _field(self, raw: RawTest) -> Field:
        name = raw.field.text
        field = self.vocabulary.find(name)
        if field is not None:
            return field
        instead = self.vocabulary.near(name)
        whole = self.text[raw.field.start : raw.values[-1].end]
        if instead:
            message = _("There is no field “%(name)s”. Did you mean %(near)s?") % {
                "name": name,
                "near": _(" or ").join(instead),
            }
        else:
            message = _(
                "There is no field “%(name)s”. To look for the words, put them in quotation marks: “%(whole)s”."
            )
            message %= {"name": name, "whole": whole[:60]}
        raise self._error(message, raw.field, instead=instead)

    def _operator(self, raw: RawTest, field: Field) -> str:
        operator = _SAME_OPERATOR.get(raw.operator.text, raw.operator.text)
        if operator not in field.operators:
            message = _("“%(field)s” cannot be asked with “%(operator)s”. Use one of these: %(known)s")
            values = {"field": field.name, "operator": raw.operator.text, "known": "  ".join(field.operators)}
            raise self._error(message % values, raw.operator, instead=field.operators)
        return operator

    def _count(self, piece: Piece) -> None:
        self.terms += 1
        if self.terms > limits.MAX_TERMS or self.texts > limits.MAX_TEXTS:
            most = limits.MAX_TERMS if self.terms > limits.MAX_TERMS else limits.MAX_TEXTS
            message = _("The query asks for more than %(most)d things at once. Ask for fewer, or in several queries.")
            if most == limits.MAX_TEXTS:
                message = _("The query looks for more than %(most)d words and texts. Look for fewer of them.")
            raise self._error(message % {"most": most}, piece)
        if len(piece.text) > limits.MAX_WORD_CHARACTERS:
            message = _("This piece has %(count)d characters, and %(most)d are accepted. Shorten it.")
            raise self._error(message % {"count": len(piece.text), "most": limits.MAX_WORD_CHARACTERS}, piece)

    def _error(self, message: str, piece: Piece, *, instead: tuple[str, ...] = ()) -> QueryError:
        return QueryError(message, self.text, piece.start, piece.end, instead=instead)
