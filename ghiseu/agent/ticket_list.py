"""The list of tickets, of one queue or of all, and the way to a ticket by its number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest, wants_fragment
from ghiseu.agent.rows import rows_for
from ghiseu.agent.sidebar import View, sidebar_for, tickets_in
from ghiseu.tickets.models import Queue, Ticket
from ghiseu.tickets.numbers import numbers_in
from ghiseu.tickets.paging import Order, page_of
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/list.html"


@require_safe
def ticket_list(request: AgentRequest, queue_id: int | None = None) -> HttpResponse:
    queue = get_object_or_404(Queue.objects.visible_to(request.user), pk=queue_id) if queue_id else None
    if wants_fragment(request, "sidebar"):
        return render_fragment(request, TEMPLATE, ["sidebar"], _place(request, queue) | _sidebar(request))
    context = _place(request, queue)
    page = page_of(
        tickets_in(context["view"], agent=request.user, queue=queue),
        order=context["order"],
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context |= {"rows": rows_for(request.user, page.tickets)}
    context |= {"next": _link(context, after=page.next), "previous": _link(context, before=page.previous)}
    if wants_fragment(request, "list"):
        return render_fragment(request, TEMPLATE, ["rows"], context)
    return render_page(request, TEMPLATE, context | _sidebar(request))


def _place(request: AgentRequest, queue: Queue | None) -> dict[str, Any]:
    """Which list this is; a word in the address that we do not know means the usual one."""
    asked_view, asked_order = request.GET.get("view", ""), request.GET.get("order", "")
    view = View(asked_view) if asked_view in View.values else View.OPEN
    order = Order(asked_order) if asked_order in Order.values else view.order
    return {
        "queue": queue,
        "view": view,
        "order": order,
        "orders": Order,
        "views": View,
        "here": request.get_full_path(),
        "may_create": bool(queue_ids_with(request.user, Right.CREATE)),
        "is_first_page": not (request.GET.get("after") or request.GET.get("before")),
    }


def _sidebar(request: AgentRequest) -> dict[str, Any]:
    return {"sidebar": sidebar_for(request.user)}


def _link(place: dict[str, Any], **edge: str | None) -> str:
    cursor = {name: value for name, value in edge.items() if value}
    if not cursor:
        return ""
    return "?" + urlencode({"view": place["view"].value, "order": place["order"].value} | cursor)


@require_safe
def go_to_ticket(request: AgentRequest) -> HttpResponse:
    """To the ticket whose number was typed, with whatever stands around it, `[#20261122000427]` or `... 0042 7`."""
    typed = request.GET.get("number", "")[:200]
    compact = "".join(character for character in typed if character.isascii() and character.isdigit())
    candidates = [*numbers_in(typed), compact[:32]]
    ticket = Ticket.objects.visible_to(request.user).filter(number__in=[n for n in candidates if n]).first()
    if ticket is None:
        raise Http404
    return redirect("ticket", number=ticket.number)
