"""What the box offers while somebody types: fields, and values that this agent may know of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import CharField, Exists, Func, OuterRef
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.people.models import Agent
from ghiseu.tickets.models import CustomField, Queue, Service, State, Tag, Ticket, TicketType
from ghiseu.tickets.query.complete import ValuesOf, complete
from ghiseu.tickets.query.fields import Field
from ghiseu.tickets.query.limits import MAX_CHARACTERS
from ghiseu.tickets.query.own_fields import PREFIX
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.ui.render import render_page

_MOST_NAMES = 400


@require_safe
def completions(request: AgentRequest) -> HttpResponse:
    """The options of the box for the text `q` with the cursor behind its first `at` characters."""
    text, at = request.GET.get("q", "")[:MAX_CHARACTERS], request.GET.get("at", "")
    position = int(at) if at.isascii() and at.isdigit() and len(at) < 6 else len(text)
    options = complete(text, position, TICKETS, values_for(request.user))
    return render_page(request, "agent/search/options.html", {"options": options})


def values_for(agent: Agent) -> ValuesOf:
    """The names that fields take, as this agent may know them; read when asked for."""

    def values(field: Field) -> Iterable[str]:
        match field.values:
            case "own":
                return _own_choices(field)
            case "queue":
                return Queue.objects.visible_to(agent).order_by("name").values_list("name", flat=True)
            case "state":
                states = State.objects.order_by("pk")
                return dict.fromkeys(name for state in states for name in (state.name, state.type))
            case "agent":
                return Agent.objects.active().order_by("login").values_list("login", flat=True)[:_MOST_NAMES]
            case "type":
                return TicketType.objects.values_list("name", flat=True)
            case "service":
                return Service.objects.values_list("name", flat=True)[:_MOST_NAMES]
            case "tag":
                return seen_tags(agent)
            case _:
                return ()

    return values


def seen_tags(agent: Agent) -> Iterable[str]:
    """Only those on tickets that this agent may see: a tag says something about the others, too."""
    alone = Func(OuterRef("name"), template="ARRAY[%(expressions)s]::varchar[]", output_field=CharField())
    seen = Ticket.objects.visible_to(agent).filter(tags__contains=alone)
    return Tag.objects.filter(Exists(seen)).values_list("name", flat=True)[:_MOST_NAMES]


def _own_choices(field: Field) -> Iterable[str]:
    definition = CustomField.objects.filter(name=field.name.removeprefix(PREFIX)).first()
    return definition.choices if definition else ()
