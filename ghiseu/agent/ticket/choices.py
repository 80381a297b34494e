"""What an agent can choose from on the ticket page: colleagues, queues, states, times; and what binds the ticket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.sla.hours import read_hours
from ghiseu.tickets.models import LegalHold, State, StateType, Ticket
from ghiseu.tickets.permissions import Right, agents_with, queue_ids_with
from ghiseu.tickets.query.names import KnownQueue
from ghiseu.tickets.views.counting import MOST_COUNTED, count_owned

_MAY_MOVE_TO = """
    SELECT id, name, is_active FROM tickets_queue WHERE id = ANY(%s) AND is_active AND id <> %s ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can take the ticket: how many open tickets they have, and whether they are there now.

    `is_on_duty` is None where nothing is known of a shift; `substitute` is who stands in for somebody away.
    """

    agent: Agent
    open_count: int
    is_away: bool
    is_on_duty: bool | None
    substitute: str = ""

    @property
    def load(self) -> str:
        return f"{MOST_COUNTED}+" if self.open_count > MOST_COUNTED else str(self.open_count)


def colleagues_for(ticket: Ticket) -> list[Colleague]:
    """Everybody who may read the ticket's queue: who is there first, who is away last, by name."""
    agents, now = agents_with(Right.READ, ticket.queue_id), timezone.now()
    counts = count_owned([agent.pk for agent in agents])
    away = [agent for agent in agents if agent.is_away(now)]
    names = _names_of({agent.substitute_id for agent in away if agent.substitute_id}, agents)
    found = [
        Colleague(agent, counts[agent.pk], agent in away, on_duty(agent, now), names.get(agent.substitute_id or 0, ""))
        for agent in agents
    ]
    return sorted(found, key=lambda one: (one.is_away, one.is_on_duty is False))


def _names_of(ids: set[int], among: Sequence[Agent]) -> dict[int, str]:
    """By one statement more where somebody is none of these."""
    names = {agent.pk: agent.name for agent in among}
    if missing := ids - names.keys():
        names |= {agent.pk: agent.name for agent in objects_where(Agent, "id = ANY(%s)", [list(missing)])}
    return names


def on_duty(agent: Agent, moment: dt.datetime) -> bool | None:
    """Whether the moment lies in the agent's shift, by the agent's own clock; None where no shift is known."""
    return read_hours(agent.shift).is_open(moment, ZoneInfo(agent.time_zone)) if agent.shift else None


def queues_to_move_to(ticket: Ticket, *, agent: Agent) -> list[KnownQueue]:
    with connection.cursor() as cursor:
        cursor.execute(_MAY_MOVE_TO, [queue_ids_with(agent, Right.MOVE_INTO), ticket.queue_id])
        return [KnownQueue._make(row) for row in cursor.fetchall()]


def holds_on(ticket: Ticket) -> list[LegalHold]:
    """What keeps the ticket from being erased, as `LegalHoldQuerySet.on_ticket` says it; the newest first.

    Asked with every page and found hardly ever.
    """
    condition = "lifted_at IS NULL AND (ticket_id = %s OR customer_id = %s)"
    return objects_where(LegalHold, condition, [ticket.pk, ticket.customer_id], order="placed_at DESC, id DESC")


def closing_states() -> list[State]:
    return objects_where(State, "type = %s AND is_active", [StateType.CLOSED.value], order="id")


def tomorrow_morning() -> str:
    """Nine o'clock on the agent's next day, as a time field writes it."""
    day = timezone.localdate() + dt.timedelta(days=1)
    return f"{day.isoformat()}T09:00"
