"""The conversation as one column in time: articles, and between them what else happened, as thin lines."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ghiseu.agent.ticket.delivery import Delivery, deliveries_of
from ghiseu.mail.models import OutboundMail
from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.tickets.describe import describe
from ghiseu.tickets.models import Article, Attachment, Channel, Event, Kind, SenderType, Ticket

# The newest ones; the page says how many came before and shows them when asked.
SHOWN_ARTICLES = 60
# All of them at once, for the browser to search in; a ticket with more is read piece by piece.
MOST_ARTICLES = 500
SHOWN_LINES = 400
# Of a message, for who cannot see its look.
_LABELS = {
    "note": gettext_noop("Note of %(author)s"),
    "automatic": gettext_noop("Automatic answer of %(author)s"),
    "notice": gettext_noop("Delivery notice of %(author)s"),
    "agent": gettext_noop("Answer of %(author)s"),
    "asked": gettext_noop("Message of %(author)s to a third party"),
    "third-party": gettext_noop("Message of %(author)s, a third party"),
    "phone": gettext_noop("Telephone call of %(author)s"),
    "customer": gettext_noop("Message of %(author)s"),
}
# What happens to an article that stands already, and is told at its own moment.
_LATER_ACTS = (Kind.REDIRECTED, Kind.TAKEN_BACK)


@dataclass(frozen=True, slots=True)
class Message:
    """One article with what its page piece needs. `about` is what the desk says of it, where the article does not."""

    article: Article
    files: list[Attachment]
    delivery: Delivery
    at: dt.datetime
    about: str = ""

    @property
    def kind(self) -> str:
        """What the reader takes it for; also the name of its look."""
        article = self.article
        if article.is_note:
            return "note"
        if article.sender_type == SenderType.SYSTEM:
            return "automatic" if article.is_visible_to_customer else "notice"
        if article.sender_type == SenderType.AGENT:
            return "agent" if article.is_visible_to_customer else "asked"
        if article.sender_type == SenderType.THIRD_PARTY:
            return "third-party"
        return "phone" if article.channel == Channel.PHONE else "customer"

    @property
    def author(self) -> str:
        article = self.article
        if article.agent and self.kind != "phone":
            return article.agent.name
        return article.from_name or article.from_address or _("Unknown")

    @property
    def label(self) -> str:
        """For who cannot see the look."""
        return _(_LABELS[self.kind]) % {"author": self.author}


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
    """`deliveries` and `changed` are for an open page: mails that moved on, and messages that look different now."""

    entries: list[Message | Line]
    cursor: Cursor
    earlier_count: int = 0
    later_count: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    changed: list[Message] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        return [entry for entry in self.entries if isinstance(entry, Message)]


def timeline_of(ticket: Ticket, *, reader: Agent, everything: bool = False, until: int = 0) -> Timeline:
    """The conversation up to now, or up to the article with the id `until`; four queries.

    A very long one starts late, with `everything` at its beginning or MOST_ARTICLES before its end.
    """
    articles = Article.objects.visible_to(reader).of_ticket(ticket).for_zoom()
    newest_first = (articles.filter(pk__lte=until) if until else articles).order_by("-pk")
    shown = list(newest_first[: MOST_ARTICLES if everything else SHOWN_ARTICLES])[::-1]
    later = articles.filter(pk__gt=until) if until else Article.objects.none()
    newest = later.order_by("-pk").values_list("pk", flat=True).first() if until else None
    later_count = later.count() if newest else 0
    earlier = 0 if ticket.erased_at else max(0, ticket.article_count - len(shown) - later_count)
    events = _events(ticket).order_by("-pk")
    # What is written on an old page is written in the knowledge of today, and news are what comes from now on.
    since = Cursor(newest or 0, events.values_list("pk", flat=True).first() or 0) if newest else Cursor()
    if earlier and shown:
        events = events.filter(at__gte=shown[0].created_at)
    if newest and shown:
        events = events.filter(at__lte=shown[-1].created_at)
    timeline = _woven(shown, list(events[:SHOWN_LINES]), since, earlier)
    timeline.later_count = later_count
    return timeline


def news_of(ticket: Ticket, *, reader: Agent, since: Cursor) -> Timeline:
    """What came after `since`, and of what stood there already the mails and messages that may have changed."""
    articles = Article.objects.visible_to(reader).of_ticket(ticket).for_zoom()
    events = list(_events(ticket).filter(pk__gt=since.event).order_by("-pk"))
    news = _woven(list(articles.filter(pk__gt=since.article)), events, since, 0)
    acted_on = {event.article_id for event in events if event.article_id and event.kind in _LATER_ACTS}
    changed = list(articles.filter(pk__in=acted_on, pk__lte=since.article)) if acted_on else []
    news.changed = _messages(changed, events)
    known = OutboundMail.objects.filter(article__ticket=ticket, article_id__lte=since.article)
    known = known.exclude(kind=OutboundMail.Kind.NOTIFICATION).exclude(article__in=changed)
    found: dict[int, Delivery] = {}
    for mail in known.select_related("article").order_by("-article_id", "pk")[:50]:
        found.setdefault(mail.article_id, Delivery(mail.article)).mails.append(mail)
    news.deliveries = list(found.values())
    return news


def _events(ticket: Ticket) -> QuerySet[Event]:
    return Event.objects.filter(ticket=ticket).select_related("agent")


def _woven(articles: list[Article], events: list[Event], since: Cursor, earlier: int) -> Timeline:
    # An article speaks for itself: its own event would only repeat it.
    lines = [
        Line(describe(event), event.at)
        for event in reversed(events)
        if event.article_id is None or event.kind in _LATER_ACTS
    ]
    entries: list[Message | Line] = [*_messages(articles, events), *lines]
    entries.sort(key=lambda entry: entry.at)
    cursor = Cursor(
        max([since.article, *(article.pk for article in articles)]),
        max([since.event, *(event.pk for event in events)]),
    )
    return Timeline(entries, cursor, earlier)


def _messages(articles: list[Article], events: list[Event]) -> list[Message]:
    about = {event.article_id: describe(event) for event in events if event.kind == Kind.DELIVERY_FAILED}
    deliveries, files = deliveries_of(articles), _files_of(articles)
    return [
        Message(
            article,
            files.get(article.pk, []),
            deliveries.get(article.pk, Delivery(article)),
            article.created_at,
            about.get(article.pk, ""),
        )
        for article in articles
    ]


def _files_of(articles: Iterable[Article]) -> dict[int, list[Attachment]]:
    """What came with each of these articles, in order, by its id; one statement. The bytes stay where they are."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    asked = [[article.pk for article in articles]]
    for one in objects_where(Attachment, "article_id = ANY(%s)", asked, order="id"):
        found[one.article_id].append(one)
    return found
