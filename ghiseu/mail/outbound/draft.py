"""What stands in the reply box before the agent has written a word: what they see there is what is sent."""

from __future__ import annotations

from ghiseu.people.models import Agent
from ghiseu.tickets.models import QueueText, Ticket


def opening_text(ticket: Ticket, *, by: Agent) -> str:
    """Salutation, room to write, and signature of the ticket's queue in the ticket's language.

    A language without texts of its own gets the queue's plain signature; an empty string where there is none either.
    """
    text = QueueText.objects.filter(queue=ticket.queue, language=ticket.language).first()
    salutation = _filled(text.salutation if text else "", ticket, by)
    signature = _filled(text.signature if text and text.signature else ticket.queue.signature, ticket, by)
    opening = f"{salutation}\n\n" if salutation else ""
    return f"{opening}\n\n-- \n{signature}" if signature else opening


def _filled(text: str, ticket: Ticket, by: Agent) -> str:
    # The customer's name goes in last: whatever it holds, no placeholder in it is filled.
    return text.strip().replace("{agent}", by.name).replace("{customer}", ticket.customer.name).strip()
