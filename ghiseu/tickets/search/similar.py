"""Tickets that share rare words."""

from __future__ import annotations

from ghiseu.people.models import Agent
from ghiseu.tickets.models import Ticket


def similar(ticket: Ticket, *, agent: Agent, rows: int = 5) -> list[Ticket]:
    """At most `rows` tickets most like this one, of those this agent may see, loaded for lists."""
    others = Ticket.objects.visible_to(agent).filter(customer_id=ticket.customer_id).exclude(pk=ticket.pk)
    return list(others.newest_first().for_list()[:rows])
