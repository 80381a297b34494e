"""Who asks, when, and the few names that the question may be about: queues, states and agents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.models import PENDING_TYPES, Queue, Service, State, Tag, TicketType
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.query.memory import Person, any_fits
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import IsMe, Predicate

if TYPE_CHECKING:
    from ghiseu.tickets.query.names import Names


def context_of(agent: Agent, *, now: dt.datetime | None = None) -> Context:
    """The agent's own clock and name."""
    return Context(now=now or timezone.now(), zone=zone_named(agent.time_zone), me=agent.login)


def zone_named(name: str) -> dt.tzinfo:
    """The time zone of this name; the desk's own where the world has dropped it."""
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        return timezone.get_default_timezone()


def state_values(state: State) -> tuple[str, ...]:
    """Everything a state is called: its name, its type, and `pending` for both that wait."""
    return (state.name, state.type, *(("pending",) if state.type in PENDING_TYPES else ()))


class Scope:
    """The names are compared in Python, by the same code as in memory, and read once, when first needed.

    Only queues that the agent may read have a name here: a question about another one finds what one about a queue
    that does not exist finds.
    """

    def __init__(self, agent: Agent, context: Context, names: Names | None = None, *, everywhere: bool = False) -> None:
        """With `names`, which somebody has read already, nothing is read at all.

        With `everywhere` every queue has its name, for one answer in which each reader then takes their own queues.
        """
        self.agent = agent
        self.context = context
        if names is not None:
            readable = {queue.pk for queue in names.queues} if everywhere else set(queue_ids_with(agent, Right.READ))
            self._queues = [(queue.pk, queue.name) for queue in names.queues if queue.pk in readable]
            self._states, self._agents = names.states, names.agents
            self.types, self.services = names.types, names.services
            if names.tags is not None:
                self._tags = names.tags

    @cached_property
    def _queues(self) -> list[tuple[int, str]]:
        return list(Queue.objects.visible_to(self.agent).values_list("pk", "name"))

    @cached_property
    def _states(self) -> list[State]:
        return list(State.objects.all())

    @cached_property
    def _agents(self) -> list[tuple[int, Person]]:
        rows = Agent.objects.get_queryset().values_list("pk", "name", "login")
        return [(pk, Person(name, login)) for pk, name, login in rows]

    @cached_property
    def types(self) -> list[tuple[int, str]]:
        return list(TicketType.objects.values_list("pk", "name"))

    @cached_property
    def services(self) -> list[tuple[int, str]]:
        return list(Service.objects.values_list("pk", "name"))

    @cached_property
    def _tags(self) -> list[str]:
        return list(Tag.objects.values_list("name", flat=True))

    def tags(self, predicates: Iterable[Predicate]) -> list[str]:
        predicates = tuple(predicates)
        return [name for name in self._tags if any_fits(predicates, [name], self.context)]

    def queue_ids(self, predicates: Iterable[Predicate]) -> list[int]:
        predicates = tuple(predicates)
        return [pk for pk, name in self._queues if any_fits(predicates, [name], self.context)]

    def states(self, predicates: Iterable[Predicate]) -> list[State]:
        predicates = tuple(predicates)
        return [state for state in self._states if any_fits(predicates, state_values(state), self.context)]

    def agent_ids(self, predicates: Iterable[Predicate]) -> list[int]:
        predicates = tuple(predicates)
        if predicates and all(isinstance(one, IsMe) for one in predicates) and self.context.me == self.agent.login:
            return [self.agent.pk]
        return [pk for pk, person in self._agents if any_fits(predicates, [person], self.context)]
