"""Coming and going: sign in, who is signed in, sign out, and what somebody reads who tried too often."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghiseu.agent.forms import SignInForm
from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.ui.render import render_page


class Agents(ModelBackend):
    """Django's check of logins and passwords. Who is signed in is asked with every page."""

    def get_user(self, user_id: int) -> Agent | None:
        agent = next(iter(objects_where(Agent, "id = %s", [user_id])), None)
        return agent if agent is not None and agent.is_active else None


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignIn(views.LoginView):
    """Says the same whether the login or the password was wrong, or the account is closed (promise N5)."""

    template_name = "agent/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def render_to_response(self, context: dict[str, Any], **_response: Any) -> HttpResponse:
        form = context["form"]
        return render_page(
            self.request,
            self.template_name,
            {"form": form, "next": self.get_redirect_url()},
            status=422 if form.is_bound else 200,
        )


class SignOut(views.LogoutView):
    http_method_names = ["post"]


def locked_out(request: HttpRequest, _response: object, _credentials: object = None) -> HttpResponse:
    """Too many tries for this name from this place; others, and this name from elsewhere, are not held up."""
    minutes = round(float(settings.AXES_COOLOFF_TIME) * 60)
    text = _("Too many tries. For safety this sign-in pauses for %(minutes)s minutes, counted from the last try.")
    return render_page(
        request,
        "ui/error.html",
        {
            "title": _("Please wait a little"),
            "text": text % {"minutes": minutes},
            "way_out": _("If you forgot your password, an administrator can give you a new one."),
        },
        status=429,
    )
