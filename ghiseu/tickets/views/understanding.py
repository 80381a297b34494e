"""A view's question read again: what it asked for may be gone since it was kept."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.own_fields import PREFIX
from ghiseu.tickets.query.reading import parse_once
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import Query


def understand_again(text: str, own_fields: Collection[str]) -> Query:
    """The query, where the desk has these fields of its own. Raises QueryError.

    What was once understood is kept in memory, also when another process takes a field away: so they are looked at
    here each time.
    """
    query = parse_once(text, TICKETS)
    for name in own_fields_in(query):
        if name not in own_fields:
            start = text.lower().find(f"{PREFIX}{name}")
            message = _("There is no field “%(name)s” any more.") % {"name": f"{PREFIX}{name}"}
            raise QueryError(message, text, start, start + len(PREFIX) + len(name))
    return query


def own_fields_in(query: Query) -> list[str]:
    """The names of the desk's own fields that it asks about."""
    return [test.field.name.removeprefix(PREFIX) for test in query.tests() if test.field.name.startswith(PREFIX)]


def understood(text: str, own_fields: Collection[str] | None = None) -> Query | None:
    """The query, or None where it can no longer be understood; without `own_fields` these are not looked at."""
    try:
        return parse_once(text, TICKETS) if own_fields is None else understand_again(text, own_fields)
    except QueryError:
        return None
