"""What can be refused, as one small tree. Every message names the thing, the cause and the way out.

DeskError
├── TicketNotFound        the ticket is not there, or not for this agent: the two look alike (promise A3)
├── NotPermitted          the agent sees the ticket but lacks the right
├── NotAdministrator      the agent does not set the desk up
├── TicketLocked          another agent holds it
├── TicketErased          a rule of retention wiped it; what is left is for counts
├── ConversationMovedOn   something new arrived since the agent looked
└── InvalidInput          a value that cannot be taken
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from ghiseu.people.models import Agent
    from ghiseu.tickets.models import Queue, Ticket
    from ghiseu.tickets.permissions import Right


class DeskError(Exception):
    """A refused act; `str()` is the sentence shown to the person who tried."""


class TicketNotFound(DeskError):
    def __init__(self) -> None:
        super().__init__(_("There is no such ticket. Check the number, or look for the customer instead."))


class NotPermitted(DeskError):
    def __init__(self, agent: Agent, right: Right, queue: Queue) -> None:
        super().__init__(
            _(
                "You may not do this in the queue %(queue)s: none of your roles has the right “%(right)s” there. "
                "Ask an administrator."
            )
            % {"queue": queue.name, "right": right.label}
        )
        self.agent, self.right, self.queue = agent, right, queue


class NotAdministrator(DeskError):
    def __init__(self) -> None:
        super().__init__(_("Only administrators may do this. Ask one of them."))


class TicketLocked(DeskError):
    def __init__(self, ticket: Ticket) -> None:
        holder = ticket.locked_by.name if ticket.locked_by else ""
        values = {"number": ticket.number, "agent": holder}
        if ticket.locked_until is None:
            text = _("Ticket %(number)s is locked by %(agent)s. Ask them to unlock it.") % values
        else:
            values["time"] = date_format(localtime(ticket.locked_until), "H:i")
            text = _("Ticket %(number)s is locked by %(agent)s until %(time)s. Ask them, or wait.") % values
        super().__init__(text)
        self.ticket = ticket


class TicketErased(DeskError):
    def __init__(self, ticket: Ticket) -> None:
        super().__init__(
            _("Ticket %(number)s was erased by a rule of retention. Open a new one for what comes now.")
            % {"number": ticket.number}
        )
        self.ticket = ticket


class ConversationMovedOn(DeskError):
    def __init__(self, ticket: Ticket) -> None:
        super().__init__(
            _("Something new arrived in ticket %(number)s while you were writing. Read it, then send again.")
            % {"number": ticket.number}
        )
        self.ticket = ticket


class InvalidInput(DeskError):
    """The message is made where the value is known."""
