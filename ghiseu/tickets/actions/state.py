from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import Actor, record
from ghiseu.tickets.models import PENDING_TYPES, Kind, State, StateType, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.writing import once


def close_ticket(ticket: Ticket, *, by: Agent, state: State | None = None) -> Ticket:
    """End the matter, with a chosen state of the type "closed" or the first such one; a lock ends with it.

    Closing again with the same state changes nothing. Raises NotPermitted without the right to close, InvalidInput
    for a state that is not a closed one.
    """
    if state is not None and state.type != StateType.CLOSED:
        raise InvalidInput(_("“%(state)s” does not close a ticket. Choose a closed state.") % {"state": state.name})
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        change_state(ticket, state or state_of_type(StateType.CLOSED), by=by)
    return ticket


def reopen_ticket(ticket: Ticket, *, by: Agent) -> Ticket:
    """Take a closed or waiting ticket up again; an open one stays as it is.

    Raises NotPermitted without the right to close.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        if ticket.state_type not in (StateType.NEW, StateType.OPEN):
            change_state(ticket, state_of_type(StateType.OPEN), by=by)
    return ticket


def set_pending(ticket: Ticket, *, until: dt.datetime, by: Agent, state: State | None = None) -> Ticket:
    """Put the ticket aside until a time, with a chosen pending state or the plain reminder.

    Raises NotPermitted without the right to close, InvalidInput for a time gone by or a state that does not wait.
    """
    if until <= timezone.now():
        raise InvalidInput(_("The time to wait until is past. Choose a later one."))
    if state is not None and state.type not in PENDING_TYPES:
        raise InvalidInput(_("“%(state)s” does not wait for a time. Choose a pending state.") % {"state": state.name})
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        change_state(ticket, state or state_of_type(StateType.PENDING_REMINDER), by=by, until=until)
    return ticket


def change_state(ticket: Ticket, state: State, *, by: Actor, until: dt.datetime | None = None) -> None:
    """For a ticket already in hand: the state with everything that hangs on it."""
    if ticket.state_id == state.pk and ticket.pending_until == until:
        return
    old = ticket.state
    values: dict[str, object] = {"state": state, "state_type": state.type, "pending_until": until}
    if state.type == StateType.CLOSED:
        values |= {"closed_at": timezone.now(), "waiting_since": None, "locked_by": None, "locked_until": None}
    else:
        values |= {"closed_at": None, "archived_at": None}
    comes_back = ticket.archived_at is not None and "archived_at" in values
    change(ticket, **values)
    if comes_back:
        record(ticket, Kind.BROUGHT_BACK, by=by)
    record(ticket, Kind.STATE_CHANGED, by=by, old=old.name, new=state.name, until=until.isoformat() if until else "")


def state_of_type(kind: StateType) -> State:
    """The state used where nobody chose one: the oldest active of its type. Raises InvalidInput where there is none."""
    state = once(("state of type", kind), lambda: _oldest_active(kind))
    if state is None:
        raise InvalidInput(_("No state of the type “%(type)s” is active. Activate one.") % {"type": kind.label})
    return state


def _oldest_active(kind: StateType) -> State | None:
    return State.objects.filter(type=kind, is_active=True).order_by("pk").first()
