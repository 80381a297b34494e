from __future__ import annotations

from django.db import transaction

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Kind, Priority, Ticket
from ghiseu.tickets.permissions import Right


def set_priority(ticket: Ticket, priority: Priority, *, by: Agent) -> Ticket:
    """Say how urgent it is; the same priority again changes nothing. Raises NotPermitted without the right."""
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.PRIORITY)
        if ticket.priority != priority:
            old = ticket.priority
            change(ticket, priority=priority)
            record(ticket, Kind.PRIORITY_CHANGED, by=by, old=int(old), new=int(priority))
    return ticket
