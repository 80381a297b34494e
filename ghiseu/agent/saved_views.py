"""The pages on which agents keep, change, share, arrange and delete views."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ghiseu.agent.columns import columns_named
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.sidebar import Known, known_to
from ghiseu.agent.view_form import ViewForm
from ghiseu.tickets.errors import DeskError
from ghiseu.tickets.models import Audience, View
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.views.keeping import delete_view, may_change, move_view, save_view
from ghiseu.tickets.views.predefined import BY_WORD
from ghiseu.tickets.views.understanding import understand_again
from ghiseu.ui.render import render_page


@dataclass(frozen=True, slots=True)
class Line:
    """A view on the page of views; `problem` says why its question is no longer understood."""

    view: View
    may_change: bool
    columns: str
    problem: str


@require_safe
def views(request: AgentRequest) -> HttpResponse:
    known = known_to(request.user, with_people=True)
    lines = [_line(view, known) for view in known.views]
    groups = [(audience, [line for line in lines if line.view.audience == audience]) for audience in reversed(Audience)]
    # Everybody's, the roles', one's own: as they stand in the left column, one's own first.
    order = (Audience.ME, Audience.ROLE, Audience.EVERYONE)
    groups.sort(key=lambda group: order.index(group[0]))
    context = {"groups": [group for group in groups if group[1]], "is_empty": not lines}
    return render_page(request, "agent/views.html", context)


def _line(view: View, known: Known) -> Line:
    columns = columns_named(view.columns, known.names.own_fields) if view.columns else []
    problem = ""
    try:
        understand_again(view.query, known.names.own_fields)
    except QueryError as error:
        problem = error.message
    return Line(view, may_change(view, known.agent), ", ".join(str(column.label) for column in columns), problem)


@require_http_methods(["GET", "HEAD", "POST"])
def view(request: AgentRequest, view_id: int | None = None) -> HttpResponse:
    """The form of one view, or of a new one that begins with what a list shows (`q`, `order`, `group`, `like`)."""
    known = known_to(request.user, with_people=True)
    kept = _to_change(known, view_id) if view_id else _begun(request, known)
    if request.method != "POST":
        return _page(request, ViewForm(view=kept, known=known))
    form = ViewForm(request.POST, view=kept, known=known)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        kept = save_view(form.filled(), by=request.user)
    except DeskError as refusal:
        # What the form could not know: somebody took the role away or changed the view a moment ago.
        form.add_error(None, str(refusal))
        return _page(request, form, status=422)
    messages.success(request, _("The view “%(name)s” is kept.") % {"name": kept.name})
    return redirect(f"{reverse('tickets')}?view={kept.key}")


def _to_change(known: Known, view_id: int) -> View:
    """A view that is not this agent's to change looks like one that is not there."""
    found = known.view(str(view_id))
    if found is None or not may_change(found, known.agent):
        raise Http404
    return found


def _begun(request: AgentRequest, known: Known) -> View:
    """A new view as the list looked from which it is made."""
    asked = request.GET
    like = known.view(asked.get("like", "")) or BY_WORD.get(asked.get("like", "")) or View()
    return View(
        owner=request.user,
        query=asked.get("q", ""),
        order=asked.get("order", like.order),
        grouping=asked.get("group", ""),
        columns=list(like.columns),
    )


def _page(request: AgentRequest, form: ViewForm, *, status: int = 200) -> HttpResponse:
    return render_page(request, "agent/view.html", {"form": form, "view": form.view}, status=status)


@require_POST
def move(request: AgentRequest, view_id: int) -> HttpResponse:
    move_view(
        _to_change(known_to(request.user, with_people=True), view_id),
        up=request.POST.get("where") == "up",
        by=request.user,
    )
    return redirect("views")


@require_POST
def remove(request: AgentRequest, view_id: int) -> HttpResponse:
    found = _to_change(known_to(request.user, with_people=True), view_id)
    name = found.name
    delete_view(found, by=request.user)
    messages.success(request, _("The view “%(name)s” is deleted; its tickets stay.") % {"name": name})
    return redirect("views")
