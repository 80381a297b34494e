"""Whether a mail belongs to a ticket that is already there.

Two things let it join: one of our own signed Message-IDs, or the ticket's number in the subject (ours, or the one a
former desk gave before the import) from an address that takes part. Everything else makes a new ticket, which points to
the other one where the mail named it: numbers and foreign Message-IDs can be guessed; they open nothing (promise I1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import F, Q

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.message_ids import Conversation, OurMessage, read_message_id
from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.models import Article, FollowUp, Participant, SenderSign, Ticket
from ghiseu.tickets.numbers import named_numbers

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


@dataclass(frozen=True, slots=True)
class Named:
    """The tickets that mails name, and who takes part in them: asked once for all mails that are judged together."""

    # Those that a mail may join, by id: held until the transaction ends, so that they stay as they are judged.
    held: dict[int, Ticket]
    participants: set[tuple[int, str]]
    # (Message-ID, address that takes part) -> id of the newest such article, and its ticket.
    foreign: dict[tuple[str, str], tuple[int, Ticket]]

    @classmethod
    def by(cls, mails: Iterable[ParsedMail]) -> Named:
        mails = list(mails)
        quoted = {message_id for parsed in mails for message_id in quoted_ids(parsed)}
        signed = {ours.ticket_id for parsed in mails if (ours := _our_message(quoted_ids(parsed)))}
        numbers = {number for parsed in mails for number in named_numbers(parsed.subject)}
        senders = {parsed.sender.address.lower() for parsed in mails if parsed.sender}
        held = _hold(signed, numbers) if signed or numbers else {}
        take_part = Participant.objects.filter(ticket__in=held, address__in=senders)
        pairs = take_part.values_list("ticket_id", "address") if held else []
        return cls(held, set(pairs), _foreign(quoted, senders, held) if quoted else {})

    def learn(self, article: Article) -> None:
        """One of the mails was filed, and the next one may answer it."""
        ticket = article.ticket
        if ticket.pk not in self.held:
            self.participants.add((ticket.pk, article.from_address))
        for pk, address in self.participants:
            if pk == ticket.pk:
                self.foreign[article.message_id, address] = (article.pk, ticket)

    def by_number(self, subject: str) -> Ticket | None:
        found = {ticket.number: ticket for ticket in self.held.values()}
        return next((found[number] for number in named_numbers(subject) if number in found), None)

    def by_foreign_message_id(self, ids: list[str], sender: str) -> Ticket | None:
        """A ticket that holds the message answered and that the sender takes part in: worth a link, no more."""
        found = [self.foreign[message_id, sender] for message_id in ids if (message_id, sender) in self.foreign]
        return max(found, key=lambda one: one[0])[1] if found else None

    def takes_part(self, ticket: Ticket, sender: str) -> bool:
        return (ticket.pk, sender) in self.participants


def _hold(pks: Collection[int], numbers: Collection[str]) -> dict[int, Ticket]:
    """In their order, so that two workers never wait for each other in a circle; what was erased has no name."""
    tickets = Ticket.objects.for_list().select_related("queue__sla", "queue__calendar").filter(erased_at__isnull=True)
    tickets = tickets.select_for_update(of=("self",), no_key=True)
    return {ticket.pk: ticket for ticket in tickets.filter(Q(pk__in=pks) | Q(number__in=numbers)).order_by("pk")}


def _foreign(
    ids: Collection[str], senders: Collection[str], held: dict[int, Ticket]
) -> dict[tuple[str, str], tuple[int, Ticket]]:
    articles = Article.objects.filter(message_id__in=ids, ticket__participants__address__in=senders)
    rows = list(
        articles.order_by("pk").values_list("message_id", F("ticket__participants__address"), "pk", "ticket_id")
    )
    tickets = Ticket.objects.in_bulk([ticket_id for *_, ticket_id in rows if ticket_id not in held]) | held
    return {(message_id, address): (pk, tickets[ticket_id]) for message_id, address, pk, ticket_id in rows}


def belonging_of(parsed: ParsedMail, sign: SenderSign = SenderSign.UNKNOWN, named: Named | None = None) -> Belonging:
    """Where the mail belongs; `sign` is what is known of its sender's address. Who forges an address takes no part.

    `named` is what is known of this mail among others; without it that is asked now, in the caller's transaction.
    """
    named = named or Named.by([parsed])
    sender = parsed.sender.address.lower() if parsed.sender and sign != SenderSign.FORGED else ""
    ids = quoted_ids(parsed)
    ours = _our_message(ids)
    ticket = named.held.get(ours.ticket_id) if ours else None
    if ours and ticket and ours.conversation == Conversation.THIRD_PARTY:
        asked = _was_asked(ticket, ids, sender)
        how = "" if asked else ", from an address that was not asked: shown as unverified"
        reason = f"answer of a third party by signed Message-ID to {ticket.number}{how}"
        return Belonging(ticket, None, asked, reason, reopens=False, by_third_party=True)
    if ticket:
        takes_part = named.takes_part(ticket, sender)
        how = "" if takes_part else ", from an address that takes no part: shown as unverified"
        return _unless_closed_for_good(ticket, takes_part, f"follow-up by signed Message-ID to {ticket.number}{how}")
    if ticket := named.by_number(parsed.subject):
        if named.takes_part(ticket, sender):
            proven = sign == SenderSign.PROVEN
            how = "" if proven else "; nothing proves the sender: shown as unverified"
            return _unless_closed_for_good(ticket, proven, f"follow-up by number {ticket.number} and participant{how}")
        return Belonging(
            None, ticket, True, f"new ticket: {ticket.number} stands in the subject, but the sender takes no part"
        )
    if ticket := named.by_foreign_message_id(ids, sender):
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


def _our_message(ids: list[str]) -> OurMessage | None:
    return next((found for message_id in ids if (found := read_message_id(message_id))), None)


def _was_asked(ticket: Ticket, ids: list[str], sender: str) -> bool:
    """Whether one of the messages that the mail answers went to this address, and out of the customer's sight."""
    asked = Article.objects.filter(ticket=ticket, is_visible_to_customer=False, message_id__in=ids)
    return bool(sender) and OutboundMail.objects.filter(article__in=asked, recipient=sender).exists()
