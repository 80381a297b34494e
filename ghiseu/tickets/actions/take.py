"""Taking a ticket in hand: the row held for this transaction, the right asked for."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.clocks import MOVES_CLOCKS, move_clocks
from ghiseu.tickets.errors import TicketErased, TicketNotFound
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.permissions import Right, require_on
from ghiseu.tickets.writing import held, update


def take(ticket: Ticket, *, by: Agent, right: Right) -> Ticket:
    """The ticket as it is now, its row held until the transaction ends.

    Raises TicketNotFound where the agent may not see it (any more), NotPermitted where the right is missing,
    TicketErased where a rule of retention has left nothing of it to work on.
    """
    fresh = Ticket.objects.visible_to(by).for_list().select_for_update(of=("self",)).filter(pk=ticket.pk).first()
    if fresh is None:
        raise TicketNotFound
    if fresh.erased_at is not None:
        raise TicketErased(fresh)
    require_on(by, right, fresh)
    return fresh


def hold(ticket: Ticket) -> Ticket:
    """The same for the desk itself, which needs no right."""
    mine = held(Ticket, ticket.pk)
    return mine or Ticket.objects.for_list().select_for_update(of=("self",)).get(pk=ticket.pk)


def change(ticket: Ticket, **values: Any) -> None:
    """Save these fields, the time of the change, and what becomes of the ticket's clocks by it; nothing else."""
    was_open = ticket.is_open
    values["changed_at"] = max(timezone.now(), ticket.changed_at)
    for field, value in values.items():
        setattr(ticket, field, value)
    if MOVES_CLOCKS & values.keys():
        values |= move_clocks(ticket, was_open=was_open, is_moved="queue" in values)
    update(ticket, list(values))
