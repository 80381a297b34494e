"""The page of a customer: who they are and all their tickets that the agent may see."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.rows import rows_for
from ghiseu.people.models import Customer
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.paging import Order, page_of
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.ui.render import render_page


@require_safe
def customer(request: AgentRequest, customer_id: int) -> HttpResponse:
    """A customer of whom the agent sees no ticket is not there for them."""
    found = Customer.objects.select_related("company").prefetch_related("identities").filter(pk=customer_id).first()
    if found is None:
        raise Http404
    tickets = Ticket.objects.visible_to(request.user).of_customer(found)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = page_of(tickets, order=Order.NEWEST, after=after, before=before)
    if not page.tickets and not ((after or before) and tickets.exists()):
        raise Http404
    may_create = bool(queue_ids_with(request.user, Right.CREATE))
    rows = rows_for(request.user, page.tickets)
    context = {"customer": found, "page": page, "rows": rows, "may_create": may_create}
    return render_page(request, "agent/customer.html", context)
