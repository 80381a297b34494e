"""Quarantine: why a mail lies there, its source, and what can be done about it, for one or several at once."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.administration.forms import FileByHandForm, chosen_mails
from ghiseu.agent.administration.inbound import Shown, page_of_mails, rows_of
from ghiseu.agent.http import AgentRequest
from ghiseu.agent.ticket.files import as_file
from ghiseu.mail.inbound.quarantine import delete, file_by_hand, try_again
from ghiseu.mail.models import InboundMail
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.errors import DeskError
from ghiseu.tickets.models import Queue

log = structlog.get_logger(__name__)

QUARANTINED = InboundMail.State.QUARANTINED
Act = Callable[[InboundMail], object]


@require_safe
def quarantine(request: AgentRequest) -> HttpResponse:
    asked = Shown.asked_by(request)
    shown = Shown(state=QUARANTINED, after=asked.after, before=asked.before)
    context = page_of_mails(shown, by=request.user) | {
        "queues": list(Queue.objects.active().order_by("name")),
        "all_chosen": "all" in request.GET,
        "sure": False,
    }
    return render(request, "quarantine.html", context)


@require_safe
def source(request: AgentRequest, mail_id: int) -> HttpResponse:
    """The mail exactly as it came (promise M6), while it lies in quarantine; as an article it is its readers' only."""
    mails = InboundMail.objects.filter(state=QUARANTINED).select_related("raw")
    mail = get_object_or_404(mails, pk=mail_id)
    log.info("quarantine_source_read", mail=mail.pk, by=request.user.login)
    return as_file(bytes_of(mail.raw), f"mail-{mail.pk}.eml", "message/rfc822", download=True)


@require_POST
def again(request: AgentRequest) -> HttpResponse:
    done = _each(request, lambda mail: try_again(mail, by=request.user))
    if done:
        text = ngettext("%(num)s mail is tried again now.", "%(num)s mails are tried again now.", done)
        messages.success(request, text % {"num": done})
    return redirect("administration-quarantine")


@require_POST
def by_hand(request: AgentRequest) -> HttpResponse:
    form = FileByHandForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the queue in which the mails shall become tickets."))
        return redirect("administration-quarantine")
    queue: Queue = form.cleaned_data["queue"]
    done = _each(request, lambda mail: file_by_hand(mail, queue=queue, by=request.user))
    if done:
        text = ngettext("%(num)s new ticket in %(queue)s.", "%(num)s new tickets in %(queue)s.", done)
        messages.success(request, text % {"num": done, "queue": queue.name})
    return redirect("administration-quarantine")


@require_POST
def remove(request: AgentRequest) -> HttpResponse:
    """Asks first: what is deleted stays out for good."""
    if "sure" not in request.POST and chosen_mails(request.POST):
        mails = InboundMail.objects.filter(pk__in=chosen_mails(request.POST), state=QUARANTINED)
        rows = rows_of(list(mails.select_related("mailbox", "raw").order_by("-pk")), by=request.user)
        context = {"rows": rows, "queues": [], "all_chosen": True, "sure": True, "next": "", "previous": ""}
        return render(request, "quarantine.html", context | {"is_first_page": True})
    done = _each(request, lambda mail: delete(mail, by=request.user))
    if done:
        text = ngettext("%(num)s mail is deleted and stays out.", "%(num)s mails are deleted and stay out.", done)
        messages.success(request, text % {"num": done})
    return redirect("administration-quarantine")


def _each(request: AgentRequest, act: Act) -> int:
    """The act on every chosen mail, each by itself: one that is refused says why and holds up no other."""
    done = 0
    chosen = chosen_mails(request.POST)
    if not chosen:
        messages.error(request, _("No mail is chosen. Tick at least one."))
    for mail in InboundMail.objects.filter(pk__in=chosen).order_by("pk"):
        try:
            act(mail)
        except DeskError as refusal:
            messages.error(request, str(refusal))
        else:
            done += 1
    return done
