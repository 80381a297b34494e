from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Customer
from ghiseu.tickets.actions.messages import NewMessage, add_article, add_participants, last_words
from ghiseu.tickets.actions.state import state_of_type
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Channel, Kind, Priority, Queue, SenderType, StateType, Ticket
from ghiseu.tickets.numbers import next_number


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
    `related` is the ticket that the message named but
    could not join.
    """
    with transaction.atomic():
        now = timezone.now()
        state = state_of_type(StateType.NEW)
        ticket = Ticket.objects.create(
            number=next_number(),
            title=(" ".join(message.subject.split()) or _("(no subject)"))[:500],
            queue=queue,
            state=state,
            state_type=state.type,
            priority=priority,
            customer=customer,
            language=customer.language or language,
            waiting_since=now,
            created_at=now,
            changed_at=now,
            related=related,
            article_count=1,
            last_words=last_words(message),
        )
        article = add_article(
            ticket, message, sender_type=SenderType.CUSTOMER, channel=Channel.EMAIL, visible=True, customer=customer
        )
        add_participants(ticket, [message.from_address] if message.from_address else [])
        record(
            ticket,
            Kind.CREATED,
            by=customer,
            article=article,
            queue=queue.name,
            related=related.number if related else "",
        )
    return article
