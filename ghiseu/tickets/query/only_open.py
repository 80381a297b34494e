"""Queries that can find nothing but open tickets: the small part of a desk, which is cheap to look through."""

from __future__ import annotations

from ghiseu.tickets.models import OPEN_TYPES
from ghiseu.tickets.query.tree import And, Everything, FieldTest, Node, Not, Or, Query, Same

_FLAGS = frozenset({"open", "new", "pending"})


def is_only_open(query: Query) -> bool:
    """Whether every ticket it can find is open, by what is written and not by what is found."""
    return _is_open(query.root)


def _is_open(node: Node) -> bool:
    match node:
        case FieldTest(field):
            words = [predicate.text for predicate in node.predicates if isinstance(predicate, Same)]
            known = {"is": _FLAGS, "state.type": frozenset(OPEN_TYPES)}.get(field.name, frozenset())
            return len(words) == len(node.predicates) and known.issuperset(words)
        case And(parts):
            return any(_is_open(part) for part in parts)
        case Or(parts):
            return all(_is_open(part) for part in parts)
        case Not() | Everything():
            return False


def without_open(node: Node) -> Node:
    """The same where only open tickets are looked at: `is:open` says nothing there."""
    match node:
        case FieldTest(field) if field.name == "is" and Same("open") in node.predicates:
            return Everything()
        case And(parts):
            rest = tuple(part for part in map(without_open, parts) if not isinstance(part, Everything))
            return And(rest) if len(rest) > 1 else next(iter(rest), Everything())
        case Or(parts):
            return Or(tuple(map(without_open, parts)))
        case _:
            return node
