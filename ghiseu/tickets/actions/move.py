from __future__ import annotations

from django.db import transaction

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.assign import record_owner
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.errors import NotPermitted
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Kind, Queue, Ticket
from ghiseu.tickets.permissions import Right, may


def move_ticket(ticket: Ticket, *, to: Queue, by: Agent) -> Ticket:
    """Put the ticket into another queue; an owner who may not read that queue loses it, a lock ends.

    The right to move into the target is what it takes; it may be given without the right to read there, so that one
    can hand over to a queue one does not see. Raises TicketNotFound where the agent may not see the ticket,
    NotPermitted without the right on the target.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.READ)
        if not may(by, Right.MOVE_INTO, to.pk):
            raise NotPermitted(by, Right.MOVE_INTO, to)
        if ticket.queue_id == to.pk:
            return ticket
        old, owner = ticket.queue, ticket.owner
        kept = owner if owner and may(owner, Right.READ, to.pk) else None
        change(ticket, queue=to, owner=kept, locked_by=None, locked_until=None)
        record(ticket, Kind.QUEUE_CHANGED, by=by, queues=(old.pk,), old=old.name, new=to.name)
        if owner and not kept:
            record_owner(ticket, old=owner, new=None, by=None)
    return ticket
