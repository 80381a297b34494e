"""Objects of Django's models by a condition that is written out, for what every page asks.

Django needs three times as long to put such a statement together as the driver and the objects take.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

AnyModel = TypeVar("AnyModel", bound=models.Model)


def objects_where(
    model: type[AnyModel], condition: str, params: Sequence[Any] = (), *, order: str = ""
) -> list[AnyModel]:
    """Every object for which the condition holds, by default in no order; by one statement, with nothing read along.

    No right is asked: whoever calls it holds the ticket already, or the condition says who may see. Condition and order
    are ours; what somebody typed stands in `params`.
    """
    select, columns = _select(model)
    statement = f"{select} WHERE {condition} ORDER BY {order}" if order else f"{select} WHERE {condition}"
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [model.from_db(DEFAULT_DB_ALIAS, columns, row) for row in cursor.fetchall()]


@cache
def _select(model: type[models.Model]) -> tuple[str, list[str]]:
    described = model._meta  # noqa: SLF001  # Django's documented way to ask a model for its columns
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in described.concrete_fields)
    statement = f"SELECT {names} FROM {quote(described.db_table)}"  # noqa: S608  # names of the models
    return statement, [field.attname for field in described.concrete_fields]
