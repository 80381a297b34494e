"""From text to the raw tree of what stands in it: the grammar's side, which knows no field and no kind.

lark's LALR parser reads each character once and keeps its stack on the heap, so time and memory are linear.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext as _
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, v_args

from ghiseu.tickets.query import limits
from ghiseu.tickets.query.errors import QueryError

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the query: what it says, whether it was quoted, whether a star follows, and where it stands."""

    text: str
    is_quoted: bool
    has_star: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawLoose:
    piece: Piece
    depth: int = 0


@dataclass(frozen=True, slots=True)
class RawTest:
    field: Piece
    operator: Piece
    values: tuple[Piece, ...]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class RawNot:
    part: Raw
    depth: int


@dataclass(frozen=True, slots=True)
class RawAnd:
    parts: tuple[Raw, ...]
    depth: int


@dataclass(frozen=True, slots=True)
class RawOr:
    parts: tuple[Raw, ...]
    depth: int


Raw = RawLoose | RawTest | RawNot | RawAnd | RawOr

if TYPE_CHECKING:
    _Transformer = Transformer[Token, Any]
else:
    _Transformer = Transformer


def read(text: str) -> Raw | None:
    """The raw tree, None of an empty query. Raises QueryError with the place where it goes wrong."""
    _refuse_what_costs_too_much(text)
    try:
        tree: Raw | None = cast("Any", _parser().parse(text))
    except UnexpectedInput as error:
        raise _explain(error, text) from error
    except _TooDeep as error:
        raise QueryError(
            _("Groups stand more than %(most)d deep inside one another. Take some parentheses or NOT away.")
            % {"most": limits.MAX_NESTING},
            text,
            0,
            len(text),
        ) from error
    if tree is None and text.strip():
        raise QueryError(_("There is no word in this query, only signs. Write what you look for."), text, 0, len(text))
    return tree


def _refuse_what_costs_too_much(text: str) -> None:
    if len(text) > limits.MAX_CHARACTERS:
        message = _("The query has %(count)d characters, and %(most)d are accepted. Make it shorter.")
        values = {"count": len(text), "most": limits.MAX_CHARACTERS}
        raise QueryError(message % values, text, limits.MAX_CHARACTERS, len(text))
    if (count := text.count("(")) > limits.MAX_PARENTHESES:
        message = _("The query has %(count)d opening parentheses, and %(most)d are accepted. Make it simpler.")
        raise QueryError(message % {"count": count, "most": limits.MAX_PARENTHESES}, text, 0, len(text))
    if control := _CONTROL.search(text):
        name = unicodedata.name(control[0], f"U+{ord(control[0]):04X}")
        message = _("There is an invisible control character (%(name)s) in the query. Delete it.") % {"name": name}
        raise QueryError(message, text, control.start(), control.end())


class _TooDeep(Exception):
    pass


@v_args(inline=True)
class _Build(_Transformer):
    """Called by the parser for every rule it has read, from the inside outwards."""

    def start(self, tree: Raw | None = None) -> Raw | None:
        return tree

    def either(self, *parts: Raw) -> Raw:
        return RawOr(parts, _deeper(*parts))

    def both(self, *parts: Raw) -> Raw:
        return RawAnd(parts, _deeper(*parts))

    def negation(self, part: Raw) -> Raw:
        return RawNot(part, _deeper(part))

    def test(self, field: Token, operator: Token, value: Piece | tuple[Piece, ...]) -> Raw:
        return RawTest(_piece(field), _piece(operator), value if isinstance(value, tuple) else (value,))

    def loose(self, token: Token) -> Raw:
        return RawLoose(_piece(token))

    def single(self, token: Token) -> Piece:
        return _piece(token)

    def several(self, *items: Piece) -> tuple[Piece, ...]:
        return items

    def joined(self, *tokens: Token) -> Piece:
        first, last = _piece(tokens[0]), _piece(tokens[-1])
        words = [*tokens[:-1], last.text]
        return Piece(" ".join(words), False, last.has_star, first.start, last.end)


def _deeper(*parts: Raw) -> int:
    depth = 1 + max(part.depth for part in parts)
    if depth > limits.MAX_NESTING:
        raise _TooDeep
    return depth


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _piece(token: Token) -> Piece:
    start, end = token.start_pos or 0, token.end_pos or 0
    text = str(token)
    if token.type == "STRING":
        has_star = text.endswith("*")
        inside = text[1:-2] if has_star else text[1:-1]
        return Piece(_ESCAPED.sub(r"\1", inside) if text[0] == '"' else inside, True, has_star, start, end)
    has_star = len(text) > 1 and text.endswith("*") and token.type not in ("FIELD", "OPERATOR")
    return Piece(text[:-1] if has_star else text, False, has_star, start, end)


