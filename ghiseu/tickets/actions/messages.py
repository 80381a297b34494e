"""Messages and notes: what joins a ticket's conversation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions.assign import change_owner
from ghiseu.tickets.actions.lock import refuse_if_locked
from ghiseu.tickets.actions.state import change_state, state_of_type
from ghiseu.tickets.actions.take import change, hold, take
from ghiseu.tickets.blobs import keep_bytes
from ghiseu.tickets.errors import ConversationMovedOn, InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Attachment, Blob, Channel, Kind, Participant, SenderType, StateType, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.writing import atomic, insert, insert_all

LAST_WORDS_CHARS = 160


@dataclass(frozen=True, slots=True)
class NewFile:
    filename: str
    content_type: str
    content: bytes
    is_inline: bool = False
    content_id: str = ""
    # Where the bytes are kept already, as those of many messages at once.
    blob: Blob | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What somebody wrote, whatever way it came. Addresses are `{"name": ..., "address": ...}`; times are aware."""

    text: str
    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    to: Sequence[dict[str, str]] = ()
    cc: Sequence[dict[str, str]] = ()
    reply_to: Sequence[dict[str, str]] = ()
    message_id: str = ""
    in_reply_to: str = ""
    reply_text: str = ""
    html: str = ""
    files: Sequence[NewFile] = field(default=())
    raw: Blob | None = None
    written_at: dt.datetime | None = None
    # When it came, where that is not now: old mail that is imported.
    arrived_at: dt.datetime | None = None
    is_verified: bool = True
    sender_sign: str = ""


def receive_message(
    ticket: Ticket, message: NewMessage, *, customer: Customer, reopens: bool = True, asks: bool = True
) -> Article:
    """A customer's message joins the ticket; a closed or waiting ticket opens again, and its customer waits for us.

    A ticket from the archive comes back by it. With `reopens` false a closed ticket stays closed: the message is kept,
    and nobody waits. With `asks` false nobody wants an answer, as to an out-of-office reply: the message is kept, and
    neither state nor waiting changes.
    """
    with atomic():
        ticket = hold(ticket)
        article = add_article(
            ticket, message, sender_type=SenderType.CUSTOMER, channel=Channel.EMAIL, visible=True, customer=customer
        )
        record(ticket, Kind.MESSAGE_RECEIVED, by=customer, article=article)
        if reopens and asks and ticket.state_type not in (StateType.NEW, StateType.OPEN):
            change_state(ticket, state_of_type(StateType.OPEN), by=None)
        waiting_since = ticket.waiting_since
        if asks and ticket.is_open:
            waiting_since = waiting_since or article.created_at
        add_to_ticket(ticket, article, waiting_since=waiting_since)
    return article


def answer_automatically(ticket: Ticket, message: NewMessage) -> Article:
    """The desk's own answer joins the ticket. It is no answer to the matter: the customer waits on, the state stays."""
    with atomic():
        ticket = hold(ticket)
        article = add_article(ticket, message, sender_type=SenderType.SYSTEM, channel=Channel.EMAIL, visible=True)
        add_to_ticket(ticket, article)
        record(ticket, Kind.REPLY_WRITTEN, by=None, article=article)
    return article


def note_delivery_failure(ticket: Ticket, message: NewMessage, *, recipient: str, reason: str) -> Article:
    """An answer of ours came back: the notice joins the ticket for the agents' eyes only, and the history says so."""
    with atomic():
        ticket = hold(ticket)
        article = add_article(ticket, message, sender_type=SenderType.SYSTEM, channel=Channel.EMAIL, visible=False)
        add_to_ticket(ticket, article)
        record(ticket, Kind.DELIVERY_FAILED, by=None, article=article, recipient=recipient, reason=reason)
    return article


