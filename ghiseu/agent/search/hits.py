"""A page of hits as it is shown: where each one matched, and the words around."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.db.models import prefetch_related_objects
from django.db.models.functions import Left
from django.urls import reverse
from django.utils.translation import gettext as _
from markupsafe import Markup

from ghiseu.agent.search.excerpt import LOOKED_AT, beginning, excerpt, first_hit, marked
from ghiseu.agent.ticket.delivery import Delivery
from ghiseu.agent.ticket.timeline import MOST_ARTICLES, SHOWN_ARTICLES, Message
from ghiseu.people.models import Agent
from ghiseu.tickets.models import Article, Attachment, Ticket
from ghiseu.tickets.search.find import Hit
from ghiseu.tickets.search.marking import Terms
from ghiseu.ui.words import customer_name

_LONGEST_TEXT_IN_ADDRESS = 120


@dataclass(frozen=True, slots=True)
class ShownHit:
    """`place` says where it matched, empty for the ticket itself; `words` are those around the hit."""

    ticket: Ticket
    title: Markup
    customer: Markup
    href: str
    place: str
    words: Markup | str
    at: dt.datetime
    kind: str = ""
    file: Markup | str = ""


def shown_hits(hits: Sequence[Hit], terms: Terms, *, reader: Agent) -> list[ShownHit]:
    """In the same order; at most three statements, however many they are."""
    # Who has no name is called by an address.
    prefetch_related_objects([hit.ticket.customer for hit in hits if not hit.ticket.customer.name], "identities")
    articles = _articles([hit.article_id for hit in hits if hit.article_id and not hit.attachment_id], reader)
    files = _files([hit.attachment_id for hit in hits if hit.attachment_id], reader)
    return [_shown(hit, articles, files, terms) for hit in hits]


def _articles(pks: list[int], reader: Agent) -> dict[int, Article]:
    # The beginnings of the texts: a message may be a thousand times longer than what is shown of it.
    heads = {"text_head": Left("text", LOOKED_AT), "reply_head": Left("reply_text", LOOKED_AT)}
    found = Article.objects.visible_to(reader).filter(pk__in=pks).select_related("agent").annotate(**heads)
    return found.defer("text", "reply_text", "html", "to", "cc", "reply_to").in_bulk() if pks else {}


def _files(pks: list[int], reader: Agent) -> dict[int, Attachment]:
    found = Attachment.objects.visible_to(reader).filter(pk__in=pks).select_related("article__agent")
    found = found.annotate(text_head=Left("blob__file_text__text", LOOKED_AT))
    return found.defer("article__text", "article__reply_text", "article__html").in_bulk() if pks else {}


def _shown(hit: Hit, articles: dict[int, Article], files: dict[int, Attachment], terms: Terms) -> ShownHit:
    ticket = hit.ticket
    file = files.get(hit.attachment_id or 0)
    article = file.article if file else articles.get(hit.article_id or 0)
    title = marked(ticket.title, terms.of("subject"))
    customer = marked(customer_name(ticket.customer), terms.of("from"))
    if article is None:
        words = excerpt(ticket.last_words, terms.of("text")) or ticket.last_words
        return ShownHit(ticket, title, customer, _address(ticket), "", words, ticket.changed_at)
    message = Message(article, [], Delivery(article), article.created_at)
    if file is not None:
        inside = excerpt(file.text_head or "", terms.of(""))  # type: ignore[attr-defined]  # annotated above
        place = _("Inside a file") if inside else _("Name of a file")
        href = _address(ticket, article.pk)
        name = marked(file.filename, terms.of("filename"))
        return ShownHit(ticket, title, customer, href, place, inside or "", article.created_at, "file", name)
    words, text = _words_of(article, terms)
    href = _address(ticket, article.pk, first_hit(text, terms.of("text")))
    return ShownHit(ticket, title, customer, href, message.label, words, article.created_at, message.kind)


def _words_of(article: Article, terms: Terms) -> tuple[Markup | str, str]:
    """The words to show, and the text they come from: what the writer wrote first, then what they quoted."""
    reply, text = article.reply_head, article.text_head  # type: ignore[attr-defined]  # annotated above
    sender = f"{article.from_name} <{article.from_address}>" if article.from_address else article.from_name
    for source in (reply, text):
        if source and (words := excerpt(source, terms.of("text"))):
            return words, source
    for field, line in (("subject", article.subject), ("from", sender)):
        if line and terms.of(field).matches(line):
            return marked(line, terms.of(field)), ""
    return beginning(reply or text), ""


def _address(ticket: Ticket, article_id: int | None = None, hit: tuple[str, str, str] = ("", "", "")) -> str:
    """To the article, and where the browser can do that to the very words, marked."""
    address = reverse("ticket", args=[ticket.number])
    if article_id is None:
        return address
    # A very long conversation starts late; the article may stand before that.
    everything = "?all" if ticket.article_count > SHOWN_ARTICLES else ""
    if ticket.article_count > MOST_ARTICLES:
        everything = f"?until={article_id}"
    return f"{address}{everything}#article-{article_id}{_text_fragment(*hit)}"


def _text_fragment(before: str, words: str, behind: str) -> str:
    """URL Fragment Text Directives, 3.3: the words with what stands beside them, or a menu could hold them, too."""
    if not words or not (before or behind) or len(before + words + behind) > _LONGEST_TEXT_IN_ADDRESS:
        return ""
    parts = [f"{_in_fragment(before)}-"] if before else []
    parts.append(_in_fragment(words))
    parts += [f"-{_in_fragment(behind)}"] if behind else []
    return f":~:text={','.join(parts)}"


def _in_fragment(text: str) -> str:
    # A hyphen has a meaning of its own there.
    return quote(text, safe="").replace("-", "%2D")
