"""Rules of retention: the list with its audit, the form, and the look at what a rule would hit before it may work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.http import AgentRequest
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import LegalHold, RetentionRule, RetentionRun, Ticket
from ghiseu.tickets.models.keeping import MOST_MONTHS
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.limits import MAX_CHARACTERS
from ghiseu.tickets.retention import LOOK_HOLDS, Trial, delete_rule, read_rule, save_rule, switch_rule, try_out

SHOWN_RUNS, SHOWN_HOLDS = 50, 100


class RetentionForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    query = forms.CharField(
        label=gettext_lazy("Which closed tickets"),
        required=False,
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "none"}),
    )
    after_months = forms.IntegerField(
        label=gettext_lazy("Months after they were closed"), min_value=1, max_value=MOST_MONTHS, initial=36
    )
    act = forms.ChoiceField(
        label=gettext_lazy("What becomes of them"),
        choices=(
            ("anonymise", gettext_lazy("Anonymise: messages stay, without words, names and files")),
            ("delete", gettext_lazy("Delete: nothing stays but the number, the queue, times and counts")),
        ),
        initial="anonymise",
    )

    def __init__(self, data: QueryDict | None = None, *, rule: RetentionRule) -> None:
        self.rule = rule
        names = ("name", "query", "after_months", "act")
        super().__init__(data, initial={name: getattr(rule, name) for name in names} if rule.pk else None)

    def clean_query(self) -> str:
        text: str = self.cleaned_data["query"].strip()
        try:
            read_rule(text)
        except QueryError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def filled(self) -> RetentionRule:
        for name, value in self.cleaned_data.items():
            setattr(self.rule, name, value)
        return self.rule


@require_safe
def retention(request: AgentRequest) -> HttpResponse:
    """The rules, what they did night by night, and what is under legal hold."""
    holds = LegalHold.objects.in_force().select_related("placed_by", "ticket", "customer")[:SHOWN_HOLDS]
    mine = Ticket.objects.visible_to(request.user)
    named = [hold.ticket_id for hold in holds if hold.ticket_id]
    context = {
        "rules": RetentionRule.objects.select_related("tried_by"),
        "runs": RetentionRun.objects.all()[:SHOWN_RUNS],
        "holds": holds,
        # What somebody wrote about a ticket is read by who may read the ticket.
        "readable": set(mine.filter(pk__in=named).values_list("pk", flat=True)),
    }
    return render(request, "retention.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: AgentRequest, rule_id: int | None = None) -> HttpResponse:
    found = get_object_or_404(RetentionRule, pk=rule_id) if rule_id else RetentionRule()
    if request.method != "POST":
        return _page(request, RetentionForm(rule=found))
    form = RetentionForm(request.POST, rule=found)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        kept = save_rule(form.filled(), by=request.user)
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return _page(request, form, status=422)
    messages.success(request, _("The rule “%(name)s” is kept.") % {"name": kept.name})
    return redirect("administration-retention-rule", rule_id=kept.pk)


@require_POST
def try_it(request: AgentRequest, rule_id: int) -> HttpResponse:
    """What the rule would hit today; nothing is changed but that somebody has looked."""
    found = get_object_or_404(RetentionRule, pk=rule_id)
    trial = try_out(found, by=request.user)
    return _page(request, RetentionForm(rule=found), trial=trial)


def _page(request: AgentRequest, form: RetentionForm, *, trial: Trial | None = None, status: int = 200) -> HttpResponse:
    found = form.rule
    sample = [ticket.pk for ticket in trial.sample] if trial else []
    context: dict[str, Any] = {
        "form": form,
        "rule": found,
        "trial": trial,
        "may_switch_on": bool(found.tried_at and found.tried_at >= timezone.now() - LOOK_HOLDS),
        # Titles and customers are for those who may read the ticket anyway.
        "readable": set(Ticket.objects.visible_to(request.user).filter(pk__in=sample).values_list("pk", flat=True)),
    }
    return render(request, "retention_rule.html", context, status=status)


@require_POST
def switch(request: AgentRequest, rule_id: int) -> HttpResponse:
    found = get_object_or_404(RetentionRule, pk=rule_id)
    try:
        switch_rule(found, on=request.POST.get("to") == "on", by=request.user)
    except InvalidInput as refusal:
        messages.error(request, str(refusal))
    return redirect("administration-retention-rule", rule_id=found.pk)


@require_POST
def remove(request: AgentRequest, rule_id: int) -> HttpResponse:
    found = get_object_or_404(RetentionRule, pk=rule_id)
    delete_rule(found, by=request.user)
    messages.success(request, _("The rule “%(name)s” is deleted.") % {"name": found.name})
    return redirect("administration-retention")
