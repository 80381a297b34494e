"""What became of an article's mails, and whether it can still be taken back."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from ghiseu.mail.models import OutboundMail
from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.tickets.models import Article, SenderType, Ticket

# Between the article's own moment and the one from which its mails' time counts.
_WRITING = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The mails of one article; notifications are left out, as they carry nothing to anybody outside."""

    article: Article
    mails: list[OutboundMail] = field(default_factory=list)

    @property
    def leaves_at(self) -> dt.datetime | None:
        """When the message leaves; None where it is no agent's, was taken back, or a mail of it has been tried."""
        if self.article.sender_type != SenderType.AGENT or self.article.taken_back_at or not self.mails:
            return None
        if any(mail.state != OutboundMail.State.WAITING or mail.tries for mail in self.mails):
            return None
        return min(mail.next_try_at for mail in self.mails)

    @property
    def is_scheduled(self) -> bool:
        """Whether it was told to leave later, and is not only held for the moment in which it can be taken back."""
        undo = dt.timedelta(seconds=settings.UNDO_SECONDS)
        return self.leaves_at is not None and self.leaves_at - self.article.created_at > undo + _WRITING

    @property
    def is_overdue(self) -> bool:
        return self.leaves_at is not None and self.leaves_at < timezone.now()

    @property
    def seconds_left(self) -> int:
        return max(0, math.ceil((self.leaves_at - timezone.now()).total_seconds())) if self.leaves_at else 0


def deliveries_of(articles: Iterable[Article]) -> dict[int, Delivery]:
    """By the article's id, with one query."""
    found = {article.pk: Delivery(article) for article in articles if not article.is_note}
    if found:
        asked = [list(found), OutboundMail.Kind.NOTIFICATION.value]
        for mail in objects_where(OutboundMail, "article_id = ANY(%s) AND kind <> %s", asked, order="id"):
            found[mail.article_id].mails.append(mail)
    return found


def just_sent(deliveries: Iterable[Delivery], *, by: Agent) -> Delivery | None:
    """The agent's newest message that is held for a moment, so that they can take it back."""
    held = [one for one in deliveries if one.article.agent_id == by.pk and not one.is_scheduled and one.seconds_left]
    return max(held, key=lambda one: one.article.pk, default=None)


def just_sent_in(ticket: Ticket, *, by: Agent) -> Delivery | None:
    since = timezone.now() - dt.timedelta(seconds=settings.UNDO_SECONDS)
    newest = ticket.articles.filter(agent=by, created_at__gte=since).order_by("-pk")
    return just_sent(deliveries_of(newest[:5]).values(), by=by)
