"""What sort of matter the ticket is: shown at its side, and a form that opens there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.search.completion import seen_tags
from ghiseu.agent.ticket.acts import status_of
from ghiseu.agent.ticket.page import visible_ticket
from ghiseu.tickets import actions
from ghiseu.tickets.classification import clean_tags, in_words
from ghiseu.tickets.errors import DeskError, InvalidInput, TicketNotFound
from ghiseu.tickets.models import CustomField, Service, Ticket, TicketType
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/ticket/classify.html"
FIELD_PREFIX = "field."
LONGEST_INPUT = 4_000


@dataclass(frozen=True, slots=True)
class OwnField:
    """One of the desk's own fields on the form: what it is, and what stands in it as text."""

    definition: CustomField
    text: str

    @property
    def input_name(self) -> str:
        return f"{FIELD_PREFIX}{self.definition.name}"


@require_http_methods(["GET", "HEAD", "POST"])
def classify(request: AgentRequest, number: str) -> HttpResponse:
    found = visible_ticket(request, number)
    if request.method != "POST":
        return _show(request, found, _typed_of(found))
    try:
        with transaction.atomic():
            _apply(request, found)
    except TicketNotFound as error:
        raise Http404 from error
    except DeskError as refusal:
        return _show(request, found, dict(request.POST.items()), error=str(refusal), status=status_of(refusal))
    return redirect("ticket", number=number)


def _apply(request: AgentRequest, ticket: Ticket) -> None:
    """Everything that the form says and is not so yet; whole, or not at all."""
    typed = {name: value[:LONGEST_INPUT] for name, value in request.POST.items() if isinstance(value, str)}
    if "type" in typed:
        kind = _chosen(TicketType, typed["type"], ticket.type_id)
        ticket = ticket if _is(ticket.type_id, kind) else actions.set_type(ticket, kind, by=request.user)
    if "service" in typed:
        service = _chosen(Service, typed["service"], ticket.service_id)
        ticket = ticket if _is(ticket.service_id, service) else actions.set_service(ticket, service, by=request.user)
    if "tags" in typed:
        tags = set(clean_tags(typed["tags"].replace(";", ",").split(",")))
        added, removed = tags - set(ticket.tags), set(ticket.tags) - tags
        if added or removed:
            ticket = actions.change_tags(ticket, add=added, remove=removed, by=request.user)
    for field in _own_fields(ticket):
        text = typed.get(field.input_name)
        if text is not None and text.strip() != field.text:
            ticket = actions.set_field(ticket, field.definition, text, by=request.user)


def _chosen(model: type[Any], typed: str, now: int | None) -> Any:
    """The row that was chosen, None for none; one that was switched off stays where it is."""
    if not typed:
        return None
    is_id = typed.isascii() and typed.isdigit() and len(typed) < 19
    row = model.objects.filter(pk=int(typed)).first() if is_id else None
    if row is None or (not row.is_active and row.pk != now):
        raise InvalidInput(_("What was chosen is no longer there. Choose anew."))
    return row


def _is(now: int | None, row: Any) -> bool:
    return now == (row.pk if row else None)


def _own_fields(ticket: Ticket) -> list[OwnField]:
    return [OwnField(one, in_words(ticket.fields.get(one.name))) for one in CustomField.objects.filter(is_active=True)]


def _typed_of(ticket: Ticket) -> dict[str, Any]:
    """The ticket as the form would send it."""
    chosen = {"type": str(ticket.type_id or ""), "service": str(ticket.service_id or "")}
    return chosen | {"tags": ", ".join(ticket.tags)} | {field.input_name: field.text for field in _own_fields(ticket)}


def _offered(model: type[Any], now: int | None) -> Iterable[Any]:
    return [row for row in model.objects.all() if row.is_active or row.pk == now]


def _show(
    request: AgentRequest, found: Ticket, typed: dict[str, Any], *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "ticket": found,
        "typed": typed,
        "types": _offered(TicketType, found.type_id),
        "services": _offered(Service, found.service_id),
        "fields": _own_fields(found),
        "known_tags": list(seen_tags(request.user)),
        "error": error,
    }
    if request.htmx and not request.htmx.boosted:
        return render_fragment(request, TEMPLATE, ["form"], context, status=status)
    return render_page(request, TEMPLATE, context, status=status)
