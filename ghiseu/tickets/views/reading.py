"""Which views an agent sees, and the tickets in one."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import prefetch_related_objects

from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.tickets.models import Audience, Queue, View
from ghiseu.tickets.permissions import Right, queue_ids_with, role_ids_of
from ghiseu.tickets.query.memory import any_fits
from ghiseu.tickets.query.names import Names
from ghiseu.tickets.query.only_open import is_only_open
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import AddressIs, And, FieldTest, IsMe, Query, Same
from ghiseu.tickets.querysets import TicketQuerySet
from ghiseu.tickets.views.understanding import understood

_SHARED_WITH = "owner_id = %s OR audience = 'everyone' OR audience = 'role' AND role_id = ANY(%s)"
_ORDER = {Audience.EVERYONE: 0, Audience.ROLE: 1, Audience.ME: 2}


def views_shared_with(agent: Agent, *, with_people: bool = False) -> list[View]:
    """The kept views meant for this agent, in their order: everybody's, the roles', their own. One statement.

    Some may name a queue that the agent must not know of: show only those that `may_know`. With `with_people` who made
    them and the roles are read along.
    """
    found = objects_where(View, _SHARED_WITH, [agent.pk, list(role_ids_of(agent))])
    if with_people:
        prefetch_related_objects(found, "owner", "role")
    return sorted(found, key=lambda view: (_ORDER[Audience(view.audience)], view.position, view.pk))


def may_know(view: View, *, agent: Agent, names: Names) -> bool:
    """Whether the view's question names no queue that is there and hidden from this agent; one's own are known."""
    if view.owner_id == agent.pk:
        return True
    query = understood(view.query)
    if query is None:
        # What nobody understands any more is shown only where it cannot be about queues.
        return "queue" not in view.query.lower()
    if not any(test.field.values == "queue" for test in query.tests()):
        return True
    readable = set(queue_ids_with(agent, Right.READ))
    every = tuple((queue.pk, queue.name) for queue in names.queues)
    return all(not meant or not meant.isdisjoint(readable) for meant in _queues_meant(view.query, every))


@lru_cache(maxsize=1024)
def _queues_meant(text: str, queues: tuple[tuple[int, str], ...]) -> tuple[frozenset[int], ...]:
    """For each name of a queue in the question, the queues that it means."""
    context = Context()
    tests = [test for test in parse(text, TICKETS).tests() if test.field.values == "queue"]
    return tuple(
        frozenset(pk for pk, name in queues if any_fits((predicate,), [name], context))
        for test in tests
        for predicate in test.predicates
    )


def tickets_in(query: Query, *, scope: Scope, queue: Queue | None = None) -> TicketQuerySet:
    """What the agent sees of a view's question, in one queue or in all; in no order yet."""
    tickets = select(query, agent=scope.agent, scope=scope)
    if queue is not None:
        tickets = tickets.in_queue(queue)
    return tickets.all_at_once() if _finds_few(query) else tickets


def _finds_few(query: Query) -> bool:
    """Whether it names what few tickets have, so that it is quicker to take them all and sort them."""
    parts = query.root.parts if isinstance(query.root, And) else (query.root,)
    return any(isinstance(part, FieldTest) and _is_of_few(part, is_open=is_only_open(query)) for part in parts)


def _is_of_few(test: FieldTest, *, is_open: bool) -> bool:
    match test.field.name:
        case "number":
            return True
        case "customer":
            return all(isinstance(predicate, AddressIs) for predicate in test.predicates)
        case "owner" | "lock":
            return is_open and all(isinstance(predicate, IsMe | Same) for predicate in test.predicates)
        case _:
            return False
