"""The yes-or-no questions about a ticket: `is:`, `has:` and `in:`, each with its two answers side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from ghiseu.tickets.models import OPEN_TYPES, PENDING_TYPES, Channel, SenderType, StateType
from ghiseu.tickets.moments import NEVER
from ghiseu.tickets.query.conditions import ANSWERS, Predicates, Where, any_of, own_articles, own_files, there_is
from ghiseu.tickets.query.facts import Facts
from ghiseu.tickets.query.patterns import everything
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.tree import Same


@dataclass(frozen=True, slots=True)
class Flag:
    holds: Callable[[Facts], bool]
    condition: Callable[[Scope], Q]


Flags = Mapping[str, Flag]


def _of_type(*types: StateType) -> Flag:
    return Flag(lambda facts: facts.ticket.state_type in types, lambda _scope: Q(state_type__in=types))


def _there(column: str) -> Flag:
    """The column has a value."""
    return Flag(
        lambda facts: getattr(facts.ticket, column) is not None, lambda _scope: Q(**{f"{column}__isnull": False})
    )


def _missing(column: str) -> Flag:
    return Flag(lambda facts: getattr(facts.ticket, column) is None, lambda _scope: Q(**{f"{column}__isnull": True}))


def _is_due(facts: Facts) -> bool:
    return facts.ticket.pending_until is not None and facts.ticket.pending_until <= facts.now


def _is_overdue(facts: Facts) -> bool:
    return facts.ticket.due_at is not None and facts.ticket.due_at <= facts.now


def _is_locked(facts: Facts) -> bool:
    ticket = facts.ticket
    return ticket.locked_by_id is not None and (ticket.locked_until is None or ticket.locked_until > facts.now)


def _locked(scope: Scope) -> Q:
    held = Q(locked_until__isnull=True) | Q(locked_until__isnull=False, locked_until__gt=scope.context.now)
    return Q(locked_by__isnull=False) & held


# As the index says it that has open tickets in the order of their waiting. Asked for the column alone, PostgreSQL
# takes another one on a large desk, and sorts all that wait.
_NEVER = Value(NEVER)
_IS_WAITING = LessThan(Coalesce(F("waiting_since"), _NEVER), _NEVER)

IS: Flags = {
    "open": _of_type(*OPEN_TYPES),
    "closed": _of_type(StateType.CLOSED),
    "new": _of_type(StateType.NEW),
    "pending": _of_type(*PENDING_TYPES),
    "merged": _of_type(StateType.MERGED),
    "removed": _of_type(StateType.REMOVED),
    "due": Flag(_is_due, lambda scope: Q(pending_until__isnull=False, pending_until__lte=scope.context.now)),
    "overdue": Flag(_is_overdue, lambda scope: Q(due_at__isnull=False, due_at__lte=scope.context.now)),
    "unanswered": _missing("first_answered_at"),
    "answered": _there("first_answered_at"),
    "waiting": Flag(lambda facts: facts.ticket.waiting_since is not None, lambda _scope: Q(_IS_WAITING)),
    "unassigned": _missing("owner_id"),
    "locked": Flag(_is_locked, _locked),
    "archived": _there("archived_at"),
    "unverified": Flag(
        lambda facts: any(not article.is_verified for article in facts.articles),
        lambda _scope: there_is(own_articles().filter(is_verified=False)),
    ),
}

HAS: Flags = {
    # Pictures inside the text, such as those of signatures, are not what people mean.
    "attachment": Flag(
        lambda facts: any(not file.is_inline for file in facts.files),
        lambda _scope: there_is(own_files().filter(is_inline=False)),
    ),
    "note": Flag(
        lambda facts: bool(facts.notes()), lambda _scope: there_is(own_articles().filter(channel=Channel.NOTE))
    ),
    "reply": Flag(
        lambda facts: bool(facts.replies()),
        lambda _scope: there_is(own_articles().filter(ANSWERS)),
    ),
    "third-party": Flag(
        lambda facts: any(article.sender_type == SenderType.THIRD_PARTY for article in facts.articles),
        lambda _scope: there_is(own_articles().filter(sender_type=SenderType.THIRD_PARTY)),
    ),
    "owner": _there("owner_id"),
    "related": _there("related_id"),
    "tag": Flag(lambda facts: bool(facts.ticket.tags), lambda _scope: ~Q(tags=[])),
}

IN: Flags = {
    "desk": _missing("archived_at"),
    "archive": _there("archived_at"),
    "all": Flag(lambda _facts: True, lambda _scope: everything()),
}


def choices_of(flags: Flags) -> tuple[str, ...]:
    return tuple(flags)


def flags_of(flags: Flags) -> Callable[[Facts], list[str]]:
    """The names of those that hold."""
    return lambda facts: [name for name, flag in flags.items() if flag.holds(facts)]


def where_flags(flags: Flags) -> Where:
    def where(predicates: Predicates, scope: Scope) -> Q:
        return any_of(flags[p.text].condition(scope) for p in predicates if isinstance(p, Same))

    return where
