"""The buttons of the ticket page that say how long it is kept: the archive, and the legal hold."""

from __future__ import annotations

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.acts import act
from ghiseu.tickets import actions
from ghiseu.tickets.models import Ticket


@act
def archive(request: AgentRequest, ticket: Ticket) -> None:
    actions.archive_ticket(ticket, by=request.user)


@act
def bring_back(request: AgentRequest, ticket: Ticket) -> None:
    actions.bring_back_ticket(ticket, by=request.user)


@act
def hold(request: AgentRequest, ticket: Ticket) -> None:
    actions.hold_ticket(ticket, reason=request.POST.get("reason", ""), by=request.user)


@act
def release(request: AgentRequest, ticket: Ticket) -> None:
    actions.release_ticket(ticket, by=request.user)
