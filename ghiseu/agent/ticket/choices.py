"""What an agent can choose from on the ticket page: colleagues, queues, states, times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.sla.hours import read_hours
from ghiseu.tickets.models import Queue, State, StateType, Ticket
from ghiseu.tickets.permissions import Right, agents_with
from ghiseu.tickets.views.counting import MOST_COUNTED, count_owned

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

    @property
    def load(self) -> str:
        return f"{MOST_COUNTED}+" if self.open_count > MOST_COUNTED else str(self.open_count)


def colleagues_for(ticket: Ticket) -> list[Colleague]:
    """Everybody who may read the ticket's queue: who is there first, who is away last, by name."""
    agents = agents_with(Right.READ, ticket.queue_id).select_related("substitute").only(*_SHOWN).by_name()
    counts, now = count_owned([agent.pk for agent in agents]), timezone.now()
    found = [Colleague(agent, counts[agent.pk], agent.is_away(now), on_duty(agent, now)) for agent in agents]
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
