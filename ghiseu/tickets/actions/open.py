from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions.messages import NewMessage, add_article, add_participants, last_words
from ghiseu.tickets.actions.state import state_of_type
from ghiseu.tickets.clocks import start_clocks
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Channel, Kind, Priority, Queue, SenderType, StateType, Ticket
from ghiseu.tickets.numbers import next_number
from ghiseu.tickets.permissions import Right, require
from ghiseu.tickets.writing import atomic, insert


def open_ticket(
    queue: Queue,
    message: NewMessage,
    *,
    customer: Customer,
    priority: Priority = Priority.NORMAL,
    language: str = "",
    related: Ticket | None = None,
) -> Article:
    """Make a ticket of a customer's first message; the article returned knows its ticket.

    The sender takes part, and nobody else: not who stands in Cc. `language` counts where the customer's is not known;
    `related` is the ticket that the message named but could not join.
    """
    with atomic():
        ticket = _new_ticket(queue, message, customer, StateType.NEW, priority=priority, related=related)
        ticket.waiting_since = ticket.created_at
        ticket.language = ticket.language or language
        if message.arrived_at is None:
            start_clocks(ticket)
        insert(ticket)
        article = add_article(
            ticket, message, sender_type=SenderType.CUSTOMER, channel=Channel.EMAIL, visible=True, customer=customer
        )
        add_participants(ticket, [message.from_address] if message.from_address else [], are_first=True)
        named = related.number if related else ""
        record(ticket, Kind.CREATED, by=customer, article=article, queue=queue.name, related=named)
    return article


def open_ticket_for(
    queue: Queue, message: NewMessage, *, customer: Customer, by: Agent, channel: Channel = Channel.EMAIL
) -> Article:
    """Make a ticket that an agent begins: a first mail to the customer, or what the customer said on the telephone.

    The agent owns it. After a mail the turn is the customer's; after a call the customer waits for us. Whom a mail
    goes to takes part. Raises NotPermitted without the right to create tickets in the queue, InvalidInput for an
    empty text or a mail to nobody.
    """
    require(by, Right.CREATE, queue)
    by_mail = channel == Channel.EMAIL
    if not message.text.strip():
        raise InvalidInput(_("The message is empty. Write something first."))
    if by_mail and not (message.to or message.cc):
        raise InvalidInput(_("The message goes to nobody. Give at least one address."))
    with atomic():
        ticket = _new_ticket(queue, message, customer, StateType.OPEN, owner=by)
        if by_mail:
            ticket.first_answered_at = ticket.created_at
        else:
            ticket.waiting_since = ticket.created_at
        start_clocks(ticket)
        insert(ticket)
        author = {"agent": by} if by_mail else {"agent": by, "customer": customer}
        sender_type = SenderType.AGENT if by_mail else SenderType.CUSTOMER
        article = add_article(ticket, message, sender_type=sender_type, channel=channel, visible=True, **author)
        add_participants(ticket, [person["address"] for person in (*message.to, *message.cc)], are_first=True)
        record(ticket, Kind.CREATED, by=by, article=article, queue=queue.name, related="")
    return article


def _new_ticket(queue: Queue, message: NewMessage, customer: Customer, state_type: StateType, **fields: Any) -> Ticket:
    """A ticket not saved yet, counting the one article it is made for."""
    now = message.arrived_at or timezone.now()
    state = state_of_type(state_type)
    return Ticket(
        number=next_number(now),
        title=(" ".join(message.subject.split()) or _("(no subject)"))[:500],
        queue=queue,
        state=state,
        state_type=state.type,
        customer=customer,
        language=customer.language,
        created_at=now,
        changed_at=now,
        article_count=1,
        last_words=last_words(message),
        **fields,
    )
