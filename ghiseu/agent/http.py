"""What the views of this door share: the request of a signed-in agent."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from ghiseu.people.models import Agent


class AgentRequest(HttpRequest):
    """A request behind the sign-in: its user is an agent who may work."""

    user: Agent
    htmx: HtmxDetails


def wants_fragment(request: AgentRequest, target: str) -> bool:
    """Whether htmx asks for the piece of the page with this id (and not the browser for the page, after "back")."""
    return bool(request.htmx) and request.htmx.target == target and not request.htmx.history_restore_request
