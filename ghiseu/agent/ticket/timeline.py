"""The conversation as one column in time: articles, and between them what else happened, as thin lines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import QuerySet

from ghiseu.mail.models import OutboundMail
from ghiseu.people.models import Agent
from ghiseu.tickets.describe import describe
from ghiseu.tickets.models import Article, Attachment, Event, Ticket

# The newest ones; the page says how many came before and shows them when asked.
SHOWN_ARTICLES = 60
SHOWN_LINES = 400


@dataclass(frozen=True, slots=True)
class Message:
    """One article with what its page piece needs."""

    article: Article
    files: list[Attachment]
    deliveries: list[OutboundMail]
    at: dt.datetime

    @property
    def inline_ids(self) -> set[str]:
        return {file.content_id for file in self.files if file.content_id}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a sentence."""

    sentence: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the reader has seen: the newest article and the newest event on the page."""

    article: int = 0
    event: int = 0


@dataclass(slots=True)
class Timeline:
    entries: list[Message | Line]
    cursor: Cursor
    earlier_count: int = 0
    deliveries: dict[int, list[OutboundMail]] = field(default_factory=dict)


def timeline_of(ticket: Ticket, *, reader: Agent, everything: bool = False) -> Timeline:
    """The conversation up to now; four queries. Without `everything` a very long one starts late."""
    articles = Article.objects.visible_to(reader).of_ticket(ticket).for_zoom()
    shown = list(articles if everything else articles.order_by("-pk")[:SHOWN_ARTICLES])
    shown.sort(key=lambda article: article.pk)
    earlier = 0 if everything else max(0, ticket.article_count - len(shown))
    events = _events(ticket).order_by("-pk")
    if earlier and shown:
        events = events.filter(at__gte=shown[0].created_at)
    return _woven(shown, list(events[:SHOWN_LINES]), Cursor(), earlier)


def news_of(ticket: Ticket, *, reader: Agent, since: Cursor) -> Timeline:
    """What came after `since`, and the mails whose delivery may have moved on since then."""
    articles = Article.objects.visible_to(reader).of_ticket(ticket).for_zoom().filter(pk__gt=since.article)
    news = _woven(list(articles), list(_events(ticket).filter(pk__gt=since.event).order_by("-pk")), since, 0)
    known = OutboundMail.objects.filter(article__ticket=ticket, article_id__lte=since.article)
    for mail in known.order_by("-article_id", "pk")[:50]:
        news.deliveries.setdefault(mail.article_id, []).append(mail)
    return news


def _events(ticket: Ticket) -> QuerySet[Event]:
    return Event.objects.filter(ticket=ticket).select_related("agent")


def _woven(articles: list[Article], events: list[Event], since: Cursor, earlier: int) -> Timeline:
    mails: dict[int, list[OutboundMail]] = defaultdict(list)
    outgoing = [article.pk for article in articles if article.agent_id and not article.is_note]
    if outgoing:
        for mail in OutboundMail.objects.filter(article_id__in=outgoing).order_by("pk"):
            mails[mail.article_id].append(mail)
    messages = [Message(a, list(a.attachments.all()), mails.get(a.pk, []), a.created_at) for a in articles]
    # An article speaks for itself: its own event would only repeat it.
    lines = [Line(describe(event), event.at) for event in reversed(events) if event.article_id is None]
    entries: list[Message | Line] = [*messages, *lines]
    entries.sort(key=lambda entry: entry.at)
    cursor = Cursor(
        max([since.article, *(article.pk for article in articles)]),
        max([since.event, *(event.pk for event in events)]),
    )
    return Timeline(entries, cursor, earlier)
