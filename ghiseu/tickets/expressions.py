"""Conditions that Django does not write the way PostgreSQL likes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import F, Func, Value

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
        self.is_empty = not ids
        # Without a field for the list, for that would turn over every number.
        super().__init__(F(field), Value(list(ids)))

    def as_sql(  # type: ignore[override]  # the stubs give parameters a narrower type than Django does
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[Any]]:
        if self.is_empty:
            raise EmptyResultSet
        return super().as_sql(compiler, connection, **context)
