"""The second evaluator: a query asked of the database, always inside what the agent may see.

The cost of an answer is that of its dearest test, see `cost_of`. What reads texts must be narrowed by something that
an index answers, or it is refused with a sentence that says how (promise X7).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.only_open import is_only_open
from ghiseu.tickets.query.patterns import everything
from ghiseu.tickets.query.scope import Scope, context_of
from ghiseu.tickets.query.ticket_fields import Reads, ticket_field
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import And, Everything, FieldTest, HasWords, Node, Not, Or, Query, Same
from ghiseu.tickets.querysets import TicketQuerySet

_SMALL_FLAGS = frozenset({"open", "new", "pending", "due", "overdue", "waiting"})


def select(query: Query, *, agent: Agent, context: Context | None = None, scope: Scope | None = None) -> TicketQuerySet:
    """The tickets that the query means, of those this agent may see; in no order yet.

    Archived ones only where the query itself says where to look (`in:archive`, `in:all`). Reads a few small tables of
    names, unless a `scope` brings them, and no ticket; the tickets are read by whoever uses the set.
    """
    tickets = Ticket.objects.visible_to(agent)
    # What is open is never archived; the database promises it.
    if not query.asks_about("in") and not is_only_open(query):
        tickets = tickets.not_archived()
    return tickets.filter(condition(query, scope or Scope(agent, context or context_of(agent))))


def condition(query: Query, scope: Scope) -> Q:
    """The query as a condition on tickets; it opens nothing by itself, so it goes on top of `visible_to`."""
    return _condition(query.root, scope)


def _condition(node: Node, scope: Scope) -> Q:
    match node:
        case FieldTest(field):
            return ticket_field(field).where(node.predicates, scope)
        case And(parts):
            together = everything()
            for part in parts:
                together &= _condition(part, scope)
            return together
        case Or(parts):
            either, *others = (_condition(part, scope) for part in parts)
            for other in others:
                either |= other
            return either
        case Not(part):
            return ~_condition(part, scope)
        case Everything():
            return everything()


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer costs: `reads` for each ticket that comes into question, few of them if it `is_narrowed`."""

    reads: Reads
    is_narrowed: bool

    @property
    def is_affordable(self) -> bool:
        return self.is_narrowed or self.reads < Reads.TEXTS


def cost_of(query: Query) -> Cost:
    """The cost by what is asked, without asking it. One test that narrows, on which all others hang, is enough."""
    reads = max((_reads(test) for test in query.tests()), default=Reads.ROW)
    return Cost(reads, _narrows(query.root))


def _reads(test: FieldTest) -> Reads:
    """Words are looked up in the index, and only pieces of words in the texts themselves."""
    reads = ticket_field(test.field).reads
    return min(reads, Reads.ROWS) if _asks_words(test) else reads


def _asks_words(test: FieldTest) -> bool:
    return all(isinstance(predicate, HasWords) for predicate in test.predicates)


def _narrows(node: Node) -> bool:
    match node:
        case FieldTest(field):
            by_words = ticket_field(field).reads == Reads.TEXTS and _asks_words(node)
            return ticket_field(field).narrows or by_words or (field.name == "is" and _is_small(node))
        case And(parts):
            return any(_narrows(part) for part in parts)
        case Or(parts):
            return all(_narrows(part) for part in parts)
        case Not() | Everything():
            return False


def _is_small(test: FieldTest) -> bool:
    """Every flag asked for means open tickets only, which small indexes hold."""
    return all(isinstance(p, Same) and p.text in _SMALL_FLAGS for p in test.predicates)


def refuse_if_too_broad(query: Query) -> None:
    """Raises QueryError where texts of all years would be read; it says what to add."""
    if not cost_of(query).is_affordable:
        message = _("This would read every message of the desk. Add a queue, a time such as created>-30d, or is:open.")
        raise QueryError(message, query.text, 0, len(query.text), instead=(f"{query.text} is:open",))
