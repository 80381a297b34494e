"""What stands in every table, with the rows themselves in place of ids: two desks with equal pictures are equal."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from django.db import connection, models

from ghiseu.importing.schema import tables
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Blob

Rows = dict[str, list[tuple[Any, ...]]]


def picture() -> Rows:
    """Every row of every table that an export holds, sorted; rows that refer to a row hold its content."""
    return {model._meta.label: sorted(_digests(model).values(), key=repr) for model in tables()} | _ties()


def _digests(model: type[models.Model], known: dict[Any, dict[int, Any]] | None = None) -> dict[int, Any]:
    """The content of each row by its id, references replaced by a digest of what they refer to."""
    known = {} if known is None else known
    if model in known:
        return known[model]
    known[model] = {}
    if model is Blob:
        known[model] = {blob.pk: _bytes(blob) for blob in Blob.objects.all()}
        return known[model]
    fields = list(model._meta.concrete_fields)
    table, pk = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        names = ", ".join(f'"{field.column}"' for field in fields)
        cursor.execute(f'SELECT "{pk}", {names} FROM "{table}" ORDER BY "{pk}"')  # noqa: S608 -- our own names
        rows = cursor.fetchall()
    found, ranks = {}, defaultdict[Any, int](int)
    for row_id, *values in rows:
        said: list[Any] = []
        for field, value in zip(fields, values, strict=True):
            if field.related_model is model:
                said.append(None if value is None else _own_name(model, value))
            elif field.related_model is not None:
                others = _digests(field.related_model, known)
                said.append(None if value is None else hashlib.sha256(repr(others[value]).encode()).hexdigest())
            elif not field.primary_key:
                said.append(bytes(value) if isinstance(value, memoryview) else value)
        # The order among the rows that hang on one other counts too.
        first = next((said[at] for at, field in enumerate(_kept(fields)) if field.related_model), None)
        ranks[first] += 1
        found[row_id] = (*said, ranks[first] if _in_order(model) else 0)
    known[model] = found
    return found


def _bytes(blob: Blob) -> Any:
    """However they are stored."""
    return (
        blob.sha256,
        blob.size,
        blob.erased_at,
        None if blob.erased_at else hashlib.sha256(bytes_of(blob)).hexdigest(),
    )


def _kept(fields: list[Any]) -> list[Any]:
    return [field for field in fields if not field.primary_key or field.related_model]


def _in_order(model: type[models.Model]) -> bool:
    return model.__name__ in ("Article", "Event", "Attachment")


def _own_name(model: type[models.Model], row_id: int) -> Any:
    row = model._default_manager.get(pk=row_id)
    return str(row)


def _ties() -> Rows:
    """The tables behind lists of references, as pairs of names."""
    return {
        f"{model._meta.label}.{field.name}": sorted(
            (str(row), str(other)) for row in model._default_manager.all() for other in getattr(row, field.name).all()
        )
        for model in tables()
        for field in model._meta.many_to_many
    }
