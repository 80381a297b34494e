"""What an agent can choose from on the ticket page: colleagues, queues, states, times."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.models import OPEN_TYPES, Queue, State, StateType, Ticket
from ghiseu.tickets.permissions import Right


def colleagues_for(ticket: Ticket) -> list[Agent]:
    """Everybody who may read the ticket's queue, by name, each with `open_count`: how many open tickets they have."""
    return list(
        Agent.objects.active()
        .filter(
            roles__grants__queue=ticket.queue_id,
            roles__grants__rights__overlap=[Right.READ.value, Right.FULL.value],
        )
        .distinct()
        .annotate(open_count=Count("tickets", filter=Q(tickets__state_type__in=OPEN_TYPES), distinct=True))
        .by_name()
    )


def queues_to_move_to(ticket: Ticket, *, agent: Agent) -> list[Queue]:
    return list(Queue.objects.where(agent, Right.MOVE_INTO).active().exclude(pk=ticket.queue_id).order_by("name"))


def closing_states() -> list[State]:
    return list(State.objects.filter(type=StateType.CLOSED, is_active=True).order_by("pk"))


def tomorrow_morning() -> str:
    """Nine o'clock on the agent's next day, as a time field writes it."""
    day = timezone.localdate() + dt.timedelta(days=1)
    return f"{day.isoformat()}T09:00"
