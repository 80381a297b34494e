"""Pages of tickets by key, not by offset: page 200 costs what page 1 costs, and a row that moves doubles nobody.

A cursor is the sort key of the row at the page's edge as text, `2026-11-22T10:00:00+00:00~4711`. It is a place in an
order, not a permission: whatever it says, the page is cut out of what the agent may see.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.errors import InvalidInput

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from ghiseu.tickets.models import Ticket
    from ghiseu.tickets.querysets import TicketQuerySet

PAGE_ROWS = 50
# Stands for "not waiting", behind every real time; PostgreSQL and Python both know this year.
_NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Order(models.TextChoices):
    CHANGED = "changed", _("last change")
    NEWEST = "newest", _("newest first")
    OLDEST = "oldest", _("oldest first")
    WAITING = "waiting", _("longest waiting")
    PRIORITY = "priority", _("priority")


# Order -> (the columns of its key, whether it runs downwards). The id makes every key unique.
_KEYS: dict[str, tuple[tuple[str, ...], bool]] = {
    Order.CHANGED: (("changed_at", "pk"), True),
    Order.NEWEST: (("created_at", "pk"), True),
    Order.OLDEST: (("created_at", "pk"), False),
    Order.WAITING: (("waiting_since", "pk"), False),
    Order.PRIORITY: (("priority", "changed_at", "pk"), True),
}


@dataclass(frozen=True, slots=True)
class Page:
    tickets: list[Ticket]
    next: str | None
    previous: str | None


def page_of(
    tickets: TicketQuerySet, *, order: Order = Order.CHANGED, after: str = "", before: str = "", rows: int = PAGE_ROWS
) -> Page:
    """The page behind cursor `after`, or the one in front of cursor `before`, or the first one.

    Raises InvalidInput where a cursor is not one of ours.
    """
    columns, downwards = _KEYS[order]
    backwards = bool(before)
    descending = downwards != backwards
    expressions = [_expression(column) for column in columns]
    if cursor := before or after:
        tickets = tickets.filter(_RowCompare(expressions, _read_cursor(cursor, columns), "<" if descending else ">"))
    found = list(tickets.order_by(*[e.desc() if descending else e.asc() for e in expressions])[: rows + 1])
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


def _expression(column: str) -> Any:
    return Coalesce(F(column), Value(_NEVER)) if column == "waiting_since" else F(column)


def _cursor(ticket: Ticket, columns: tuple[str, ...]) -> str:
    values = [getattr(ticket, column) for column in columns]
    return "~".join((v or _NEVER).isoformat() if v is None or isinstance(v, dt.datetime) else str(v) for v in values)


def _read_cursor(cursor: str, columns: tuple[str, ...]) -> list[Any]:
    try:
        return [_read_value(column, part) for column, part in zip(columns, cursor.split("~"), strict=True)]
    except ValueError as error:
        raise InvalidInput(_("This page address is damaged. Start again from the first page.")) from error


def _read_value(column: str, text: str) -> dt.datetime | int:
    if column in ("pk", "priority"):
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
