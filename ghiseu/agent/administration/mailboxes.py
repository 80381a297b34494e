"""Mailboxes: how fetching goes, what lies on the server against what is held here, and trying by hand.

No password is shown, nor can one be set here: `ghiseu mailbox` does that.
"""

from __future__ import annotations

import structlog
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.http import AgentRequest
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound.fetch import fetch
from ghiseu.mail.mailboxes import states_of, try_out
from ghiseu.mail.models import Mailbox

log = structlog.get_logger(__name__)


@require_safe
def mailboxes(request: AgentRequest) -> HttpResponse:
    found = list(Mailbox.objects.select_related("queue").order_by("name"))
    states = states_of(found)
    return render(request, "mailboxes.html", {"rows": [(mailbox, states[mailbox.pk]) for mailbox in found]})


@require_POST
def try_connection(request: AgentRequest, mailbox_id: int) -> HttpResponse:
    mailbox = _fetched(mailbox_id)
    try:
        trial = try_out(mailbox)
    except Unreachable as trouble:
        messages.error(request, f"{mailbox.name}: {trouble}")
    else:
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


def _fetched(mailbox_id: int) -> Mailbox:
    """An active mailbox that is fetched from a server: only with those there is anything to try."""
    mailbox = get_object_or_404(Mailbox, pk=mailbox_id, is_active=True)
    if not mailbox.is_fetched:
        raise Http404
    return mailbox
