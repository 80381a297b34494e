"""Telling an agent by mail that a customer wrote, so that they can answer from their own mail program."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ghiseu.lib.text import storable, unix_lines
from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.message_ids import AgentToken, notification_id
from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.models import Article
from ghiseu.tickets.permissions import Right, may
from ghiseu.tickets.writing import insert_all, once


def notify_owner(article: Article) -> str:
    """Queue a notification of a customer's message for the ticket's owner, if they want it; returns the decision.

    Inside the transaction that files the message. An owner who may no longer read the queue hears nothing.
    """
    ticket = article.ticket
    # Their rights are asked once for all tickets of a batch.
    owner = once(("agent", ticket.owner_id), lambda: ticket.owner)
    if owner is None or not owner.wants_mail or not may(owner, Right.READ, article.ticket.queue_id):
        return ""
    mail = OutboundMail(
        article=article,
        kind=OutboundMail.Kind.NOTIFICATION,
        agent=owner,
        sender="",
        recipient=owner.email,
        next_try_at=timezone.now(),
    )
    insert_all([mail])
    announce_work()
    return f"notification to {owner.login}"


def notification(mail: OutboundMail) -> tuple[str, str, str]:
    """Message-ID, subject and text of a notification, in its reader's language."""
    agent, article = mail.agent, mail.article
    if agent is None:  # the table refuses such a row
        raise ValueError(f"notification {mail.pk} is for nobody")
    ticket = article.ticket
    message_id = notification_id(AgentToken(ticket.pk, agent.pk, mail.created_at))
    with translation.override(agent.language):
        lines = [
            _("%(sender)s wrote in your ticket %(number)s:")
            % {"sender": article.from_name or article.from_address, "number": ticket.number},
            "",
            article.reply_text or article.text,
            "",
            "-- ",
            _("Your answer to this mail goes to the customer, and stands in the ticket under your name."),
            f"{settings.BASE_URL}/tickets/{ticket.number}/",
        ]
    return message_id, f"[#{ticket.number}] {ticket.title}", unix_lines(storable("\n".join(lines)))
