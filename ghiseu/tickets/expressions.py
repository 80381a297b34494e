"""Conditions that Django does not write the way PostgreSQL likes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.sql.where import AND, WhereNode

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


class IsOneOf(Func):
    """`field = ANY(ids)`: as many as one likes in a single value, where `IN` would look at each by itself.

    The planner takes both for the same. Without any id nothing fits, and a query of this alone is not even asked.
    """

    template = "%(expressions)s::bigint[])"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()

    def __init__(self, field: str, ids: Sequence[int]) -> None:
        self.field_name = field
        self.ids = frozenset(ids)
        # Without a field for the list, for that would turn over every number.
        super().__init__(F(field), Value(list(ids)))

    def as_sql(  # type: ignore[override]  # the stubs give parameters a narrower type than Django does
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[Any]]:
        if not self.ids:
            raise EmptyResultSet
        return super().as_sql(compiler, connection, **context)


def without_implied(where: WhereNode, field: str, ids: Collection[int]) -> WhereNode:
    """The same condition for rows whose field is one of these ids: without the parts that say no more than that.

    The planner takes each such part for a further choice, and expects a row where there are hundreds.
    """
    if where.connector != AND or where.negated:
        return where

    def is_implied(part: object) -> bool:
        # Django asks of a condition whether it is exactly true.
        test = getattr(part, "lhs", part)
        return isinstance(test, IsOneOf) and test.field_name == field and test.ids.issuperset(ids)

    return WhereNode([part for part in where.children if not is_implied(part)], AND)
