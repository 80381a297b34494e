from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Kind, SenderType
from ghiseu.tickets.permissions import Right


def take_back(article: Article, *, by: Agent) -> Article:
    """Mark a message that has not left as taken back; who was waiting before it waits again.

    The caller makes sure that it does not leave. Once taken back it stays so. The state and the owner that the answer
    brought stay, as the agent goes on working. Raises NotPermitted without the right to answer.
    """
    with transaction.atomic():
        ticket = take(article.ticket, by=by, right=Right.REPLY)
        if article.taken_back_at is not None:
            return article
        article.taken_back_at = timezone.now()
        article.save(update_fields=["taken_back_at"])
        spoken = ticket.articles.filter(is_visible_to_customer=True, taken_back_at__isnull=True)
        people = spoken.filter(sender_type__in=(SenderType.CUSTOMER, SenderType.AGENT)).order_by("pk")
        answers = people.filter(sender_type=SenderType.AGENT)
        last_answer, first_answer = answers.last(), answers.first()
        unanswered = people.filter(sender_type=SenderType.CUSTOMER, pk__gt=last_answer.pk if last_answer else 0).first()
        change(
            ticket,
            waiting_since=unanswered.created_at if unanswered and ticket.is_open else None,
            first_answered_at=first_answer.created_at if first_answer else None,
        )
        record(ticket, Kind.TAKEN_BACK, by=by, article=article)
    return article
