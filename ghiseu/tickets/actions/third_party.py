"""The conversation with somebody else about the matter, inside the ticket and out of the customer's sight."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.archive import come_back
from ghiseu.tickets.actions.messages import NewMessage, add_article, add_to_ticket
from ghiseu.tickets.actions.take import hold, take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Channel, Kind, SenderType, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.writing import atomic


def ask_third_party(ticket: Ticket, message: NewMessage, *, by: Agent) -> Article:
    """An agent writes to somebody who is not the customer: to ask, or to pass a message on.

    The customer never sees it, goes on waiting, and the state stays; whom it goes to takes no part in the ticket
    (promise I6). Raises NotPermitted without the right to answer, InvalidInput for an empty text or no address.
    """
    if not message.text.strip():
        raise InvalidInput(_("The message is empty. Write something first."))
    if not (message.to or message.cc):
        raise InvalidInput(_("The message goes to nobody. Give at least one address."))
    with atomic():
        ticket = take(ticket, by=by, right=Right.REPLY)
        article = add_article(
            ticket, message, sender_type=SenderType.AGENT, channel=Channel.EMAIL, visible=False, agent=by
        )
        add_to_ticket(ticket, article)
        to = ", ".join(person["address"] for person in (*message.to, *message.cc))
        record(ticket, Kind.THIRD_PARTY_ASKED, by=by, article=article, to=to)
    return article


def receive_from_third_party(ticket: Ticket, message: NewMessage) -> Article:
    """The answer of somebody asked joins the ticket, for the agents' eyes only; it brings back an archived one."""
    with atomic():
        ticket = hold(ticket)
        come_back(ticket)
        article = add_article(ticket, message, sender_type=SenderType.THIRD_PARTY, channel=Channel.EMAIL, visible=False)
        add_to_ticket(ticket, article)
        sender = message.from_name or message.from_address
        record(ticket, Kind.THIRD_PARTY_ANSWERED, by=None, article=article, sender=sender)
    return article
