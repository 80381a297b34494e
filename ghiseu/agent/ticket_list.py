"""The list of tickets: a view, in one queue or in all, or a question."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghiseu.agent.archived import also_archived
from ghiseu.agent.columns import beside, columns_named
from ghiseu.agent.http import AgentRequest, wants_fragment
from ghiseu.agent.shown import Shown, in_groups, shown_for
from ghiseu.agent.sidebar import known_to, sidebar_for
from ghiseu.people.objects import objects_where
from ghiseu.tickets.models import Queue
from ghiseu.tickets.paging import Order, Page, page_of
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.views.bounded import TookTooLong, at_most
from ghiseu.tickets.views.counting import Way, way_of
from ghiseu.tickets.views.keeping import may_change
from ghiseu.tickets.views.reading import tickets_in
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/list.html"
MILLISECONDS_FOR_A_PAGE = 4_000


@require_safe
def ticket_list(request: AgentRequest, queue_id: int | None = None) -> HttpResponse:
    queue = _readable_queue(request, queue_id) if queue_id else None
    is_only_rows = wants_fragment(request, "list")
    shown = shown_for(request.user, request.GET, queue=queue, with_known=not is_only_rows)
    context = _place(request, shown)
    if wants_fragment(request, "sidebar"):
        return render_fragment(request, TEMPLATE, ["sidebar"], context | _sidebar(request, shown))
    context |= _rows(request, shown)
    if is_only_rows:
        return render_fragment(request, TEMPLATE, ["rows"], context)
    return render_page(request, TEMPLATE, context | _sidebar(request, shown))


def _readable_queue(request: AgentRequest, queue_id: int) -> Queue:
    """Raises Http404 for a queue that is not there for this agent."""
    may_read = queue_id in queue_ids_with(request.user, Right.READ)
    queue = next(iter(objects_where(Queue, "id = %s", [queue_id])), None) if may_read else None
    if queue is None:
        raise Http404
    return queue


def _place(request: AgentRequest, shown: Shown) -> dict[str, Any]:
    """Which list this is."""
    asked = request.GET.copy()
    asked.pop("counts", None)
    return {
        "shown": shown,
        "queue": shown.queue,
        "view": shown.view,
        "orders": tuple(Order),
        "here": f"{request.path}?{asked.urlencode()}" if asked else request.path,
        "may_create": bool(queue_ids_with(request.user, Right.CREATE)),
        "may_change": shown.is_kept and may_change(shown.view, request.user),
        "is_first_page": not (request.GET.get("after") or request.GET.get("before")),
    }


def _rows(request: AgentRequest, shown: Shown) -> dict[str, Any]:
    """The tickets of the page, under their headings: in the usual lines or, with columns of its own, in these."""
    problem = shown.problem
    page = Page([], None, None)
    if shown.query is not None:
        try:
            page = _page(request, shown, shown.query)
        except TookTooLong:
            text = _("This takes too long to find. Add a queue, a time such as created>-30d, or is:open.")
            problem = QueryError(text, shown.view.query, 0, 0)
    own_fields = shown.known.names.own_fields if shown.known else {}
    columns = columns_named(shown.view.columns, own_fields) if shown.view.columns else []
    return {
        "problem": problem,
        "columns": columns,
        "groups": in_groups(page.tickets, shown),
        "now": timezone.now(),
        "beside": beside(page.tickets, columns),
        "also_archived": also_archived(shown),
        "next": shown.address(after=page.next) if page.next else "",
        "previous": shown.address(before=page.previous) if page.previous else "",
    }


def _page(request: AgentRequest, shown: Shown, query: Query) -> Page:
    # What only reads the rows of open tickets is quick however it is meant, and so are the views of every desk.
    is_quick = bool(shown.view.word) or way_of(query) is not Way.ALONE
    with nullcontext() if is_quick else at_most(MILLISECONDS_FOR_A_PAGE):
        return page_of(
            tickets_in(query, scope=shown.scope, queue=shown.queue),
            order=shown.order,
            group=shown.grouping,
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        )


def _sidebar(request: AgentRequest, shown: Shown) -> dict[str, Any]:
    known = shown.known or known_to(request.user)
    with_all = request.GET.get("counts") == "all"
    return {"sidebar": sidebar_for(known, here=shown.view.key, with_all_counts=with_all)}
