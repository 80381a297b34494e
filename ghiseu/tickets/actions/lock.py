from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.errors import TicketLocked
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Kind, Ticket
from ghiseu.tickets.permissions import Right


def lock_ticket(ticket: Ticket, *, by: Agent) -> Ticket:
    """Reserve the ticket for one agent, so that no customer gets two answers.

    The lock lapses by itself after the queue's `unlock_after_minutes` (0 means never). Locking a ticket one already
    holds changes nothing. Raises NotPermitted without the right to assign, TicketLocked if another agent holds it.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.ASSIGN)
        if ticket.is_locked_by(by):
            return ticket
        refuse_if_locked(ticket, by=by)
        minutes = ticket.queue.unlock_after_minutes
        until = timezone.now() + dt.timedelta(minutes=minutes) if minutes else None
        change(ticket, locked_by=by, locked_until=until)
        record(ticket, Kind.LOCKED, by=by, until=until.isoformat() if until else "")
    return ticket


def unlock_ticket(ticket: Ticket, *, by: Agent) -> Ticket:
    """Give the ticket free; one that nobody holds stays as it is. Another agent's lock may be opened too: they may
    be ill, and the history says who did it. Raises NotPermitted without the right to assign."""
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.ASSIGN)
        if ticket.is_locked:
            change(ticket, locked_by=None, locked_until=None)
            record(ticket, Kind.UNLOCKED, by=by)
    return ticket


def refuse_if_locked(ticket: Ticket, *, by: Agent) -> None:
    if ticket.is_locked and not ticket.is_locked_by(by):
        raise TicketLocked(ticket)
