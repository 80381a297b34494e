"""What administrators type, cleaned. As in every form of the house only named fields are looked at (promise A5)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghiseu.mail.inbound.filters import STATE_TYPES
from ghiseu.mail.inbound.mail_fields import MAILS
from ghiseu.mail.models import Filter, Mailbox
from ghiseu.people.models import Language
from ghiseu.tickets.classification import FieldValue, clean_tags, in_words, typed_value
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Calendar, CustomField, FollowUp, Priority, Queue, Service, Sla, State, TicketType
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.limits import MAX_CHARACTERS
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.tree import Query

MOST_CHOSEN = 500
# What a rule can say of the ticket that a mail opens.
_BEGINNINGS = ("queue", "priority", "state", "type", "service", "tags", "fields_set")
LONGEST_TEXT = 20_000


def chosen_mails(data: QueryDict) -> list[int]:
    """The ids of the ticked mails; what is no id is passed over."""
    offered = data.getlist("mail")[:MOST_CHOSEN]
    return [int(one) for one in offered if one.isascii() and one.isdigit() and len(one) < 19]


class FileByHandForm(forms.Form):
    queue = forms.ModelChoiceField(queryset=Queue.objects.active())


class QueueChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    def label_from_instance(self, obj: Queue) -> str:
        return obj.name.replace("::", " › ")


class StateChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: State) -> str:
        return str(obj.label)


class RuleForm(forms.Form):
    """A rule as people think of it: which mails, what becomes of each, and how a ticket begins that it opens.

    `query_error` knows the place in the question that cannot be understood.
    """

    FILE, QUARANTINE, IGNORE = "file", "quarantine", "ignore"
    FATES = (
        (FILE, gettext_lazy("It is filed")),
        (QUARANTINE, gettext_lazy("It goes into quarantine")),
        (IGNORE, gettext_lazy("It is ignored: no ticket, no answer")),
    )
    NO_CHOICE = gettext_lazy("not decided here")

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    query = forms.CharField(
        label=gettext_lazy("Question"),
        required=False,
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "none"}),
    )
    mailbox = forms.ModelChoiceField(
        label=gettext_lazy("Mailbox"),
        queryset=Mailbox.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("mail of every mailbox"),
    )
    fate = forms.ChoiceField(label=gettext_lazy("What becomes of the mail"), choices=FATES, initial=FILE)
    queue = QueueChoice(
        label=gettext_lazy("Queue"),
        queryset=Queue.objects.active().order_by("name"),
        required=False,
        empty_label=NO_CHOICE,
    )
    priority = forms.ChoiceField(
        label=gettext_lazy("Priority"),
        required=False,
        choices=[("", NO_CHOICE), *((one.name.lower(), one.label) for one in reversed(Priority))],
    )
    state = StateChoice(
        label=gettext_lazy("State"),
        queryset=State.objects.filter(is_active=True, type__in=STATE_TYPES).order_by("pk"),
        required=False,
        empty_label=NO_CHOICE,
    )
    type = forms.ModelChoiceField(
        label=gettext_lazy("Type"),
        queryset=TicketType.objects.filter(is_active=True),
        required=False,
        empty_label=NO_CHOICE,
    )
    service = forms.ModelChoiceField(
        label=gettext_lazy("Service"),
        queryset=Service.objects.filter(is_active=True),
        required=False,
        empty_label=NO_CHOICE,
    )
    tags = forms.CharField(label=gettext_lazy("Tags"), required=False, max_length=2_000)
    fields_set = forms.CharField(
        label=gettext_lazy("Fields of your own"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "none"}),
    )
    stops = forms.BooleanField(label=gettext_lazy("Ask no rule behind this one"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("The rule is asked"), required=False, initial=True)

    query_error: QueryError | None = None
    understood: Query | None = None

    def __init__(self, data: QueryDict | None = None, *, rule: Filter) -> None:
        self.rule = rule
        super().__init__(data, initial=_as_form(rule) if rule.pk else None)

    def clean_query(self) -> str:
        text: str = self.cleaned_data["query"]
        try:
            self.understood = parse(text, MAILS)
        except QueryError as error:
            self.query_error = error
            raise forms.ValidationError(str(error)) from error
        return text

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Filter.objects.filter(name=name).exclude(pk=self.rule.pk).exists():
            raise forms.ValidationError(_("Another rule has this name. Choose a different one."))
        return name

    def clean_tags(self) -> list[str]:
        try:
            return clean_tags(self.cleaned_data["tags"].replace(";", ",").split(","))
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from error

    def clean_fields_set(self) -> dict[str, FieldValue]:
        """Lines such as `plan: Gold`, read as the fields' kinds say."""
        definitions = {field.name: field for field in CustomField.objects.filter(is_active=True)}
        read: dict[str, FieldValue] = {}
        for line in filter(None, (line.strip() for line in self.cleaned_data["fields_set"].splitlines())):
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not colon or name not in definitions:
                known = {"line": line, "known": ", ".join(definitions) or _("none")}
                raise forms.ValidationError(_("“%(line)s” names no field. There are: %(known)s.") % known)
            try:
                value = typed_value(definitions[name], text)
            except InvalidInput as error:
                raise forms.ValidationError(str(error)) from error
            if value is not None:
                read[name] = value
        return read

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        begins = any(values.get(field) for field in _BEGINNINGS)
        if values.get("fate") == self.FILE and not begins:
            self.add_error("fate", _("The rule does nothing. Choose at least one thing that it shall do."))
        if values.get("fate") in (self.QUARANTINE, self.IGNORE) and begins:
            self.add_error("fate", _("A mail that is kept out opens no ticket: leave all the rest open."))
        return values

    def filled(self) -> Filter:
        """The rule with what was typed, not yet kept."""
        values, rule = self.cleaned_data, self.rule
        rule.name, rule.query, rule.mailbox = values["name"], values["query"], values["mailbox"]
        rule.stops, rule.is_active = values["stops"], values["is_active"]
        chosen = {name: values[name] for name in ("queue", "state", "type", "service")}
        rule.actions = {name: row.pk for name, row in chosen.items() if row}
        if values["priority"]:
            rule.actions["priority"] = values["priority"]
        if values["tags"]:
            rule.actions["tags"] = values["tags"]
        if values["fields_set"]:
            rule.actions["fields"] = values["fields_set"]
        if values["fate"] != self.FILE:
            rule.actions[values["fate"]] = True
        return rule


