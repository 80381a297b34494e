"""The pages of errors. They show nothing of the request: two of a kind are byte for byte the same (promise A3).

Django passes handlers an exception by its name; what it says is not for the page.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_htmx.http import reswap

from ghiseu.tickets.errors import DeskError
from ghiseu.ui.render import render_page


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    text = _("There is no such page or ticket, or you may not see it.")
    return _error(request, 404, _("Not found"), text, _("Check the number or the address, or go back to the tickets."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    text = _("Your roles do not allow this.")
    return _error(request, 403, _("Not allowed"), text, _("Ask an administrator if you need it."))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    text = _("The server could not read this request.")
    return _error(request, 400, _("Not understood"), text, _("Go back and try again."))


def broken(request: HttpRequest) -> HttpResponse:
    text = _("Something went wrong here, and it is not your fault. Nothing was changed.")
    return _error(request, 500, _("A mistake of ours"), text, _("Try again. If it stays, tell an administrator when."))


def refused(request: HttpRequest, refusal: DeskError, *, status: int) -> HttpResponse:
    return _error(request, status, _("Not possible"), str(refusal), "")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  # Django passes it
    """Before a page is asked: what is there for administrators alone is not there for others here either (A3)."""
    view = request.resolver_match.func if request.resolver_match else None
    if getattr(view, "is_for_administrators", False) and not getattr(request.user, "is_administrator", False):
        return not_found(request)
    text = _("This page was open since before your last sign-in, so nothing was sent or changed.")
    way_out = _(
        "What you typed in an answer or a note is kept in this browser: open the ticket again and it is there. "
        "If the same comes again, let the browser accept cookies from this address."
    )
    return _error(request, 403, _("Please open the page again"), text, way_out)


def _error(request: HttpRequest, status: int, title: str, text: str, way_out: str) -> HttpResponse:
    context = {"title": title, "text": text, "way_out": way_out}
    if request.headers.get("HX-Request") != "true":
        return render_page(request, "ui/error.html", context, status=status)
    # In a page that stands, the error is a line at its head and what was typed stays where it is.
    response = render_page(request, "ui/error_line.html", context, status=status)
    return reswap(response, "none")
