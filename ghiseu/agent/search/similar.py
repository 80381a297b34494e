"""Tickets like the one that is open, for its side; fetched when that comes into view."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.page import visible_ticket
from ghiseu.tickets.search.similar import similar
from ghiseu.ui.render import render_fragment


@require_safe
def similar_tickets(request: AgentRequest, number: str) -> HttpResponse:
    found = visible_ticket(request, number)
    if not request.htmx:
        return redirect("ticket", number=number)
    return render_fragment(
        request, "agent/search/similar.html", ["tickets"], {"tickets": similar(found, agent=request.user)}
    )
