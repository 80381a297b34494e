"""The ticket page and its live pieces."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ghiseu.agent.forms import NewsForm
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket import choices
from ghiseu.agent.ticket.box import Box, box_for
from ghiseu.agent.ticket.delivery import just_sent, just_sent_in
from ghiseu.agent.ticket.timeline import MOST_ARTICLES, Cursor, Timeline, news_of, timeline_of
from ghiseu.tickets.classification import FieldValue
from ghiseu.tickets.models import CustomField, Priority, Ticket
from ghiseu.tickets.paging import Order, page_of
from ghiseu.tickets.permissions import Right, queue_ids_with, rights_by_queue
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/ticket/page.html"
OTHER_TICKETS = 15


def visible_ticket(request: AgentRequest, number: str) -> Ticket:
    """The ticket if this agent may see it; else the same 404 that a number nobody gave gets."""
    return get_object_or_404(Ticket.objects.visible_to(request.user).for_zoom(), number=number)


def ticket_at_hand(request: AgentRequest, number: str) -> Ticket:
    """The same for an act, which reads the ticket anew when it holds it: no more than its row and its queue."""
    return get_object_or_404(Ticket.objects.visible_to(request.user).select_related("queue"), number=number)


@require_safe
def ticket(request: AgentRequest, number: str) -> HttpResponse:
    found = visible_ticket(request, number)
    box = box_for(request, found, request.GET.get("write", ""))
    return show_ticket(request, found, box=box, everything="all" in request.GET, until=_until(request))


@require_safe
def write_box(request: AgentRequest, number: str, kind: str) -> HttpResponse:
    """The open box alone, for htmx; the same as the page with `?write=`."""
    found = visible_ticket(request, number)
    box = box_for(request, found, kind)
    if not request.htmx:
        return show_ticket(request, found, box=box)
    return render_fragment(request, TEMPLATE, ["answer"], writing(request, found, box=box))


def writing(request: AgentRequest, found: Ticket, *, box: Box | None) -> dict[str, Any]:
    """What the place for writing needs when it is drawn alone: closed after sending, or with an open box."""
    newest = found.articles.order_by("-pk").values_list("pk", flat=True).first() or 0
    return {
        "ticket": found,
        "rights": rights_by_queue(request.user).get(found.queue_id, frozenset()),
        "tomorrow": choices.tomorrow_morning(),
        "box": box,
        "seen": newest,
        "just_sent": just_sent_in(found, by=request.user),
        "error": "",
    }


@require_safe
def news(request: AgentRequest, number: str) -> HttpResponse:
    """What happened since the page was drawn, for an open page to add at its end."""
    found = visible_ticket(request, number)
    form = NewsForm(request.GET)
    since = Cursor(form.cleaned_data["article"], form.cleaned_data["event"]) if form.is_valid() else Cursor()
    timeline = news_of(found, reader=request.user, since=since)
    context = facts(request, found) | {"timeline": timeline, "is_news": True}
    return render_fragment(request, TEMPLATE, ["entries", "facts", "deliveries"], context)


def show_ticket(
    request: AgentRequest,
    found: Ticket,
    *,
    box: Box | None = None,
    error: str = "",
    everything: bool = False,
    until: int = 0,
    status: int = 200,
) -> HttpResponse:
    timeline = timeline_of(found, reader=request.user, everything=everything, until=until)
    context = facts(request, found) | side(request, found)
    context |= {"earlier": _earlier(found, timeline)}
    context |= {"timeline": timeline, "is_news": False, "box": box, "seen": timeline.cursor.article, "error": error}
    context["just_sent"] = just_sent([message.delivery for message in timeline.messages], by=request.user)
    return render_page(request, TEMPLATE, context, status=status)


def _earlier(found: Ticket, timeline: Timeline) -> str:
    """Where the messages before these are: with these on one page while that can be, else the piece before."""
    if not timeline.earlier_count or not timeline.messages:
        return ""
    if found.article_count <= MOST_ARTICLES:
        return "?all"
    return f"?until={timeline.messages[0].article.pk - 1}#answer"


def _until(request: AgentRequest) -> int:
    """The article with which an older piece of a very long conversation ends; 0 for the newest piece."""
    asked = request.GET.get("until", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0


def facts(request: AgentRequest, found: Ticket) -> dict[str, Any]:
    """What the head of the page says and offers: only what this agent may do is offered."""
    rights = rights_by_queue(request.user).get(found.queue_id, frozenset())
    if found.erased_at:
        rights = frozenset({Right.READ.value})  # what is left of it is worked on no more
    may_assign, may_close = Right.ASSIGN in rights, Right.CLOSE in rights
    may_move = _may_move(request) and not found.erased_at
    return {
        "ticket": found,
        "rights": rights,
        "holds": choices.holds_on(found),
        "colleagues": choices.colleagues_for(found) if may_assign else [],
        "queues": choices.queues_to_move_to(found, agent=request.user) if may_move else [],
        "closing_states": choices.closing_states() if may_close else [],
        "priorities": list(Priority),
        "tomorrow": choices.tomorrow_morning(),
        "is_news": False,
        "box": None,
        "just_sent": None,
    }


def side(request: AgentRequest, found: Ticket) -> dict[str, Any]:
    others = Ticket.objects.visible_to(request.user).of_customer(found.customer).exclude(pk=found.pk)
    if found.erased_at:
        others = others.none()  # whoever is nobody has nothing in common
    page = page_of(others, order=Order.NEWEST, rows=OTHER_TICKETS)
    related = found.related if found.related and found.related.queue_id in rights_by_queue(request.user) else None
    return {
        "others": page.tickets,
        "has_more_others": page.next is not None,
        "related": related,
        "own_values": own_values(found),
    }


def own_values(ticket: Ticket) -> list[tuple[CustomField, FieldValue]]:
    """The desk's own fields that have a value here, in their order; asks nothing where there is none."""
    if not ticket.fields:
        return []
    definitions = CustomField.objects.filter(name__in=list(ticket.fields))
    return [(one, ticket.fields[one.name]) for one in definitions]


def _may_move(request: AgentRequest) -> bool:
    return bool(queue_ids_with(request.user, Right.MOVE_INTO))
