"""The buttons of the ticket page: one small endpoint for each intent, each leading to one function of the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, trigger_client_event

from ghiseu.agent.forms import AssignForm, PriorityForm, QueueForm, StateForm, local_time
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.page import TEMPLATE, facts, show_ticket, ticket_at_hand
from ghiseu.people.models import Agent
from ghiseu.tickets import actions
from ghiseu.tickets.errors import DeskError, InvalidInput, NotPermitted, TicketNotFound
from ghiseu.tickets.models import Queue, State, Ticket
from ghiseu.tickets.permissions import Right, may
from ghiseu.ui.render import render_fragment

Act = Callable[[AgentRequest, Ticket], object]
View = Callable[..., HttpResponse]


def act(function: Act) -> View:
    """An endpoint of an act: the ticket found, the act done whole or not at all, the page shown as it is then."""

    @require_POST
    @wraps(function)
    def endpoint(request: AgentRequest, number: str) -> HttpResponse:
        ticket = ticket_at_hand(request, number)
        try:
            with transaction.atomic():
                function(request, ticket)
        except TicketNotFound as error:
            raise Http404 from error
        except DeskError as refusal:
            return refused(request, ticket, refusal)
        return changed(request, ticket)

    return endpoint


def refused(request: AgentRequest, ticket: Ticket, refusal: DeskError) -> HttpResponse:
    """The refusal as a readable line; nothing on the page that somebody is writing is touched."""
    status = status_of(refusal)
    if not request.htmx:
        return show_ticket(request, ticket, error=str(refusal), status=status)
    response = render_fragment(request, TEMPLATE, ["notices"], {"error": str(refusal)}, status=status)
    return reswap(response, "none")


def status_of(refusal: DeskError) -> int:
    if isinstance(refusal, NotPermitted):
        return 403
    return 422 if isinstance(refusal, InvalidInput) else 409


def changed(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """After a change: the head of the page as it is now, and the line of history as news; or back to the page."""
    seen = Ticket.objects.visible_to(request.user).filter(pk=ticket.pk)
    if not request.htmx and seen.exists():
        return redirect("ticket", number=ticket.number)
    now = seen.for_zoom().first()
    if now is None:
        messages.success(request, _("Ticket %(number)s is now where you cannot read it.") % {"number": ticket.number})
        return HttpResponseClientRedirect("/") if request.htmx else redirect("tickets")
    response = render_fragment(request, TEMPLATE, ["facts", "notices"], facts(request, now) | {"error": ""})
    return trigger_client_event(response, "live:ticket", after="settle")


@act
def assign(request: AgentRequest, ticket: Ticket) -> None:
    chosen = _value(AssignForm(request.POST), "agent")
    to = Agent.objects.active().filter(pk=chosen).first() if chosen else None
    if chosen and to is None:
        raise InvalidInput(_("This agent is no longer here. Choose somebody else."))
    actions.assign_ticket(ticket, to=to, by=request.user)


@act
def lock(request: AgentRequest, ticket: Ticket) -> None:
    actions.lock_ticket(ticket, by=request.user)


@act
def unlock(request: AgentRequest, ticket: Ticket) -> None:
    actions.unlock_ticket(ticket, by=request.user)


@act
def priority(request: AgentRequest, ticket: Ticket) -> None:
    actions.set_priority(ticket, _value(PriorityForm(request.POST), "priority"), by=request.user)


@act
def move(request: AgentRequest, ticket: Ticket) -> None:
    chosen = _value(QueueForm(request.POST), "queue")
    queue = Queue.objects.active().filter(pk=chosen).first()
    # A queue the agent may neither read nor move into is not named to them, as if it did not exist.
    if queue is None or not (may(request.user, Right.MOVE_INTO, queue.pk) or may(request.user, Right.READ, queue.pk)):
        raise InvalidInput(_("This queue is no longer there for you. Choose another one."))
    actions.move_ticket(ticket, to=queue, by=request.user)


@act
def close(request: AgentRequest, ticket: Ticket) -> None:
    actions.close_ticket(ticket, by=request.user, state=_state(request))


@act
def reopen(request: AgentRequest, ticket: Ticket) -> None:
    actions.reopen_ticket(ticket, by=request.user)


@act
def pending(request: AgentRequest, ticket: Ticket) -> None:
    set_aside(request, ticket)


def set_aside(request: AgentRequest, ticket: Ticket) -> None:
    until = local_time(request.POST.get("until", ""))
    if until is None:
        raise InvalidInput(_("The time to wait until cannot be read. Choose a day and an hour."))
    actions.set_pending(ticket, until=until, by=request.user)


def _state(request: AgentRequest) -> State | None:
    chosen = _value(StateForm(request.POST), "state")
    state = State.objects.filter(pk=chosen, is_active=True).first() if chosen else None
    if chosen and state is None:
        raise InvalidInput(_("This state is no longer there. Choose another one."))
    return state


def _value(form: Form, name: str) -> Any:
    if not form.is_valid():
        raise InvalidInput(_("The page sent something that cannot be read. Load it again and choose anew."))
    return form.cleaned_data[name]
