"""What people type, cleaned. Every form names its fields; nothing else of a request is looked at (promise A5)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent
from ghiseu.sla.hours import HoursUnreadable, read_hours
from ghiseu.tickets.models import Channel, Priority

LONGEST_TEXT = 1_000_000
LONGEST_SUBJECT = 500


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "The login and the password do not fit together. Only the password distinguishes capital letters."
        ),
        "inactive": _(
            "The login and the password do not fit together. Only the password distinguishes capital letters."
        ),
    }

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()


def _moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    language = forms.ChoiceField(label=_("Language"))
    time_zone = forms.ChoiceField(label=_("Time zone"))
    shift = forms.CharField(label=_("When I work"), required=False, max_length=200)
    away_from = forms.DateTimeField(label=_("Away from"), required=False, widget=_moment_input())
    away_until = forms.DateTimeField(label=_("until"), required=False, widget=_moment_input())
    substitute = forms.ModelChoiceField(
        label=_("Who stands in"), queryset=Agent.objects.none(), required=False, empty_label=_("nobody")
    )

    class Meta:
        model = Agent
        fields = ("language", "time_zone", "wants_mail", "shift", "away_from", "away_until", "substitute")
        labels = {"wants_mail": _("Send me my customers' answers by mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Agent.objects.active().exclude(pk=self.instance.pk).by_name()
        self.fields["substitute"].queryset = others  # type: ignore[attr-defined]
        self.languages = list(settings.LANGUAGES)
        self.zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["language"].choices = self.languages  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [(zone, zone) for zone in [*self.zones, "UTC"]]  # type: ignore[attr-defined]

    def clean_shift(self) -> str:
        shift: str = self.cleaned_data["shift"]
        try:
            read_hours(shift)
        except HoursUnreadable as error:
            raise forms.ValidationError(str(error)) from error
        return shift

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = values.get("away_from"), values.get("away_until")
        if ends and begins is None and "away_from" not in self.errors:
            self.add_error("away_from", _("Say from when."))
        elif ends and begins and ends <= begins:
            self.add_error("away_until", _("The absence ends before it begins."))
        return values


class WriteForm(forms.Form):
    """What is written in a ticket. `seen` is the newest article before the writer's eyes."""

    text = forms.CharField(required=False, max_length=LONGEST_TEXT, strip=False)
    to = forms.CharField(required=False, max_length=10_000)
    cc = forms.CharField(required=False, max_length=10_000)
    bcc = forms.CharField(required=False, max_length=10_000)
    subject = forms.CharField(required=False, max_length=LONGEST_SUBJECT)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    until = forms.CharField(required=False, max_length=40)
    send_at = forms.CharField(required=False, max_length=40)


class NewTicketForm(forms.Form):
    """A conversation that the desk begins, by mail or after a call."""

    channel = forms.ChoiceField(choices=[(Channel.EMAIL, ""), (Channel.PHONE, "")])
    queue = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    to = forms.CharField(required=False, max_length=10_000)
    cc = forms.CharField(required=False, max_length=10_000)
    bcc = forms.CharField(required=False, max_length=10_000)
    subject = forms.CharField(required=False, max_length=LONGEST_SUBJECT)
    text = forms.CharField(required=False, max_length=LONGEST_TEXT, strip=False)
    send_at = forms.CharField(required=False, max_length=40)


class AssignForm(forms.Form):
    agent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=lambda value: Priority(int(value)))


class QueueForm(forms.Form):
    queue = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class StateForm(forms.Form):
    state = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


def local_time(text: str) -> dt.datetime | None:
    """`2026-11-23T09:00` of a time field, by the agent's clock; None where it cannot be read."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment.tzinfo is None else moment


class NewsForm(forms.Form):
    """How far an open page has seen."""

    article = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    event = forms.IntegerField(min_value=0, max_value=2**63 - 1)
