"""Rules on incoming mail: their order, on and off, their form, and what one would find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ghiseu.agent.administration.door import render
from ghiseu.agent.administration.forms import RuleForm
from ghiseu.agent.administration.inbound import tickets_of
from ghiseu.agent.http import AgentRequest
from ghiseu.mail.inbound.dry_run import MOST_SHOWN, Hit, would_hit
from ghiseu.mail.inbound.filters import Action, Names, read_actions
from ghiseu.mail.inbound.mail_fields import MAILS
from ghiseu.mail.inbound.rules import delete_rule, move_rule, save_rule, switch_rule
from ghiseu.mail.models import Filter, InboundMail
from ghiseu.people.models import Agent
from ghiseu.tickets.classification import in_words
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in the list, its actions in words; `problem` says why it is left out when mails come."""

    rule: Filter
    acts: list[str]
    problem: str = ""


@require_safe
def rules(request: AgentRequest) -> HttpResponse:
    names = Names()
    found = Filter.objects.select_related("mailbox").order_by("position", "pk")
    return render(request, "rules.html", {"lines": [_line(rule, names) for rule in found]})


def _line(rule: Filter, names: Names) -> Line:
    try:
        parse(rule.query, MAILS)
        return Line(rule, [_words(action) for action in read_actions(rule.actions, names)])
    except InvalidInput as error:
        return Line(rule, [], str(error))


def _words(action: Action) -> str:
    return _WORDS[action.decides](action.value)


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "queue": lambda queue: _("queue %(name)s") % {"name": queue.name.replace("::", " › ")},
    "priority": lambda priority: _("priority %(name)s") % {"name": priority.label},
    "state": lambda state: _("state %(name)s") % {"name": state.label},
    "type": lambda kind: _("type %(name)s") % {"name": kind.name},
    "service": lambda service: _("service %(name)s") % {"name": service.name.replace("::", " › ")},
    "tags": lambda tags: _("tags %(names)s") % {"names": ", ".join(tags)},
    "fields": lambda fields: ", ".join(f"{field.label}: {in_words(value)}" for field, value in fields),
    "quarantine": lambda _yes: _("into quarantine"),
    "ignore": lambda _yes: _("ignored"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: AgentRequest, rule_id: int | None = None) -> HttpResponse:
    """The form of one rule, or of a new one. With `then=try` nothing is kept, and what it would find is shown."""
    found = get_object_or_404(Filter, pk=rule_id) if rule_id else Filter()
    if request.method != "POST":
        return _page(request, RuleForm(rule=found))
    form = RuleForm(request.POST, rule=found)
    is_fine = form.is_valid()
    if request.POST.get("then") == "try":
        return _trial(request, form)
    if not is_fine:
        return _page(request, form, status=422)
    try:
        kept = save_rule(form.filled(), by=request.user)
    except ValidationError as error:
        # What the form could not know: somebody took the name or removed the queue a moment ago.
        form.add_error(None, ValidationError(error.messages))
        return _page(request, form, status=422)
    messages.success(request, _("The rule “%(name)s” is kept and holds from the next mail on.") % {"name": kept.name})
    return redirect("administration-rules")


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that the rule would find. Who writes what stands there only for those who may read it anyway."""

    mail: InboundMail
    ticket: str
    hit: Hit | None


def _trial(request: AgentRequest, form: RuleForm) -> HttpResponse:
    """A question can be tried before the rest of the rule is filled in."""
    if form.understood is None:
        return _page(request, form, status=422)
    run = would_hit(form.understood, mailbox=form.cleaned_data.get("mailbox"))
    for name in set(form.errors) - {"query", "mailbox"}:
        del form.errors[name]
    return _page(request, form, run=run, found=_found(run.hits, by=request.user))


def _found(hits: list[Hit], *, by: Agent) -> list[Found]:
    tickets = tickets_of([hit.mail for hit in hits], by=by)
    shown = []
    for hit in hits:
        ticket = tickets.get(hit.mail.article_id or 0, "")
        is_known = ticket or hit.mail.state == InboundMail.State.QUARANTINED
        shown.append(Found(hit.mail, ticket, hit if is_known else None))
    return shown


def _page(request: AgentRequest, form: RuleForm, *, status: int = 200, **trial: Any) -> HttpResponse:
    context = {"form": form, "rule": form.rule, "place": _place(form), "run": None, "found": [], "most": MOST_SHOWN}
    return render(request, "rule.html", context | trial, status=status)


def _place(form: RuleForm) -> dict[str, Any] | None:
    """Where the question stops making sense: what stands before, the piece, what stands behind."""
    error: QueryError | None = form.query_error
    if error is None:
        return None
    return {"before": error.before, "piece": error.at, "behind": error.behind, "instead": error.instead}


@require_POST
def move(request: AgentRequest, rule_id: int) -> HttpResponse:
    move_rule(get_object_or_404(Filter, pk=rule_id), up=request.POST.get("where") == "up", by=request.user)
    return redirect("administration-rules")


@require_POST
def switch(request: AgentRequest, rule_id: int) -> HttpResponse:
    switch_rule(get_object_or_404(Filter, pk=rule_id), on=request.POST.get("to") == "on", by=request.user)
    return redirect("administration-rules")


@require_POST
def remove(request: AgentRequest, rule_id: int) -> HttpResponse:
    found = get_object_or_404(Filter, pk=rule_id)
    delete_rule(found, by=request.user)
    messages.success(request, _("The rule “%(name)s” is deleted.") % {"name": found.name})
    return redirect("administration-rules")
