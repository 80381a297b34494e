"""The fields that a desk defined itself, asked as `field.NAME`: each a field of the language by its kind.

Their definitions are rows, read when a query names one; a query that names none asks the database nothing for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.models import CustomField
from ghiseu.tickets.query.conditions import Predicates, any_of, asks_existence
from ghiseu.tickets.query.facts import Facts
from ghiseu.tickets.query.fields import Family, Field, Kind
from ghiseu.tickets.query.memory import FieldValue, any_fits, bound
from ghiseu.tickets.query.patterns import everything, nothing, text_fits
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.tree import Between

PREFIX = "field."
HELP = _("a field of this desk's own, by its name")

_KINDS = {
    CustomField.Kind.TEXT: Kind.TEXT,
    CustomField.Kind.NUMBER: Kind.NUMBER,
    CustomField.Kind.DATE: Kind.TIME,
    CustomField.Kind.YES_NO: Kind.CHOICE,
    CustomField.Kind.CHOICE: Kind.CHOICE,
}
_YES_NO = {True: "yes", False: "no"}
# A day has no hour; noon of UTC lies in that day for everybody from the Azores to Vladivostok.
_NOON = dt.time(12, tzinfo=dt.UTC)


def own_field(name: str) -> Field | None:
    """The field of the language for `field.NAME`, in lower case; None where the desk has no such field."""
    definition = _definition(name)
    return _field_of(definition) if definition else None


def own_fields() -> list[Field]:
    """Those that are in use, by their names."""
    return [_field_of(definition) for definition in CustomField.objects.filter(is_active=True).order_by("name")]


def _field_of(definition: CustomField) -> Field:
    choices = tuple(_YES_NO.values()) if definition.kind == CustomField.Kind.YES_NO else ()
    # What a choice can be is not closed here: a value that was taken off the list is still in old tickets.
    values = "own" if definition.kind == CustomField.Kind.CHOICE else ""
    kind = _KINDS[CustomField.Kind(definition.kind)]
    name = f"{PREFIX}{definition.name}"
    return Field(name, kind, definition.label, choices=choices, can_be_missing=True, values=values)


FAMILY = Family(PREFIX, own_field, HELP, own_fields, may_change=True)


def read_own_field(name: str, facts: Facts) -> Iterable[FieldValue]:
    definition = _definition(name)
    value = facts.ticket.fields.get(definition.name) if definition else None
    if definition is None or value is None:
        return []
    if isinstance(value, bool):
        return [_YES_NO[value]]
    if isinstance(value, int | float):
        return [Decimal(str(value))]
    if definition.kind == CustomField.Kind.DATE:
        return [dt.datetime.combine(dt.date.fromisoformat(value), _NOON)]
    return [str(value)]


def where_own_field(name: str, predicates: Predicates, scope: Scope) -> Q:
    definition = _definition(name)
    if definition is None:
        # It was taken away since the query was understood.
        return nothing()
    there = Q(fields__has_key=definition.name)
    if asks_existence(predicates):
        return there
    column = f"fields__{definition.name}"
    match CustomField.Kind(definition.kind):
        case CustomField.Kind.TEXT | CustomField.Kind.CHOICE:
            return there & text_fits(column, predicates)
        case CustomField.Kind.YES_NO:
            fitting = [value for value, word in _YES_NO.items() if any_fits(predicates, [word], scope.context)]
            return any_of(Q(fields__contains={definition.name: value}) for value in fitting)
        case CustomField.Kind.NUMBER:
            return there & any_of(_numbers(column, p, scope) for p in predicates if isinstance(p, Between))
        case CustomField.Kind.DATE:
            return there & any_of(_days(column, p, scope) for p in predicates if isinstance(p, Between))


def _definition(name: str) -> CustomField | None:
    return CustomField.objects.filter(name=name.removeprefix(PREFIX)).first()


def _numbers(column: str, span: Between, scope: Scope) -> Q:
    condition = everything()
    if span.low is not None:
        lookup = "gte" if span.low.is_inclusive else "gt"
        condition &= Q(**{f"{column}__{lookup}": _as_json(bound(span.low, scope.context))})
    if span.high is not None:
        lookup = "lte" if span.high.is_inclusive else "lt"
        condition &= Q(**{f"{column}__{lookup}": _as_json(bound(span.high, scope.context))})
    return condition


def _as_json(number: object) -> int | float:
    if isinstance(number, int):
        return number
    return float(number) if isinstance(number, Decimal) else 0


def _days(column: str, span: Between, scope: Scope) -> Q:
    """Days as texts stand in their order; the limits are turned into the first or last day whose noon lies inside."""
    condition = everything()
    if span.low is not None and isinstance(low := bound(span.low, scope.context), dt.datetime):
        condition &= Q(**{f"{column}__gte": _first_day(low, span.low.is_inclusive)})
    if span.high is not None and isinstance(high := bound(span.high, scope.context), dt.datetime):
        condition &= Q(**{f"{column}__lt": _first_day(high, not span.high.is_inclusive)})
    return condition


def _first_day(moment: dt.datetime, takes_noon: bool) -> str:
    """The first day whose noon is not before the moment, or with `takes_noon` false, behind it."""
    moment = moment.astimezone(dt.UTC)
    noon = dt.datetime.combine(moment.date(), _NOON)
    is_in = noon >= moment if takes_noon else noon > moment
    return (moment.date() if is_in else moment.date() + dt.timedelta(days=1)).isoformat()