def write_reply(ticket: Ticket, message: NewMessage, *, by: Agent, seen_article_id: int | None = None) -> Article:
    """An agent's answer joins the ticket: it is no longer new, nobody waits, and who answers a free ticket owns it.

    `seen_article_id` is the newest article the agent had before the eyes; with a newer one in the ticket the answer is
    refused, so that no customer is answered past what they just wrote. Whom the answer goes to takes part from now on.
    Raises NotPermitted, TicketLocked, ConversationMovedOn, InvalidInput for an empty answer or one to nobody.
    """
    if not message.text.strip():
        raise InvalidInput(_("The answer is empty. Write something first."))
    if not (message.to or message.cc):
        raise InvalidInput(_("The answer goes to nobody. Give at least one address."))
    with atomic():
        ticket = take(ticket, by=by, right=Right.REPLY)
        refuse_if_locked(ticket, by=by)
        refuse_if_moved_on(ticket, seen_article_id)
        article = add_article(
            ticket, message, sender_type=SenderType.AGENT, channel=Channel.EMAIL, visible=True, agent=by
        )
        add_participants(ticket, [person["address"] for person in (*message.to, *message.cc)])
        answered_at = ticket.first_answered_at or article.created_at
        add_to_ticket(ticket, article, waiting_since=None, first_answered_at=answered_at)
        record(ticket, Kind.REPLY_WRITTEN, by=by, article=article)
        if ticket.state_type != StateType.OPEN:
            change_state(ticket, state_of_type(StateType.OPEN), by=by)
        if ticket.owner_id is None:
            change_owner(ticket, to=by, by=by)
    return article


def write_note(ticket: Ticket, *, text: str, by: Agent, files: Sequence[NewFile] = ()) -> Article:
    """A note for colleagues; it never leaves the house. Raises NotPermitted, InvalidInput where it is empty."""
    if not text.strip() and not files:
        raise InvalidInput(_("The note is empty. Write something first."))
    with atomic():
        ticket = take(ticket, by=by, right=Right.NOTE)
        message = NewMessage(text=text, files=files, from_name=by.name)
        article = add_article(
            ticket, message, sender_type=SenderType.AGENT, channel=Channel.NOTE, visible=False, agent=by
        )
        add_to_ticket(ticket, article)
        record(ticket, Kind.NOTE_WRITTEN, by=by, article=article)
    return article


def refuse_if_moved_on(ticket: Ticket, seen_article_id: int | None) -> None:
    if seen_article_id is not None and ticket.articles.filter(pk__gt=seen_article_id).exists():
        raise ConversationMovedOn(ticket)


def add_article(
    ticket: Ticket, message: NewMessage, *, sender_type: SenderType, channel: Channel, visible: bool, **author: Any
) -> Article:
    """The rows of one article for a ticket in hand; the ticket and the history are the caller's to write."""
    article = Article(
        ticket=ticket,
        sender_type=sender_type,
        channel=channel,
        is_visible_to_customer=visible,
        is_verified=message.is_verified,
        sender_sign=message.sender_sign,
        from_name=message.from_name[:300],
        from_address=message.from_address[:320],
        to=list(message.to),
        cc=list(message.cc),
        reply_to=list(message.reply_to),
        subject=message.subject,
        message_id=message.message_id,
        in_reply_to=message.in_reply_to,
        text=message.text,
        reply_text="" if message.reply_text == message.text else message.reply_text,
        html=message.html,
        raw=message.raw,
        written_at=message.written_at,
        created_at=max(message.arrived_at or timezone.now(), ticket.created_at),
        **author,
    )
    insert(article)
    insert_all([_attachment(article, file) for file in message.files])
    return article


def add_to_ticket(ticket: Ticket, article: Article, **values: Any) -> None:
    """Count the article in, keep its last words where a person wrote it, and change what else follows from it."""
    values["article_count"] = ticket.article_count + 1
    if article.sender_type != SenderType.SYSTEM:
        values["last_words"] = last_words(article)
    change(ticket, **values)


def last_words(message: NewMessage | Article) -> str:
    """The beginning of what was written, for the list."""
    words = " ".join((message.reply_text or message.text)[:1000].split())
    return words if len(words) <= LAST_WORDS_CHARS else words[: LAST_WORDS_CHARS - 1] + "…"


def _attachment(article: Article, file: NewFile) -> Attachment:
    return Attachment(
        article=article,
        blob=file.blob or keep_bytes(file.content),
        filename=file.filename[:255],
        content_type=file.content_type[:255],
        size=len(file.content),
        is_inline=file.is_inline,
        content_id=file.content_id[:300],
    )


def add_participants(ticket: Ticket, addresses: Iterable[str], *, are_first: bool = False) -> None:
    """Let these addresses take part, if they do not yet; `are_first` where nobody can, because the ticket is new."""
    rows = [Participant(ticket=ticket, address=address) for address in sorted({one.lower() for one in addresses})]
    insert_all(rows, ignoring_doubles=not are_first)