@functools.cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=_Build(), maybe_placeholders=False)


def _explain(error: UnexpectedInput, text: str) -> QueryError:
    position: Any = error.pos_in_stream  # None or "?" where lark does not know it
    start = position if isinstance(position, int) and position >= 0 else len(text)
    if isinstance(error, UnexpectedCharacters):
        return _explain_character(text, start)
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return _explain_end(error, text)
    end = start + len(error.token) if isinstance(error, UnexpectedToken) else start + 1
    return _explain_piece(error, text, start, end)


def _explain_character(text: str, start: int) -> QueryError:
    if text[start] in '"“”„«»':
        message = _("This quotation mark is never closed. Close it, or leave it out.")
        return QueryError(message, text, start, len(text))
    if text[start] == ")":
        return QueryError(_("No parenthesis is open that this one could close. Leave it out."), text, start, start + 1)
    return QueryError(
        _("“%(piece)s” does not fit here. Put it in quotation marks to look for it.") % {"piece": text[start]},
        text,
        start,
        start + 1,
    )


def _explain_end(error: UnexpectedInput, text: str) -> QueryError:
    """The query stops too early: a value is missing, or the second side of OR, or a closing parenthesis."""
    stack = _stack_of(error)
    end = len(text.rstrip())
    if stack and isinstance(stack[-1], Token):
        last = stack[-1]
        if last.type == "OPERATOR":
            return _value_missing(stack, text, end)
        if last.type in ("_OR", "_AND", "_NOT", "_MINUS"):
            return _side_missing(last, text)
    opened = [item for item in stack if isinstance(item, Token) and item.type == "_LPAR"]
    start = opened[-1].start_pos or 0 if opened else end
    message = _("This parenthesis is never closed. Close it, or leave it out.")
    return QueryError(message, text, start, start + 1)


def _explain_piece(error: UnexpectedInput, text: str, start: int, end: int) -> QueryError:
    stack = _stack_of(error)
    last = stack[-1] if stack and isinstance(stack[-1], Token) else None
    if last is not None and last.type == "OPERATOR":
        return _value_missing(stack, text, start)
    if last is not None and last.type in ("_OR", "_AND", "_NOT", "_MINUS"):
        return _side_missing(last, text)
    if last is not None and last.type == "_LPAR" and text[start:end] == ")":
        begin = last.start_pos or 0
        message = _("Nothing stands between these parentheses. Write something into them, or leave them out.")
        return QueryError(message, text, begin, end)
    if "," in (text[start:end], str(last)):
        message = _("A value is missing beside this comma. Write it there, or leave the comma out.")
        begin = start if text[start:end] == "," else (last.start_pos or 0 if last is not None else start)
        return QueryError(message, text, begin, begin + 1)
    if text[start:end] == ")":
        return QueryError(_("No parenthesis is open that this one could close. Leave it out."), text, start, end)
    if text[start:end] in ("OR", "AND"):
        return _side_missing(Token(f"_{text[start:end]}", text[start:end], start_pos=start, end_pos=end), text)
    message = _("“%(piece)s” does not fit here. Put it in quotation marks to look for it.")
    return QueryError(message % {"piece": text[start:end][:60]}, text, start, end)


def _value_missing(stack: Sequence[Any], text: str, end: int) -> QueryError:
    field, operator = str(stack[-2]), str(stack[-1])
    return QueryError(
        _("“%(piece)s” needs a value right behind it, such as %(piece)sexample.") % {"piece": f"{field}{operator}"},
        text,
        stack[-2].start_pos or 0,
        end,
    )


def _side_missing(word: Token, text: str) -> QueryError:
    start = word.start_pos or 0
    if word.type in ("_NOT", "_MINUS"):
        message = _("Behind “%(word)s” stands nothing to leave out. Write it there, or leave the sign out.")
    else:
        message = _("“%(word)s” needs something on both sides. To look for the word itself, put it in quotation marks.")
    return QueryError(message % {"word": str(word)}, text, start, start + len(word))


def _stack_of(error: UnexpectedInput) -> Sequence[Any]:
    """What the parser had read and not yet put together when it stopped."""
    parser: Any = getattr(error, "interactive_parser", None)
    return parser.parser_state.value_stack if parser is not None else ()
