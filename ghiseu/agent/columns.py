"""The columns that a list can have: their names for choosing, and what stands in them beside the ticket's own line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.listing import ListedTicket
from ghiseu.tickets.models import Ticket

OWN_FIELD = "field."
MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """`is_beside`: its value stands in none of the lines that every list reads."""

    name: str
    label: Any
    is_beside: bool = False


_ALL = (
    Column("priority", _("Priority")),
    Column("number", _("Number")),
    Column("customer", _("Customer")),
    Column("company", _("Company"), is_beside=True),
    Column("title", _("Title")),
    Column("queue", _("Queue")),
    Column("owner", _("Owner")),
    Column("state", _("State")),
    Column("waiting", _("Waiting")),
    Column("due", _("Due")),
    Column("pending", _("Set aside until")),
    Column("created", _("Created")),
    Column("changed", _("Changed")),
    Column("type", _("Type"), is_beside=True),
    Column("service", _("Service"), is_beside=True),
    Column("tags", _("Tags")),
    Column("language", _("Language"), is_beside=True),
    Column("articles", _("Messages and notes")),
)
COLUMNS: Mapping[str, Column] = {column.name: column for column in _ALL}


def columns_named(names: Sequence[str], own_fields: Mapping[str, str]) -> list[Column]:
    """The columns of a view, in order; one that is no more is left out, and the title is always there.

    `own_fields` are the labels of the desk's own fields by their names.
    """
    found = [column for name in dict.fromkeys(names) if (column := _column(name, own_fields)) is not None]
    return found if any(column.name == "title" for column in found) else [*found, COLUMNS["title"]]


def _column(name: str, own_fields: Mapping[str, str]) -> Column | None:
    own = name.removeprefix(OWN_FIELD)
    if name.startswith(OWN_FIELD):
        return Column(name, own_fields[own], is_beside=True) if own in own_fields else None
    return COLUMNS.get(name)


def choices(own_fields: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Every column that can be chosen, as (name, label)."""
    own = [(f"{OWN_FIELD}{name}", label) for name, label in sorted(own_fields.items(), key=lambda one: one[1].lower())]
    return [(column.name, column.label) for column in _ALL] + own


class Beside(NamedTuple):
    """What stands beside a ticket in other tables, and its values of the desk's own fields."""

    type: str | None
    service: str | None
    company: str | None
    language: str
    fields: dict[str, Any]


def beside(tickets: Sequence[ListedTicket], columns: Sequence[Column]) -> dict[int, Beside]:
    """By the ticket's id; one statement where a column needs it, and none elsewhere.

    The tickets were found inside what the agent may see, so nothing more is asked here.
    """
    if not tickets or not any(column.is_beside for column in columns):
        return {}
    rows = Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).values_list(
        "pk", "type__name", "service__name", "customer__company__name", "language", "fields"
    )
    return {pk: Beside(*values) for pk, *values in rows}
