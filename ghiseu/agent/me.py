"""My settings: the language and the clock I read by, and my password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ghiseu.agent.forms import MeForm
from ghiseu.agent.http import AgentRequest
from ghiseu.people.models import Agent
from ghiseu.ui.render import render_page


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: AgentRequest) -> HttpResponse:
    # The form writes into its agent also where it refuses: a copy keeps the request's own agent as it is.
    form = MeForm(request.POST or None, instance=Agent.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        changed = form.save()
        with translation.override(changed.language):
            messages.success(request, _("Your settings are kept."))
        return redirect("me")
    return _page(request, form, PasswordChangeForm(request.user))


@sensitive_post_parameters()
@require_POST
def password(request: AgentRequest) -> HttpResponse:
    form = PasswordChangeForm(request.user, request.POST)
    if not form.is_valid():
        return _page(request, MeForm(instance=request.user), form)
    # Every other session of this agent ends with the old password; this one goes on.
    update_session_auth_hash(request, form.save())
    messages.success(request, _("Your password is changed; other browsers are signed out."))
    return redirect("me")


def _page(request: AgentRequest, form: MeForm, password_form: PasswordChangeForm) -> HttpResponse:
    refused = form.errors or password_form.errors
    context = {"form": form, "password_form": password_form}
    return render_page(request, "agent/me.html", context, status=422 if refused else 200)
