from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import Actor, record
from ghiseu.tickets.models import Kind, Ticket
from ghiseu.tickets.permissions import Right, may


def assign_ticket(ticket: Ticket, *, to: Agent | None, by: Agent) -> Ticket:
    """Hand the ticket to an agent, or with None back to all; a lock of the former owner ends with it.

    Giving it to its owner changes nothing. Raises NotPermitted without the right to assign, InvalidInput where the
    new owner may not read the queue: they would never find it.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.ASSIGN)
        if to is not None and not may(to, Right.READ, ticket.queue_id):
            raise InvalidInput(
                _("%(agent)s may not read the queue %(queue)s. Choose somebody else, or move the ticket first.")
                % {"agent": to.name, "queue": ticket.queue.name}
            )
        change_owner(ticket, to=to, by=by)
    return ticket


def change_owner(ticket: Ticket, *, to: Agent | None, by: Actor) -> None:
    """For a ticket already in hand; also what answering a ticket without an owner does."""
    if ticket.owner_id == (to.pk if to else None):
        return
    old = ticket.owner
    change(ticket, owner=to, locked_by=None, locked_until=None)
    record_owner(ticket, old=old, new=to, by=by)


def record_owner(ticket: Ticket, *, old: Agent | None, new: Agent | None, by: Actor) -> None:
    """The names are for reading, as they were; the ids let one ask later who ever had it."""
    record(
        ticket,
        Kind.OWNER_CHANGED,
        by=by,
        old=old.name if old else "",
        new=new.name if new else "",
        old_id=old.pk if old else None,
        new_id=new.pk if new else None,
    )
