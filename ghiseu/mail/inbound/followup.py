"""Whether a mail belongs to a ticket that is already there.

Two things let it join: one of our own signed Message-IDs, or the ticket's number in the subject from an address that
takes part. Everything else makes a new ticket, which points to the other one where the mail named it: numbers and
foreign Message-IDs can be guessed, so they open nothing (promise I1).
"""

from __future__ import annotations

from dataclasses import dataclass

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.message_ids import Conversation, read_message_id
from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.models import Article, FollowUp, Participant, SenderSign, Ticket
from ghiseu.tickets.numbers import numbers_in

# More ids than any honest thread needs to look at; the newest stand last (RFC 5322 section 3.6.4).
_LOOKED_AT_IDS = 50


@dataclass(frozen=True, slots=True)
class Belonging:
    """What was found: the ticket to join, or one to point to, or neither, and the reason in words."""

    joins: Ticket | None
    points_to: Ticket | None
    # Whether the sender is proven to take part, and not only holds a message of ours.
    is_verified: bool
    reason: str
    # Whether a closed ticket opens again by it.
    reopens: bool = True
    # Whether it answers what an agent wrote to somebody else: then the customer does not see it.
    by_third_party: bool = False


def belonging_of(parsed: ParsedMail, sign: SenderSign = SenderSign.UNKNOWN) -> Belonging:
    """Where the mail belongs; `sign` is what is known of its sender's address. Who forges an address takes no part."""
    sender = parsed.sender.address.lower() if parsed.sender and sign != SenderSign.FORGED else ""
    ids = quoted_ids(parsed)
    ticket, conversation = _by_our_message_id(ids)
    if ticket and conversation == Conversation.THIRD_PARTY:
        asked = _was_asked(ticket, ids, sender)
        how = "" if asked else ", from an address that was not asked: shown as unverified"
        reason = f"answer of a third party by signed Message-ID to {ticket.number}{how}"
        return Belonging(ticket, None, asked, reason, reopens=False, by_third_party=True)
    if ticket:
        takes_part = _takes_part(ticket, sender)
        how = "" if takes_part else ", from an address that takes no part: shown as unverified"
        return _unless_closed_for_good(ticket, takes_part, f"follow-up by signed Message-ID to {ticket.number}{how}")
    if ticket := _by_number(parsed.subject):
        if _takes_part(ticket, sender):
            proven = sign == SenderSign.PROVEN
            how = "" if proven else "; nothing proves the sender: shown as unverified"
            return _unless_closed_for_good(ticket, proven, f"follow-up by number {ticket.number} and participant{how}")
        return Belonging(
            None, ticket, True, f"new ticket: {ticket.number} stands in the subject, but the sender takes no part"
        )
    if ids and (ticket := _by_foreign_message_id(ids, sender)):
        return Belonging(
            None, ticket, True, f"new ticket: it answers a message in {ticket.number}, but none that we sent"
        )
    return Belonging(None, None, True, "new ticket")


def _unless_closed_for_good(ticket: Ticket, is_verified: bool, reason: str) -> Belonging:
    """Obey the queue where it wants a closed ticket to stay closed."""
    if ticket.is_open or ticket.queue.follow_up == FollowUp.REOPEN:
        return Belonging(ticket, None, is_verified, reason)
    if ticket.queue.follow_up == FollowUp.REJECT:
        return Belonging(ticket, None, is_verified, f"{reason}; it stays closed, as its queue says", reopens=False)
    return Belonging(None, ticket, True, f"{reason}; it is closed, and its queue makes a new ticket then")


def quoted_ids(parsed: ParsedMail) -> list[str]:
    """The messages that a mail says it answers, the nearest first."""
    ids = [parsed.in_reply_to] if parsed.in_reply_to else []
    return list(dict.fromkeys(ids + list(reversed(parsed.references))))[:_LOOKED_AT_IDS]


def _by_our_message_id(ids: list[str]) -> tuple[Ticket | None, Conversation]:
    ours = next((found for message_id in ids if (found := read_message_id(message_id))), None)
    if ours is None:
        return None, Conversation.CUSTOMER
    return Ticket.objects.select_related("queue").filter(pk=ours.ticket_id).first(), ours.conversation


def _by_number(subject: str) -> Ticket | None:
    numbers = numbers_in(subject)
    if not numbers:
        return None
    found = {ticket.number: ticket for ticket in Ticket.objects.select_related("queue").filter(number__in=numbers)}
    return next((found[number] for number in numbers if number in found), None)


def _by_foreign_message_id(ids: list[str], sender: str) -> Ticket | None:
    """A ticket that holds the message answered and that the sender takes part in: worth a link, no more."""
    articles = Article.objects.filter(message_id__in=ids, ticket__participants__address=sender)
    article = articles.select_related("ticket").order_by("-pk").first()
    return article.ticket if article else None


def _takes_part(ticket: Ticket, sender: str) -> bool:
    return bool(sender) and Participant.objects.filter(ticket=ticket, address=sender).exists()


def _was_asked(ticket: Ticket, ids: list[str], sender: str) -> bool:
    """Whether one of the messages that the mail answers went to this address, and out of the customer's sight."""
    asked = Article.objects.filter(ticket=ticket, is_visible_to_customer=False, message_id__in=ids)
    return bool(sender) and OutboundMail.objects.filter(article__in=asked, recipient=sender).exists()
