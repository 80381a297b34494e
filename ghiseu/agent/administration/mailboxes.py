"""Mailboxes: how fetching goes, what lies on the server against what is held here, setting up, and trying by hand.

No password is ever shown, also not the one that was typed a moment ago.
"""

from __future__ import annotations

import structlog
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.administration.mailbox_form import MailboxForm
from ghiseu.agent.http import AgentRequest
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound.fetch import fetch
from ghiseu.mail.inbound.mailbox_setup import delete_mailbox, save_mailbox, switch_mailbox
from ghiseu.mail.mailboxes import Trial, states_of, try_out
from ghiseu.mail.models import Mailbox
from ghiseu.tickets.errors import InvalidInput

log = structlog.get_logger(__name__)


@require_safe
def mailboxes(request: AgentRequest) -> HttpResponse:
    found = list(Mailbox.objects.select_related("queue").order_by("name"))
    states = states_of(found)
    return render(request, "mailboxes.html", {"rows": [(mailbox, states[mailbox.pk]) for mailbox in found]})


@require_http_methods(["GET", "HEAD", "POST"])
def mailbox(request: AgentRequest, mailbox_id: int | None = None) -> HttpResponse:
    """The form of one mailbox, or of a new one. It is kept once its server lets us in; with `then=untried` at once."""
    found = get_object_or_404(Mailbox, pk=mailbox_id) if mailbox_id else Mailbox()
    if request.method != "POST":
        return _form_page(request, MailboxForm(instance=found))
    form = MailboxForm(request.POST, instance=found)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        trial = save_mailbox(
            form.instance, form.sign_in(), by=request.user, tries=request.POST.get("then") != "untried"
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _form_page(request, form, status=422)
    except Unreachable as trouble:
        form.add_error(None, _("Nothing was kept: %(trouble)s") % {"trouble": trouble})
        return _form_page(request, form, status=422)
    messages.success(request, _("The mailbox “%(name)s” is kept.") % {"name": form.instance.name})
    if trial:
        _tell(request, form.instance, trial)
    return redirect("administration-mailboxes")


def _form_page(request: AgentRequest, form: MailboxForm, *, status: int = 200) -> HttpResponse:
    stored = Mailbox.objects.filter(pk=form.instance.pk).first() if form.instance.pk else None
    has_secret = stored is not None and (bool(stored.password) or hasattr(stored, "oauth"))
    context = {"form": form, "mailbox": stored, "has_secret": has_secret}
    return render(request, "mailbox.html", context, status=status)


@require_POST
def switch(request: AgentRequest, mailbox_id: int) -> HttpResponse:
    switch_mailbox(get_object_or_404(Mailbox, pk=mailbox_id), on=request.POST.get("to") == "on", by=request.user)
    return redirect("administration-mailboxes")


@require_POST
def remove(request: AgentRequest, mailbox_id: int) -> HttpResponse:
    found = get_object_or_404(Mailbox, pk=mailbox_id)
    try:
        delete_mailbox(found, by=request.user)
    except InvalidInput as refusal:
        messages.error(request, str(refusal))
        return redirect("administration-mailbox", mailbox_id=mailbox_id)
    messages.success(request, _("The mailbox “%(name)s” is deleted.") % {"name": found.name})
    return redirect("administration-mailboxes")


@require_POST
def try_connection(request: AgentRequest, mailbox_id: int) -> HttpResponse:
    mailbox = _fetched(mailbox_id)
    try:
        trial = try_out(mailbox)
    except Unreachable as trouble:
        messages.error(request, f"{mailbox.name}: {trouble}")
    else:
        _tell(request, mailbox, trial)
    log.info("mailbox_tried", mailbox=mailbox.pk, by=request.user.login)
    return redirect("administration-mailboxes")


@require_POST
def fetch_now(request: AgentRequest, mailbox_id: int) -> HttpResponse:
    """As the worker does it; where a worker is at it already, nothing is done twice."""
    mailbox = _fetched(mailbox_id)
    log.info("mailbox_fetched_by_hand", mailbox=mailbox.pk, by=request.user.login)
    taken = fetch(mailbox)
    if mailbox.last_error:
        messages.error(request, f"{mailbox.name}: {mailbox.last_error}")
    text = ngettext("%(mailbox)s: %(num)s mail taken.", "%(mailbox)s: %(num)s mails taken.", taken)
    if taken or not mailbox.last_error:
        messages.success(request, text % {"mailbox": mailbox.name, "num": taken})
    return redirect("administration-mailboxes")


def _tell(request: AgentRequest, mailbox: Mailbox, trial: Trial) -> None:
    text = ngettext(
        "%(mailbox)s: the connection works; %(num)s mail waits there.",
        "%(mailbox)s: the connection works; %(num)s mails wait there.",
        trial.mails,
    )
    messages.success(request, text % {"mailbox": mailbox.name, "num": trial.mails})
    if trial.too_large:
        text = ngettext(
            "%(num)s of them is too large to be taken.",
            "%(num)s of them are too large to be taken.",
            trial.too_large,
        )
        messages.warning(request, text % {"num": trial.too_large})


def _fetched(mailbox_id: int) -> Mailbox:
    """An active mailbox that is fetched from a server: only with those there is anything to try."""
    mailbox = get_object_or_404(Mailbox, pk=mailbox_id, is_active=True)
    if not mailbox.is_fetched:
        raise Http404
    return mailbox
