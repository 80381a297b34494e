"""Putting a mail where it belongs: into its ticket, into a new one, or into an agent's mouth.

Each of these runs inside the transaction of `receive`, and returns the article with what else was decided, in words.
"""

from __future__ import annotations

from ghiseu.lib.language import guess_language
from ghiseu.mail.inbound.filters import Decision
from ghiseu.mail.inbound.followup import Belonging
from ghiseu.mail.inbound.incoming import Incoming, Surroundings, files_of, message_of
from ghiseu.mail.inbound.routing import queue_for
from ghiseu.mail.outbound.autoresponse import Occasion, occasion_of_new_ticket
from ghiseu.mail.outbound.notify import notify_owner
from ghiseu.mail.outbound.reply import recipients_for, send_reply
from ghiseu.people.customers import prove
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import open_ticket, receive_from_third_party, receive_message
from ghiseu.tickets.actions.classify import put_field, put_service, put_tags, put_type
from ghiseu.tickets.actions.state import change_state, state_of_type
from ghiseu.tickets.models import Article, Priority, SenderType, StateType, Ticket
from ghiseu.tickets.writing import update

NOTHING_IS_SENT = "imported: nothing is answered and nobody is notified"


def answer_of_agent(one: Incoming, ticket: Ticket, agent: Agent, around: Surroundings) -> Article:
    """The answer goes where an answer from the page would go; what the notification quoted stays behind."""
    asked = ticket.articles.filter(sender_type=SenderType.CUSTOMER, is_visible_to_customer=True).latest("pk")
    to = recipients_for(asked, everyone=False).to
    files = [file for file in files_of(one, around) if not file.is_inline]
    article = send_reply(
        ticket, by=agent, text=one.parsed.reply_text, to=", ".join(person["address"] for person in to), files=files
    )
    article.raw = one.mail.raw
    update(article, ["raw"])
    return article


def join(one: Incoming, ticket: Ticket, belonging: Belonging, around: Surroundings) -> tuple[Article, list[str]]:
    """The ticket's next message. What a machine wrote opens nothing again, and nobody waits for an answer to it."""
    message = message_of(one, around, is_verified=belonging.is_verified)
    if belonging.by_third_party:
        return receive_from_third_party(ticket, message), []
    identity = around.identities[one.sender]
    came_after_closing = not (message.arrived_at and ticket.closed_at) or message.arrived_at > ticket.closed_at
    reopens = belonging.reopens and came_after_closing
    article = receive_message(
        ticket, message, customer=identity.customer, reopens=reopens, asks=not one.parsed.auto_submitted
    )
    if belonging.is_verified and one.parsed.sender and (changed := prove(identity)):
        update(identity, changed)
    if one.is_imported:
        return article, [NOTHING_IS_SENT]
    occasion = Occasion.FOLLOW_UP if belonging.reopens else Occasion.REJECTED
    told = notify_owner(article)
    return article, [_answer(article, one, occasion, around), *([told] if told else [])]


def open_new(
    one: Incoming, belonging: Belonging, decision: Decision, around: Surroundings
) -> tuple[Article, list[str]]:
    """A new ticket, as the rules decided, else as the mailbox and the addresses say."""
    queue, why = queue_for(one.parsed, one.mail.mailbox, around.queues)
    article = open_ticket(
        decision.queue or queue,
        message_of(one, around),
        customer=around.identities[one.sender].customer,
        priority=decision.priority or Priority.NORMAL,
        language=guess_language(f"{one.parsed.subject} {one.parsed.reply_text}"),
        related=belonging.points_to,
    )
    if state := state_of_type(StateType.CLOSED) if one.mail.is_settled else decision.state:
        change_state(article.ticket, state, by=None)
    _classify(article.ticket, decision)
    where = [] if decision.queue else [why]
    if one.is_imported:
        return article, [*where, NOTHING_IS_SENT]
    closed = belonging.points_to is not None and not belonging.points_to.is_open
    occasion = Occasion.NEW_TICKET if closed else occasion_of_new_ticket(article.ticket.queue)
    return article, [*where, _answer(article, one, occasion, around)]


def _classify(ticket: Ticket, decision: Decision) -> None:
    if decision.type:
        put_type(ticket, decision.type, by=None)
    if decision.service:
        put_service(ticket, decision.service, by=None)
    if decision.tags:
        put_tags(ticket, added=decision.tags, by=None)
    for field, value in decision.fields:
        put_field(ticket, field, value, by=None)


def _answer(article: Article, one: Incoming, occasion: Occasion, around: Surroundings) -> str:
    is_proven = around.identities[one.sender].proven_at is not None
    return around.answers.answer(article, one.parsed, occasion, is_proven=is_proven)
