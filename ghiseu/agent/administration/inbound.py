"""Incoming mail: what came, and what became of it, with every decision on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.http import AgentRequest
from ghiseu.mail.inbound.quarantine import Glimpse, glimpse_of
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.people.models import Agent
from ghiseu.tickets.models import Article, Blob

PAGE_ROWS = 50
LONGEST_WORDS = 200
# Traces have no index: so many of the newest mails are looked through, which costs a moment (promise X7).
MOST_SEARCHED = 50_000


@dataclass(frozen=True, slots=True)
class Shown:
    """Which mails a list shows; what an address says that we do not know means all of them."""

    state: str = ""
    mailbox: int | None = None
    words: str = ""
    after: int | None = None
    before: int | None = None

    @classmethod
    def asked_by(cls, request: AgentRequest) -> Shown:
        state = request.GET.get("state", "")
        return cls(
            state=state if state in InboundMail.State.values else "",
            mailbox=_number(request.GET.get("mailbox", "")),
            words=" ".join(request.GET.get("words", "").replace("\x00", "").split())[:LONGEST_WORDS],
            after=_number(request.GET.get("after", "")),
            before=_number(request.GET.get("before", "")),
        )

    @property
    def mails(self) -> QuerySet[InboundMail]:
        found = InboundMail.objects.all()
        if self.state:
            found = found.filter(state=self.state)
        if self.mailbox is not None:
            found = found.filter(mailbox=self.mailbox)
        if self.words:
            # As the words stand in JSON, where a quotation mark is written with a backslash.
            inside = json.dumps(self.words, ensure_ascii=False)[1:-1]
            found = found.annotate(told=Cast("trace", CharField())).filter(told__icontains=inside, pk__gt=_oldest())
        return found

    def link(self, **edge: int | None) -> str:
        """The same list at another place; empty where there is none."""
        if not any(edge.values()):
            return ""
        kept = {"state": self.state, "mailbox": self.mailbox, "words": self.words} | edge
        return f"?{urlencode({name: value for name, value in kept.items() if value})}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _oldest() -> int:
    """The last mail too old to be looked through; 0 where there are not so many."""
    return next(iter(InboundMail.objects.order_by("-pk").values_list("pk", flat=True)[MOST_SEARCHED:][:1]), 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A mail with what may be shown of it: its ticket's number where the administrator may read the ticket, sender
    and subject while it lies in quarantine."""

    mail: InboundMail
    ticket: str
    glimpse: Glimpse | None


@require_safe
def incoming(request: AgentRequest) -> HttpResponse:
    shown = Shown.asked_by(request)
    context = page_of_mails(shown, by=request.user) | {
        "shown": shown,
        "states": InboundMail.State,
        "mailboxes": list(Mailbox.objects.order_by("name")),
    }
    return render(request, "incoming.html", context)


def page_of_mails(shown: Shown, *, by: Agent) -> dict[str, Any]:
    """Rows with the links to the pages around them, newest first; a cursor is the id of a row."""
    mails = shown.mails.select_related("mailbox", "raw").defer("raw__data")
    if shown.before is not None:
        found = list(mails.filter(pk__gt=shown.before).order_by("pk")[: PAGE_ROWS + 1])
        has_next, has_previous = True, len(found) > PAGE_ROWS
        found = found[:PAGE_ROWS][::-1]
    else:
        later = mails.filter(pk__lt=shown.after) if shown.after is not None else mails
        found = list(later.order_by("-pk")[: PAGE_ROWS + 1])
        has_next, has_previous = len(found) > PAGE_ROWS, shown.after is not None
        found = found[:PAGE_ROWS]
    return {
        "rows": rows_of(found, by=by),
        "next": shown.link(after=found[-1].pk) if found and has_next else "",
        "previous": shown.link(before=found[0].pk) if found and has_previous else "",
        "is_first_page": shown.after is None and shown.before is None,
    }


def rows_of(mails: Sequence[InboundMail], *, by: Agent) -> list[Row]:
    tickets = tickets_of(mails, by=by)
    held = [mail for mail in mails if mail.state == InboundMail.State.QUARANTINED]
    blobs = Blob.objects.in_bulk([mail.raw_id for mail in held])
    for mail in held:
        mail.raw = blobs[mail.raw_id]
    return [
        Row(
            mail,
            tickets.get(mail.article_id or 0, ""),
            glimpse_of(mail) if mail.state == InboundMail.State.QUARANTINED else None,
        )
        for mail in mails
    ]


def tickets_of(mails: Sequence[InboundMail], *, by: Agent) -> dict[int, str]:
    """Article id -> number of its ticket, of those that this administrator may read."""
    articles = Article.objects.visible_to(by).filter(pk__in=[mail.article_id for mail in mails if mail.article_id])
    return dict(articles.values_list("pk", "ticket__number"))
