"""The form of a view, cleaned: as in every form of the house only named fields are looked at (promise A5)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghiseu.agent.columns import MOST_COLUMNS, choices
from ghiseu.agent.sidebar import Known
from ghiseu.people.models import Role
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Audience, View
from ghiseu.tickets.paging import Grouping, Order
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.limits import MAX_CHARACTERS
from ghiseu.tickets.views.keeping import roles_to_share_with, understand


class ViewForm(forms.Form):
    """`query_error` knows the place in the question that cannot be understood."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    query = forms.CharField(
        label=gettext_lazy("Question"),
        required=False,
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "none"}),
    )
    order = forms.ChoiceField(label=gettext_lazy("Order"), choices=Order.choices)
    grouping = forms.ChoiceField(label=gettext_lazy("Groups"), choices=Grouping.choices, required=False)
    audience = forms.ChoiceField(label=gettext_lazy("Who sees it"))

    query_error: QueryError | None = None

    def __init__(self, data: QueryDict | None = None, *, view: View, known: Known) -> None:
        self.view = view
        self.roles = {f"role-{role.pk}": role for role in roles_to_share_with(known.agent)}
        if view.role is not None:
            self.roles.setdefault(f"role-{view.role.pk}", view.role)
        super().__init__(data, initial=_as_form(view))
        self.fields["audience"].choices = _audiences(self.roles, known)  # type: ignore[attr-defined]
        chosen = [("", gettext_lazy("no column")), *choices(known.names.own_fields)]
        self.columns = [f"column_{place}" for place in range(1, MOST_COLUMNS + 1)]
        for place, name in enumerate(self.columns, 1):
            label = _("Column %(number)d") % {"number": place}
            self.fields[name] = forms.ChoiceField(label=label, choices=chosen, required=False)

    def clean(self) -> dict[str, Any]:
        try:
            understand(self.filled())
        except QueryError as error:
            self.query_error = error
            self.add_error("query", error.message)
        except InvalidInput as refusal:
            self.add_error("grouping", str(refusal))
        return self.cleaned_data

    def filled(self) -> View:
        """The view with what was typed, not yet kept."""
        values, view = self.cleaned_data, self.view
        view.name, view.query = values.get("name", ""), values.get("query", "").strip()
        view.order, view.grouping = values.get("order", view.order), values.get("grouping", "")
        view.columns = list(dict.fromkeys(values[name] for name in self.columns if values.get(name)))
        view.role = self.roles.get(values.get("audience", ""))
        view.audience = Audience.ROLE if view.role else Audience(values.get("audience", Audience.ME))
        return view


def _audiences(roles: dict[str, Role], known: Known) -> list[tuple[str, Any]]:
    everyone = [(Audience.EVERYONE, _("everybody"))] if known.agent.is_administrator else []
    with_role = [(key, _("everybody with the role “%(role)s”") % {"role": role.name}) for key, role in roles.items()]
    return [(Audience.ME, _("only I")), *with_role, *everyone]


def _as_form(view: View) -> dict[str, Any]:
    values = {"name": view.name, "query": view.query, "order": view.order, "grouping": view.grouping}
    values["audience"] = f"role-{view.role_id}" if view.role_id else view.audience
    return values | {f"column_{place}": name for place, name in enumerate(view.columns, 1)}
