"""What tickets are sorted by and promised: one page that lists it all, one form for each kind of thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.administration.setup_forms import CalendarForm, CompanyForm, FieldForm, NamedForm, SlaForm
from ghiseu.agent.http import AgentRequest
from ghiseu.people.models import Company
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Calendar, CustomField, Service, Sla, TicketType
from ghiseu.tickets.setup import Setting, delete_setting, keep_setting

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind of thing that is set up here: its words, its rows, its form, and what a line says beside the name."""

    title: Text
    help: Text
    new: Text
    model: type[Any]
    form: type[forms.ModelForm[Any]]
    about: Callable[[Any], str] = lambda _row: ""

    def rows(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.objects.all()
        return rows


def _about_field(field: CustomField) -> str:
    choices = f": {', '.join(field.choices)}" if field.choices else ""
    return f"field.{field.name} · {field.get_kind_display()}{choices}"


def _about_sla(sla: Sla) -> str:
    promises = (
        (_("first answer"), sla.first_answer_minutes),
        (_("next answer"), sla.answer_minutes),
        (_("end"), sla.solution_minutes),
    )
    return " · ".join(f"{words} {_in_words(minutes)}" for words, minutes in promises if minutes is not None)


def _in_words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _about_calendar(calendar: Calendar) -> str:
    return f"{calendar.hours or _('day and night')} · {calendar.time_zone}"


SORTS: dict[str, Sort] = {
    "type": Sort(
        gettext_lazy("Types"),
        gettext_lazy("What sort of matter a ticket is."),
        gettext_lazy("New type"),
        TicketType,
        NamedForm,
    ),
    "service": Sort(
        gettext_lazy("Services"),
        gettext_lazy("What of all you offer a ticket is about; :: makes a tree."),
        gettext_lazy("New service"),
        Service,
        NamedForm,
    ),
    "field": Sort(
        gettext_lazy("Fields of your own"),
        gettext_lazy("What else shall stand on a ticket and be asked for."),
        gettext_lazy("New field"),
        CustomField,
        FieldForm,
        _about_field,
    ),
    "company": Sort(
        gettext_lazy("Companies"),
        gettext_lazy("Who first writes from one of its domains is taken to belong to it."),
        gettext_lazy("New company"),
        Company,
        CompanyForm,
        lambda company: ", ".join(company.domains),
    ),
    "calendar": Sort(
        gettext_lazy("Calendars"),
        gettext_lazy("When somebody is there; promises run only then."),
        gettext_lazy("New calendar"),
        Calendar,
        CalendarForm,
        _about_calendar,
    ),
    "sla": Sort(
        pgettext_lazy("promises", "Service levels"),
        gettext_lazy("How soon you promise to answer. A queue takes one and a calendar."),
        gettext_lazy("New service level"),
        Sla,
        SlaForm,
        _about_sla,
    ),
}


@require_safe
def setup(request: AgentRequest) -> HttpResponse:
    sections = [(name, sort, [(row, sort.about(row)) for row in sort.rows()]) for name, sort in SORTS.items()]
    return render(request, "setup.html", {"sections": sections})


@require_http_methods(["GET", "HEAD", "POST"])
def setting(request: AgentRequest, sort: str, setting_id: int | None = None) -> HttpResponse:
    """A new one, or one that is there."""
    kind = _sort(sort)
    row: Setting = get_object_or_404(kind.model, pk=setting_id) if setting_id else kind.model()
    form = _form(kind, request, row)
    if request.method == "POST" and form.is_valid():
        try:
            keep_setting(form.instance, by=request.user)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Kept."))
            return redirect("administration-setup")
    context = {"form": form, "sort": kind, "sort_name": sort, "setting_id": setting_id}
    return render(request, "setting.html", context, status=422 if form.errors else 200)


@require_POST
def remove(request: AgentRequest, sort: str, setting_id: int) -> HttpResponse:
    row = get_object_or_404(_sort(sort).model, pk=setting_id)
    try:
        delete_setting(row, by=request.user)
    except InvalidInput as refusal:
        messages.error(request, str(refusal))
        return redirect("administration-setting", sort=sort, setting_id=setting_id)
    messages.success(request, _("“%(name)s” is gone.") % {"name": row})
    return redirect("administration-setup")


def _form(kind: Sort, request: AgentRequest, row: Setting) -> forms.ModelForm[Any]:
    data = request.POST if request.method == "POST" else None
    if kind.form is not NamedForm:
        return kind.form(data, instance=row)
    return forms.modelform_factory(kind.model, form=NamedForm, fields=("name", "is_active"))(data, instance=row)


def _sort(name: str) -> Sort:
    if name not in SORTS:
        raise Http404
    return SORTS[name]
