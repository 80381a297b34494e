"""Which rows of other tables name a row, whoever made those tables: asked where something is to be let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import CASCADE, ManyToOneRel, Model, QuerySet


def rows_naming(model: type[Model], ids: Iterable[int], *, going_along: bool) -> Iterator[QuerySet[Any]]:
    """For each foreign key to `model` the rows that name one of `ids`.

    With `going_along` those that belong to what they name and go with it (CASCADE), else those that need it.
    """
    ids = list(ids)
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001  # Django's documented way to ask
        if isinstance(relation, ManyToOneRel) and (relation.on_delete is CASCADE) == going_along:
            naming: Any = relation.related_model
            yield naming.objects.filter(**{f"{relation.field.name}__in": ids})