def _as_form(rule: Filter) -> dict[str, Any]:
    actions = rule.actions if isinstance(rule.actions, dict) else {}
    fate = next((name for name in (RuleForm.IGNORE, RuleForm.QUARANTINE) if actions.get(name)), RuleForm.FILE)
    return {
        "name": rule.name,
        "query": rule.query,
        "mailbox": rule.mailbox_id,
        "fate": fate,
        "queue": actions.get("queue"),
        "priority": actions.get("priority", ""),
        "state": actions.get("state"),
        "type": actions.get("type"),
        "service": actions.get("service"),
        "tags": ", ".join(actions.get("tags", ())),
        "fields_set": "\n".join(f"{name}: {in_words(value)}" for name, value in actions.get("fields", {}).items()),
        "stops": rule.stops,
        "is_active": rule.is_active,
    }


class MannerForm(forms.Form):
    """How a queue takes mail: answers to closed tickets, working time, promises, languages, a signature."""

    follow_up = forms.ChoiceField(label=gettext_lazy("An answer to a closed ticket"), choices=FollowUp.choices)
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Calendar"),
        queryset=Calendar.objects.all(),
        required=False,
        empty_label=gettext_lazy("somebody is always there"),
    )
    sla = forms.ModelChoiceField(
        label=gettext_lazy("Service level"),
        queryset=Sla.objects.all(),
        required=False,
        empty_label=gettext_lazy("nothing is promised"),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages in which somebody here answers"),
        choices=Language.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    signature = forms.CharField(
        label=gettext_lazy("Signature for languages without texts of their own"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AutoResponseForm(forms.Form):
    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, max_length=300)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 9, "dir": "auto"}),
    )
    is_active = forms.BooleanField(label=gettext_lazy("It is sent"), required=False)


class QueueTextForm(forms.Form):
    salutation = forms.CharField(label=gettext_lazy("Salutation"), required=False, max_length=300)
    signature = forms.CharField(
        label=gettext_lazy("Signature"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
