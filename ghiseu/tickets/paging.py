"""Pages of tickets by key, not by offset: page 200 costs what page 1 costs, and a row that moves doubles nobody.

A cursor is the sort key of the row at the page's edge as text, `2026-11-22T10:00:00+00:00~4711`. It is a place in an
order, not a permission: whatever it says, the page is cut out of what the agent may see.

A grouping puts its own key in front of the order's, so that a group is whole over all pages and stands at one place.
No index serves such an order: it sorts everything that is asked for, which is little as long as that is open tickets.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.listing import ListedTicket, first_of
from ghiseu.tickets.moments import NEVER

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from ghiseu.tickets.querysets import TicketQuerySet

PAGE_ROWS = 50


class Order(models.TextChoices):
    CHANGED = "changed", _("last change")
    NEWEST = "newest", _("newest first")
    OLDEST = "oldest", _("oldest first")
    WAITING = "waiting", _("longest waiting")
    PRIORITY = "priority", _("priority")
    DUE = "due", _("due first")


class Grouping(models.TextChoices):
    NONE = "", _("no groups")
    QUEUE = "queue", _("by queue")
    OWNER = "owner", _("by owner")
    STATE = "state", _("by state")
    PRIORITY = "priority", _("by priority")
    CUSTOMER = "customer", _("by customer")
    DAY = "day", _("by day")


Key = tuple[tuple[str, ...], bool]

# The columns of a key, and whether it runs downwards. The id makes every key of an order unique.
_KEYS: dict[str, Key] = {
    Order.CHANGED: (("changed_at", "pk"), True),
    Order.NEWEST: (("created_at", "pk"), True),
    Order.OLDEST: (("created_at", "pk"), False),
    Order.WAITING: (("waiting_since", "pk"), False),
    Order.PRIORITY: (("priority", "changed_at", "pk"), True),
    Order.DUE: (("due_at", "pk"), False),
}
# Whose key is a time, so that the rows of a day stand together by themselves: nothing goes in front of it.
TIME_OF: dict[Order, str] = {
    Order.CHANGED: "changed_at",
    Order.NEWEST: "created_at",
    Order.OLDEST: "created_at",
    Order.WAITING: "waiting_since",
    Order.DUE: "due_at",
}
_GROUP_KEYS: dict[str, Key] = {
    Grouping.NONE: ((), True),
    Grouping.QUEUE: (("queue__name",), False),
    # Two people of one name are two groups.
    Grouping.OWNER: (("owner__name", "owner_id"), False),
    Grouping.STATE: (("state_id",), False),
    Grouping.PRIORITY: (("priority",), True),
    Grouping.CUSTOMER: (("customer__name", "customer_id"), False),
    Grouping.DAY: ((), True),
}
# What `_expression` is for a ticket that was read.
_VALUES: dict[str, Callable[[ListedTicket], Any]] = {
    "pk": lambda ticket: ticket.pk,
    "priority": lambda ticket: ticket.priority,
    "state_id": lambda ticket: ticket.state_id,
    "changed_at": lambda ticket: ticket.changed_at,
    "created_at": lambda ticket: ticket.created_at,
    "waiting_since": lambda ticket: ticket.waiting_since or NEVER,
    "due_at": lambda ticket: ticket.due_at or NEVER,
    "queue__name": lambda ticket: ticket.queue_name,
    "owner__name": lambda ticket: ticket.owner_name or "",
    "owner_id": lambda ticket: ticket.owner_id or 0,
    "customer__name": lambda ticket: ticket.customer_given_name,
    "customer_id": lambda ticket: ticket.customer_id,
}
_TEXTS = frozenset({"queue__name", "owner__name", "customer__name"})
_IDS = frozenset({"pk", "priority", "owner_id", "state_id", "customer_id"})


@dataclass(frozen=True, slots=True)
class Page:
    tickets: list[ListedTicket]
    next: str | None
    previous: str | None


def page_of(
    tickets: TicketQuerySet,
    *,
    order: Order = Order.CHANGED,
    group: Grouping = Grouping.NONE,
    after: str = "",
    before: str = "",
    rows: int = PAGE_ROWS,
) -> Page:
    """The page behind cursor `after`, or the one in front of cursor `before`, or the first one.

    Raises InvalidInput where a cursor is not one of ours.
    """
    backwards = bool(before)
    # Each part of the key runs its own way: groups by name, and in each the newest first.
    parts = [(columns, downwards != backwards) for columns, downwards in (_GROUP_KEYS[group], _KEYS[order]) if columns]
    columns = tuple(column for names, _descending in parts for column in names)
    if cursor := before or after:
        tickets = tickets.filter(_behind(parts, _read_cursor(cursor, columns)))
    by = [_sorted(column, descending) for names, descending in parts for column in names]
    # No index has the groups in order: there the whole set is sorted at once.
    found = first_of(tickets.all_at_once() if len(parts) > 1 else tickets, by, rows=rows + 1)
    more, found = len(found) > rows, found[:rows]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_next, has_previous = (True, more) if backwards else (more, bool(after))
    return Page(
        found,
        _cursor(found[-1], columns) if has_next else None,
        _cursor(found[0], columns) if has_previous else None,
    )


def _sorted(column: str, descending: bool) -> OrderBy:
    return OrderBy(_expression(column), descending=descending)


def _behind(parts: list[Key], values: list[Any]) -> Q | _RowCompare:
    """Where the rest of the rows are: behind in the first part, or beside it there and behind in the next."""
    (columns, descending), *rest = parts
    here, values = values[: len(columns)], values[len(columns) :]
    expressions = [_expression(column) for column in columns]
    behind = _RowCompare(expressions, here, "<" if descending else ">")
    if not rest:
        return behind
    return Q(behind) | (Q(_RowCompare(expressions, here, "=")) & Q(_behind(rest, values)))


def _expression(column: str) -> Any:
    if column in ("waiting_since", "due_at"):
        return Coalesce(F(column), Value(NEVER))
    if column == "owner__name":
        return Coalesce(F(column), Value(""))
    return Coalesce(F(column), Value(0)) if column == "owner_id" else F(column)


def _cursor(ticket: ListedTicket, columns: tuple[str, ...]) -> str:
    return "~".join(_write_value(column, _VALUES[column](ticket)) for column in columns)


def _write_value(column: str, value: Any) -> str:
    if column in _TEXTS:
        return quote(value, safe="").replace("~", "%7E")
    return str(value) if column in _IDS else str(value.isoformat())


def _read_cursor(cursor: str, columns: tuple[str, ...]) -> list[Any]:
    try:
        return [_read_value(column, part) for column, part in zip(columns, cursor.split("~"), strict=True)]
    except ValueError as error:
        raise InvalidInput(_("This page address is damaged. Start again from the first page.")) from error


def _read_value(column: str, text: str) -> dt.datetime | int | str:
    if column in _TEXTS:
        name = unquote(text, errors="strict")
        if "\x00" in name:
            raise ValueError(text)
        return name
    if column in _IDS:
        number = int(text)
        if not -(2**31) < number < 2**63:
            raise ValueError(text)
        return number
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


class _RowCompare(models.Func):
    """`(a, b) < (x, y)`: row-wise, so that one index scan serves it."""

    output_field = models.BooleanField()

    def __init__(self, columns: list[Any], values: list[Any], operator: str) -> None:
        super().__init__(*columns, *(Value(value) for value in values))
        self.operator = operator

    def as_sql(  # type: ignore[override]  # the stubs give parameters a narrower type than Django does
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,  # noqa: ARG002  # Django's signature
        **_context: Any,
    ) -> tuple[str, list[Any]]:
        parts: list[str] = []
        params: list[Any] = []
        for expression in self.source_expressions:
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params.extend(values)
        half = len(parts) // 2
        return f"({', '.join(parts[:half])}) {self.operator} ({', '.join(parts[half:])})", params
