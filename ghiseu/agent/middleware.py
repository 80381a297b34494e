"""Around every page: who is signed in, in which language and time zone they read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect

from ghiseu.agent import errors
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import DeskError, NotPermitted, TicketNotFound


class SignInRequired(LoginRequiredMiddleware):
    """Every page asks for a sign-in unless it says otherwise; a fragment sends the whole window there."""

    def handle_no_permission(  # type: ignore[override]  # the parent itself returns the wider type elsewhere
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if request.headers.get("HX-Request") != "true":
            return super().handle_no_permission(request, view_func)
        # The address of the page is the browser's word: only its path is used, and the sign-in checks it again.
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = here.path + (f"?{here.query}" if here.query else "")
        return HttpResponseClientRedirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': back or '/'})}")


class AgentLocale:
    """The agent's own language and time zone, for this request only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.languages = {code for code, _name in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The first look at the user costs the session's two queries, which no signed-in page can do without;
        # a visitor without a session costs none.
        agent = request.user
        if not isinstance(agent, Agent):
            return self.get_response(request)
        if agent.language in self.languages:
            translation.activate(agent.language)
        try:
            timezone.activate(agent.time_zone)
        except (ValueError, ZoneInfoNotFoundError):
            timezone.deactivate()
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


class Refusals:
    """A refusal that no view turned into part of its page, such as a damaged page address, as a page of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, TicketNotFound):
            return errors.not_found(request)
        if isinstance(exception, NotPermitted):
            return errors.refused(request, exception, status=403)
        return errors.refused(request, exception, status=400) if isinstance(exception, DeskError) else None
