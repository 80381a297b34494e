"""The forms of what tickets are sorted by and promised."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghiseu.people.models import Company
from ghiseu.tickets.models import Calendar, CustomField, Sla

_DOMAIN = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LENGTH = re.compile(r"(?:(?P<days>\d{1,3})\s*d)?\s*(?:(?P<hours>\d{1,4})\s*h)?\s*(?:(?P<minutes>\d{1,5})\s*m(?:in)?)?")


class NamedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A name that can be switched off: types and services."""

    name = forms.CharField(label=gettext_lazy("Name"))
    is_active = forms.BooleanField(label=gettext_lazy("It can be chosen"), required=False, initial=True)


class _LinesField(forms.CharField):
    """One thing a line."""

    widget = forms.Textarea(attrs={"rows": 5})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(one) for one in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


class _DaysField(_LinesField):
    def to_python(self, value: Any) -> Any:
        days = set()
        for line in super().to_python(value):
            try:
                days.add(dt.date.fromisoformat(line))
            except ValueError as error:
                raise forms.ValidationError(
                    _("“%(line)s” is no day. Write it as 2026-12-25.") % {"line": line}
                ) from error
        return sorted(days)


class _MinutesField(forms.CharField):
    """A length of working time as people say it: `4h`, `1h 30m`, `90m`; a day is one of 24 hours."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        hours, minutes = divmod(value, 60)
        return " ".join(part for part in (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "") if part)

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip().lower()
        if not text:
            return None
        parts = _LENGTH.fullmatch(text)
        if parts is None:
            raise forms.ValidationError(
                _("“%(text)s” is no length of time. Write it as 4h or 1h 30m.") % {"text": text}
            )
        days, hours, minutes = (int(parts[name] or 0) for name in ("days", "hours", "minutes"))
        return (days * 24 + hours) * 60 + minutes


class FieldForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(label=gettext_lazy("Name in questions"), max_length=40)
    label = forms.CharField(label=gettext_lazy("Name on the page"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("What it holds"), choices=CustomField.Kind.choices)
    choices = _LinesField(label=gettext_lazy("To choose from, one a line"), required=False)
    position = forms.IntegerField(label=gettext_lazy("Place in the order"), min_value=0, max_value=9999, initial=0)
    is_active = forms.BooleanField(label=gettext_lazy("It can be filled in"), required=False, initial=True)

    class Meta:
        model = CustomField
        fields = ("label", "name", "kind", "choices", "position", "is_active")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].lower()
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise forms.ValidationError(_("Use the letters a to z, digits and _, a letter first."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") != CustomField.Kind.CHOICE:
            cleaned["choices"] = []
        elif not cleaned.get("choices"):
            self.add_error("choices", _("Give at least one."))
        return cleaned


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    hours = forms.CharField(label=gettext_lazy("Hours"), required=False, max_length=200)
    holidays = _DaysField(label=gettext_lazy("Holidays, one a line"), required=False)

    class Meta:
        model = Calendar
        fields = ("name", "time_zone", "hours", "holidays")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["time_zone"].choices = [(zone, zone) for zone in [*zones, "UTC"]]  # type: ignore[attr-defined]
        self.fields["time_zone"].initial = settings.TIME_ZONE


class SlaForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    first_answer_minutes = _MinutesField(label=gettext_lazy("First answer within"), required=False)
    answer_minutes = _MinutesField(label=gettext_lazy("Each later answer within"), required=False)
    solution_minutes = _MinutesField(label=gettext_lazy("End of the matter within"), required=False)

    class Meta:
        model = Sla
        fields = ("name", "first_answer_minutes", "answer_minutes", "solution_minutes")


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    domains = _LinesField(label=gettext_lazy("Mail domains, one a line"), required=False)
    notes = forms.CharField(
        label=gettext_lazy("Notes"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    class Meta:
        model = Company
        fields = ("name", "domains", "notes")

    def clean_domains(self) -> list[str]:
        domains = sorted({line.lower().removeprefix("@") for line in self.cleaned_data["domains"]})
        for domain in domains:
            if not _DOMAIN.fullmatch(domain):
                words = _("“%(line)s” is no mail domain. Write it as example.com.")
                raise forms.ValidationError(words % {"line": domain})
        return domains
