"""The page of a customer: who they are and all their tickets that the agent may see."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from ghiseu.agent.archived import count_archived
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.rows import rows_for
from ghiseu.people.models import Customer
from ghiseu.tickets.actions import hold_customer, release_customer
from ghiseu.tickets.errors import InvalidInput
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
    every = Ticket.objects.visible_to(request.user).of_customer(found)
    archived = count_archived(every)
    # Who has nothing on the desk any more is shown with what they once had.
    everything = "all" in request.GET or not (archived and every.not_archived().exists())
    tickets = every if everything else every.not_archived()
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = page_of(tickets, order=Order.NEWEST, after=after, before=before)
    if not page.tickets and not ((after or before) and tickets.exists()):
        raise Http404
    context = {
        "customer": found,
        "page": page,
        "rows": rows_for(request.user, page.tickets),
        "may_create": bool(queue_ids_with(request.user, Right.CREATE)),
        "also_archived": None if everything else archived,
        "everything": "all=&" if "all" in request.GET else "",
        "hold": found.legal_holds.in_force().select_related("placed_by").first(),
    }
    return render_page(request, "agent/customer.html", context)


@require_POST
def hold(request: AgentRequest, customer_id: int) -> HttpResponse:
    """For administrators who see a ticket of the customer: put all their tickets under legal hold, or lift it."""
    found = get_object_or_404(Customer, pk=customer_id)
    sees = Ticket.objects.visible_to(request.user).of_customer(found).exists()
    if not (sees and request.user.is_administrator):
        raise Http404
    if "lift" in request.POST:
        release_customer(found, by=request.user)
    else:
        try:
            hold_customer(found, reason=request.POST.get("reason", ""), by=request.user)
        except InvalidInput as refusal:
            messages.error(request, str(refusal))
    return redirect("customer", customer_id=found.pk)
