"""Putting a mail where it belongs: into its ticket, into a new one, or into an agent's mouth.

Each of these runs inside the transaction of `receive`, and returns the article with what else was decided, in words.
"""

from __future__ import annotations

import datetime as dt
import mimetypes
from collections.abc import Sequence

from ghiseu.lib.addresses import Address
from ghiseu.lib.language import guess_language
from ghiseu.mail.inbound.filters import Decision
from ghiseu.mail.inbound.followup import Belonging
from ghiseu.mail.inbound.parse import ParsedAttachment, ParsedMail
from ghiseu.mail.inbound.routing import queue_for
from ghiseu.mail.inbound.verdict import Verdict
from ghiseu.mail.models import IMPORT, InboundMail
from ghiseu.mail.outbound.autoresponse import Occasion, answer_automatically, occasion_of_new_ticket
from ghiseu.mail.outbound.notify import notify_owner
from ghiseu.mail.outbound.reply import recipients_for, send_reply
from ghiseu.people.customers import customer_for_address, mark_proven
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, NewMessage, open_ticket, receive_from_third_party, receive_message
from ghiseu.tickets.actions.state import change_state, state_of_type
from ghiseu.tickets.models import Article, Priority, SenderType, StateType, Ticket

# The mail names no sender: all such mails stand together under this one, which can never be written to (RFC 2606).
NOBODY = "unknown-sender@invalid"
# A mail that says to be older is mistaken.
FIRST_DAY = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
NOTHING_IS_SENT = "imported: nothing is answered and nobody is notified"


def answer_of_agent(mail: InboundMail, parsed: ParsedMail, ticket: Ticket, agent: Agent) -> Article:
    """The answer goes where an answer from the page would go; what the notification quoted stays behind."""
    asked = ticket.articles.filter(sender_type=SenderType.CUSTOMER, is_visible_to_customer=True).latest("pk")
    to = recipients_for(asked, everyone=False).to
    files = [_new_file(file, position) for position, file in enumerate(parsed.attachments, start=1) if not file.inline]
    article = send_reply(
        ticket, by=agent, text=parsed.reply_text, to=", ".join(person["address"] for person in to), files=files
    )
    article.raw = mail.raw
    article.save(update_fields=["raw"])
    return article


def join(
    mail: InboundMail, parsed: ParsedMail, ticket: Ticket, belonging: Belonging, verdict: Verdict
) -> tuple[Article, list[str]]:
    """The ticket's next message. What a machine wrote opens nothing again, and nobody waits for an answer to it."""
    message = message_of(mail, parsed, verdict, is_verified=belonging.is_verified)
    if belonging.by_third_party:
        return receive_from_third_party(ticket, message), []
    customer = customer_for_address(_sender(parsed), name=message.from_name)
    came_after_closing = not (message.arrived_at and ticket.closed_at) or message.arrived_at > ticket.closed_at
    reopens = belonging.reopens and came_after_closing
    article = receive_message(ticket, message, customer=customer, reopens=reopens, asks=not parsed.auto_submitted)
    if belonging.is_verified:
        mark_proven(message.from_address)
    if mail.channel == IMPORT:
        return article, [NOTHING_IS_SENT]
    occasion = Occasion.FOLLOW_UP if belonging.reopens else Occasion.REJECTED
    told = notify_owner(article)
    return article, [answer_automatically(article, parsed, occasion), *([told] if told else [])]


def open_new(
    mail: InboundMail, parsed: ParsedMail, belonging: Belonging, verdict: Verdict, decision: Decision
) -> tuple[Article, list[str]]:
    """A new ticket, as the rules decided, else as the mailbox and the addresses say."""
    queue, why = queue_for(parsed, mail.mailbox)
    message = message_of(mail, parsed, verdict)
    article = open_ticket(
        decision.queue or queue,
        message,
        customer=customer_for_address(_sender(parsed), name=message.from_name),
        priority=decision.priority or Priority.NORMAL,
        language=guess_language(f"{parsed.subject} {parsed.reply_text}"),
        related=belonging.points_to,
    )
    if state := state_of_type(StateType.CLOSED) if mail.is_settled else decision.state:
        change_state(article.ticket, state, by=None)
    where = [] if decision.queue else [why]
    if mail.channel == IMPORT:
        return article, [*where, NOTHING_IS_SENT]
    closed = belonging.points_to is not None and not belonging.points_to.is_open
    occasion = Occasion.NEW_TICKET if closed else occasion_of_new_ticket(article.ticket.queue)
    return article, [*where, answer_automatically(article, parsed, occasion)]


def _sender(parsed: ParsedMail) -> str:
    return parsed.sender.address if parsed.sender else NOBODY


def message_of(mail: InboundMail, parsed: ParsedMail, verdict: Verdict, *, is_verified: bool = True) -> NewMessage:
    return NewMessage(
        text=parsed.text,
        reply_text=parsed.reply_text,
        html=parsed.html or "",
        subject=parsed.subject,
        from_name=parsed.sender.name if parsed.sender else "",
        from_address=parsed.sender.address.lower() if parsed.sender else "",
        to=_people(parsed.to),
        cc=_people(parsed.cc),
        reply_to=_people(parsed.reply_to),
        message_id=parsed.message_id or "",
        in_reply_to=parsed.in_reply_to or "",
        files=[_new_file(file, position) for position, file in enumerate(parsed.attachments, start=1)],
        raw=mail.raw,
        written_at=parsed.date,
        arrived_at=_arrived_at(mail, parsed),
        is_verified=is_verified,
        sender_sign=verdict.sign,
    )


def _arrived_at(mail: InboundMail, parsed: ParsedMail) -> dt.datetime | None:
    """When an old mail came: as it says itself, where that can be believed. None for mail that comes in now."""
    if mail.channel != IMPORT:
        return None
    return parsed.date if parsed.date and FIRST_DAY <= parsed.date <= mail.received_at else mail.received_at


def _people(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]


def _new_file(file: ParsedAttachment, position: int) -> NewFile:
    name = file.filename or f"attachment-{position}{mimetypes.guess_extension(file.content_type) or ''}"
    return NewFile(name, file.content_type, file.content, is_inline=file.inline, content_id=file.content_id or "")
