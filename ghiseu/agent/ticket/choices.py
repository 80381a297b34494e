"""What an agent can choose from on the ticket page: colleagues, queues, states, times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.sla.hours import read_hours
from ghiseu.tickets.models import Queue, State, StateType, Ticket
from ghiseu.tickets.permissions import Right, agents_with

# What is told of a colleague: everybody is read with every ticket page, so no more of them than that.
_SHOWN = ("name", "shift", "time_zone", "away_from", "away_until", "substitute__name")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can take the ticket: how many open tickets they have, and whether they are there now.

    `is_on_duty` is None where nothing is known of a shift.
    """

    agent: Agent
    open_count: int
    is_away: bool
    is_on_duty: bool | None


def colleagues_for(ticket: Ticket) -> list[Colleague]:
    """Everybody who may read the ticket's queue: who is there first, who is away last, by name."""
    # Apart from the agents: so the count reads the small index of open tickets, not years of closed ones.
    rows = Ticket.objects.open().filter(owner__isnull=False).order_by().values_list("owner_id").annotate(Count("pk"))
    counts: dict[int, int] = dict(rows)
    now = timezone.now()
    found = [
        Colleague(agent, counts.get(agent.pk, 0), agent.is_away(now), on_duty(agent, now))
        for agent in agents_with(Right.READ, ticket.queue_id).select_related("substitute").only(*_SHOWN).by_name()
    ]
    return sorted(found, key=lambda one: (one.is_away, one.is_on_duty is False))


def on_duty(agent: Agent, moment: dt.datetime) -> bool | None:
    """Whether the moment lies in the agent's shift, by the agent's own clock; None where no shift is known."""
    return read_hours(agent.shift).is_open(moment, ZoneInfo(agent.time_zone)) if agent.shift else None


def queues_to_move_to(ticket: Ticket, *, agent: Agent) -> list[Queue]:
    others = Queue.objects.where(agent, Right.MOVE_INTO).active().exclude(pk=ticket.queue_id)
    return list(others.only("name").order_by("name"))


def closing_states() -> list[State]:
    return list(State.objects.filter(type=StateType.CLOSED, is_active=True).order_by("pk"))


def tomorrow_morning() -> str:
    """Nine o'clock on the agent's next day, as a time field writes it."""
    day = timezone.localdate() + dt.timedelta(days=1)
    return f"{day.isoformat()}T09:00"
