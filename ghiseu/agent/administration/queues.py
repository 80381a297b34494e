"""What the desk says for a queue: automatic answers, how answers begin and end, and how it takes answers itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.administration.forms import AutoResponseForm, MannerForm, QueueTextForm
from ghiseu.agent.http import AgentRequest
from ghiseu.lib.text import storable, unix_lines
from ghiseu.mail.models import AutoResponse
from ghiseu.mail.outbound.texts import Manner, set_auto_response, set_manner, set_queue_text
from ghiseu.people.models import Language
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Queue, QueueText

Occasion = AutoResponse.Occasion


@require_safe
def queues(request: AgentRequest) -> HttpResponse:
    found = (
        Queue.objects.select_related("calendar", "sla")
        .order_by("name")
        .annotate(
            answers=Count("auto_responses", filter=Q(auto_responses__is_active=True), distinct=True),
            text_count=Count("texts", distinct=True),
        )
    )
    return render(request, "queues.html", {"queues": list(found)})


@dataclass(frozen=True, slots=True)
class Answers:
    """The automatic answers for one occasion, by language in the order of `Language`; None where there is none."""

    occasion: AutoResponse.Occasion
    by_language: list[tuple[Language, AutoResponse | None]]


@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    found = get_object_or_404(Queue, pk=queue_id)
    if request.method != "POST":
        return _queue_page(request, found, MannerForm(initial=_manner(found)))
    form = MannerForm(request.POST)
    if not form.is_valid():
        return _queue_page(request, found, form, status=422)
    try:
        set_manner(found, Manner(**(form.cleaned_data | _unix(form, "signature"))), by=request.user)
    except InvalidInput as refusal:
        form.add_error("signature", str(refusal))
        return _queue_page(request, found, form, status=422)
    messages.success(request, _("Kept. It holds from the next mail on."))
    return redirect("administration-queue", queue_id=found.pk)


def _manner(found: Queue) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("follow_up", "calendar", "sla", "languages", "signature")}


def _queue_page(request: AgentRequest, found: Queue, form: Form, *, status: int = 200) -> HttpResponse:
    answers = {(row.occasion, row.language): row for row in found.auto_responses.all()}
    texts = {row.language: row for row in found.texts.all()}
    context = {
        "queue": found,
        "form": form,
        "languages": Language,
        "answers": [Answers(one, [(lang, answers.get((one, lang))) for lang in Language]) for one in Occasion],
        "texts": [(language, texts.get(language)) for language in Language],
    }
    return render(request, "queue.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: AgentRequest, queue_id: int, occasion: str, language: str) -> HttpResponse:
    """One automatic answer; emptied, it is removed."""
    found = get_object_or_404(Queue, pk=queue_id)
    if occasion not in Occasion.values or language not in Language.values:
        raise Http404
    there = found.auto_responses.filter(occasion=occasion, language=language).first()
    row = there or AutoResponse(queue=found, occasion=occasion, language=language)
    values = {"subject": row.subject, "text": row.text, "is_active": row.is_active}
    form = AutoResponseForm(request.POST if request.method == "POST" else None, initial=values)
    if request.method == "POST" and form.is_valid():
        row.subject, row.is_active = form.cleaned_data["subject"], form.cleaned_data["is_active"]
        row.text = _unix(form, "text")["text"]
        try:
            set_auto_response(row, by=request.user)
        except InvalidInput as refusal:
            form.add_error(None, str(refusal))
        else:
            return _kept(request, found)
    context = {"queue": found, "form": form, "occasion": Occasion(occasion), "language_name": Language(language).label}
    return render(request, "answer.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def text(request: AgentRequest, queue_id: int, language: str) -> HttpResponse:
    """How answers of agents begin and end in one language."""
    found = get_object_or_404(Queue, pk=queue_id)
    if language not in Language.values:
        raise Http404
    row = found.texts.filter(language=language).first() or QueueText(queue=found, language=language)
    values = {"salutation": row.salutation, "signature": row.signature}
    form = QueueTextForm(request.POST if request.method == "POST" else None, initial=values)
    if request.method == "POST" and form.is_valid():
        row.salutation, row.signature = form.cleaned_data["salutation"], _unix(form, "signature")["signature"]
        try:
            set_queue_text(row, by=request.user)
        except InvalidInput as refusal:
            form.add_error(None, str(refusal))
        else:
            return _kept(request, found)
    context = {"queue": found, "form": form, "language_name": Language(language).label}
    return render(request, "text.html", context, status=422 if form.errors else 200)


def _kept(request: AgentRequest, found: Queue) -> HttpResponse:
    messages.success(request, _("Kept. It holds from the next mail on."))
    return redirect("administration-queue", queue_id=found.pk)


def _unix(form: Form, field: str) -> dict[str, Any]:
    """What came from a text field with the line ends of mail texts."""
    return {field: unix_lines(storable(form.cleaned_data[field])).strip()}
