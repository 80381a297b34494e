"""An agent answers a notification from the own mail program, and speaks as the agent - or as nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.message_ids import AgentToken, read_notification_id
from ghiseu.people.models import Agent
from ghiseu.tickets.models import SenderSign, Ticket
from ghiseu.tickets.permissions import Right, may


@dataclass(frozen=True, slots=True)
class AgentsWord:
    """The ticket that a notification named, and the agent who may speak there by mail; or why nobody may."""

    ticket: Ticket
    agent: Agent | None
    reason: str


def agents_word(parsed: ParsedMail, ids: Iterable[str], sign: SenderSign) -> AgentsWord | None:
    """Whether this mail answers a notification of ours, and whether it is the agent who does.

    The token must be valid still, the mail come from the agent's own address and not be known as forged, and the agent
    be active with the right to answer at this moment (promise I2). None where no notification is answered.
    """
    token = notification_in(ids)
    if token is None:
        return None
    ticket = Ticket.objects.select_related("queue").filter(pk=token.ticket_id).first()
    if ticket is None:
        return None
    agent = Agent.objects.filter(pk=token.agent_id).first()
    sender = parsed.sender.address.lower() if parsed.sender else ""
    if agent is None or not agent.is_active:
        why = "the agent is no longer active"
    elif not token.is_valid:
        why = "the notification is too old to speak by it"
    elif sender != agent.email.lower() or sign == SenderSign.FORGED:
        why = f"it does not come from {agent.login}'s own address"
    elif not (may(agent, Right.READ, ticket.queue_id) and may(agent, Right.REPLY, ticket.queue_id)):
        why = f"{agent.login} may not answer in {ticket.queue.name}"
    else:
        return AgentsWord(ticket, agent, f"answer of {agent.login} by signed notification in {ticket.number}")
    return AgentsWord(ticket, None, f"new ticket: it answers a notification in {ticket.number}, but {why}")


def notification_in(ids: Iterable[str]) -> AgentToken | None:
    """The notification of ours among these messages, the first one."""
    return next((found for message_id in ids if (found := read_notification_id(message_id))), None)
