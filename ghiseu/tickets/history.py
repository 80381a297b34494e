"""Writing the history: one change, one row, one announcement on commit."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models import Article, Event, Kind, SenderType, Ticket
from ghiseu.tickets.writing import insert_all, tell

LIVE_CHANNEL = "ghiseu_live"

# Who acts: an agent, a customer, or - None - the desk itself.
Actor = Agent | Customer | None


def record(
    ticket: Ticket, kind: Kind, *, by: Actor, article: Article | None = None, queues: tuple[int, ...] = (), **data: Any
) -> Event:
    """Write what just happened, inside the caller's transaction, and tell open pages when it commits.

    `queues` are further queues whose lists change, such as the one a ticket left. The announcement carries ids only;
    who hears of it is decided where it is heard.
    """
    event = Event(
        ticket=ticket,
        article=article,
        kind=kind,
        actor=_actor_type(by),
        agent=by if isinstance(by, Agent) else None,
        data=data,
        at=timezone.now(),
    )
    insert_all([event])
    for queue_id in {ticket.queue_id, *queues}:
        announce(ticket, queue_id)
    return event


def announce(ticket: Ticket, queue_id: int) -> None:
    """Tell open pages, on commit, that this ticket changed; PostgreSQL sends equal ones of a transaction once."""
    tell(LIVE_CHANNEL, json.dumps({"ticket": ticket.pk, "number": ticket.number, "queue": queue_id}))


def _actor_type(by: Actor) -> SenderType:
    if isinstance(by, Agent):
        return SenderType.AGENT
    return SenderType.SYSTEM if by is None else SenderType.CUSTOMER
