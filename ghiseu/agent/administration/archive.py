"""The archive as administrators see it: after how many days each queue puts tickets away, and how much lies where."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.http import AgentRequest
from ghiseu.tickets.archive import archive_of_queues, set_archive_after
from ghiseu.tickets.models import Queue, Upkeep
from ghiseu.tickets.models.queue import MOST_DAYS_ON_THE_DESK


class ArchiveForm(forms.Form):
    days = forms.IntegerField(required=False, min_value=1, max_value=MOST_DAYS_ON_THE_DESK)


@require_safe
def archive(request: AgentRequest) -> HttpResponse:
    context = {
        "lines": archive_of_queues(),
        "upkeep": Upkeep.objects.order_by("pk"),
        "night_at": settings.NIGHT_AT,
    }
    return render(request, "archive.html", context)


@require_POST
def queue_archive(request: AgentRequest, queue_id: int) -> HttpResponse:
    """After how many days closed tickets of this queue leave the desk; empty means never by themselves."""
    found = get_object_or_404(Queue, pk=queue_id)
    form = ArchiveForm(request.POST)
    if form.is_valid():
        set_archive_after(found, form.cleaned_data["days"], by=request.user)
        messages.success(request, _("Kept. It holds from the next night on."))
    else:
        messages.error(request, _("This is no number of days from 1 to %(most)s.") % {"most": MOST_DAYS_ON_THE_DESK})
    return redirect("administration-queue", queue_id=found.pk)
