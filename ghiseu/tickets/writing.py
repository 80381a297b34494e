"""Writing rows: each at once, or those of many changes together.

The actions say what shall be written: `insert` a row, `update` some of its fields, `tell` who listens. Alone, each is a
statement of its own. Within `together` they wait in memory and go to the database at its end, one statement for each
table, in the transaction that the caller has begun. What an action does is the same both ways, and stands in one place.

Within `together` the rows that wait are not in the database yet: a query does not find them. Who needs a ticket that
the transaction holds already asks `held` first. Each thread writes for itself.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.db import connection, transaction
from django.db.models import (
    BigAutoField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKey,
    Manager,
    Model,
    TextField,
)
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import Field
from django.db.transaction import Atomic

Row = Model
_R = TypeVar("_R", bound=Model)
_T = TypeVar("_T")
# Fields whose values go to the database as they stand in memory. Asking each for each value takes longer than COPY.
_TAKEN_AS_THEY_ARE = (BigAutoField, BooleanField, CharField, DateTimeField, ForeignKey, TextField)
_of_thread = threading.local()


class _Together:
    """What waits to be written, and what is known to be true for the transaction that will write it."""

    def __init__(self) -> None:
        self.new: dict[type[Row], dict[Any, Row]] = {}
        self.nameless: dict[tuple[type[Row], bool], list[Row]] = {}
        self.changed: dict[tuple[type[Row], Any], tuple[Row, dict[str, None]]] = {}
        self.told: dict[tuple[str, str], None] = {}
        self.drawn: dict[str, list[int]] = {}
        self.held: dict[tuple[type[Row], Any], Row] = {}
        self.answers: dict[Any, Any] = {}


@contextmanager
def together(*, drawing: Mapping[str, int] | None = None, holding: Sequence[Row] = ()) -> Iterator[None]:
    """Let everything that is written within wait until its end; where an error ends it nothing is written.

    For a caller that has begun a transaction. `drawing` says how many values of which sequence will be needed (more
    may be), `holding` which rows the transaction holds as they are now.
    """
    waiting = _Together()
    waiting.held = {(type(row), row.pk): row for row in holding}
    _draw(waiting, drawing or {})
    _of_thread.together = waiting
    try:
        yield
    finally:
        _of_thread.together = None
    _write(waiting)


def atomic() -> AbstractContextManager[None] | Atomic:
    """A transaction for one action; nothing of its own where what it writes is written together with other things."""
    return transaction.atomic() if _waiting() is None else nullcontext()


def insert(row: Row) -> None:
    """Write a new row. It has its id at once, and may be changed until it is really written."""
    waiting = _waiting()
    if waiting is None:
        row.save(force_insert=True)
        return
    row.pk = draw(sequence_of(type(row)))
    waiting.new.setdefault(type(row), {})[row.pk] = row
    waiting.held[type(row), row.pk] = row


def insert_all(rows: Sequence[_R], *, ignoring_doubles: bool = False) -> None:
    """Write new rows of one table that nothing else will point to; they may have no ids afterwards.

    With `ignoring_doubles` those that are there already, by whatever makes them unique, are left out.
    """
    waiting = _waiting()
    if waiting is not None:
        for row in rows:
            waiting.nameless.setdefault((type(row), ignoring_doubles), []).append(row)
    elif rows:
        _rows_of(type(rows[0])).bulk_create(rows, ignore_conflicts=ignoring_doubles)


def update(row: Row, fields: Sequence[str]) -> None:
    """Write these fields of a row that is there."""
    waiting = _waiting()
    if waiting is None:
        row.save(update_fields=fields)
    elif row.pk not in waiting.new.get(type(row), ()):
        waiting.changed.setdefault((type(row), row.pk), (row, {}))[1].update(dict.fromkeys(fields))


def tell(channel: str, payload: str) -> None:
    """NOTIFY who listens on the channel when the transaction commits; equal notices of one are sent once."""
    waiting = _waiting()
    if waiting is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])
    else:
        waiting.told[channel, payload] = None


def held(kind: type[_R], pk: Any) -> _R | None:
    """The row with this id as it will be written, where it is known to be held by what is written together."""
    waiting = _waiting()
    return None if waiting is None else cast("_R | None", waiting.held.get((kind, pk)))


def once(question: Any, answer: Callable[[], _T]) -> _T:
    """The answer to a question that has one answer for the whole of what is written together; alone, asked anew."""
    waiting = _waiting()
    if waiting is None:
        return answer()
    if question not in waiting.answers:
        waiting.answers[question] = answer()
    return cast("_T", waiting.answers[question])


def draw(sequence: str) -> int:
    """The next value of a sequence."""
    waiting = _waiting() or _Together()
    if not waiting.drawn.get(sequence):
        _draw(waiting, {sequence: 1})
    return waiting.drawn[sequence].pop()


def sequence_of(kind: type[Row]) -> str:
    """The sequence that a table's ids come from, under the name that PostgreSQL gives it."""
    return f"{_table(kind)}_id_seq"


def _waiting() -> _Together | None:
    return getattr(_of_thread, "together", None)


def _draw(waiting: _Together, counts: Mapping[str, int]) -> None:
    """In falling order, because the values are taken from the end."""
    wanted = [(sequence, count) for sequence, count in counts.items() if count]
    if not wanted:
        return
    one = "SELECT %s, nextval(%s) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({' UNION ALL '.join([one] * len(wanted))}) AS drawn (sequence, value) ORDER BY 2 DESC",  # noqa: S608
            [part for sequence, count in wanted for part in (sequence, sequence, count)],
        )
        for sequence, value in cursor.fetchall():
            waiting.drawn.setdefault(sequence, []).append(value)


def _write(waiting: _Together) -> None:
    """Rows before those that point to them: the database asks only at the commit, but a trigger may look at once."""
    for kind in _named_first(waiting.new):
        _copy(kind, list(waiting.new[kind].values()))
    for (kind, ignoring_doubles), rows in waiting.nameless.items():
        if ignoring_doubles:
            _rows_of(kind).bulk_create(rows, ignore_conflicts=True)
        else:
            _copy(kind, rows)
    by_fields: dict[tuple[type[Row], tuple[str, ...]], list[Row]] = {}
    for row, names in waiting.changed.values():
        by_fields.setdefault((type(row), tuple(names)), []).append(row)
    for (kind, fields), rows in by_fields.items():
        _update(kind, fields, rows)
    if waiting.told:
        channels, payloads = zip(*waiting.told, strict=True)
        told = "SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS told (channel, payload)"
        with connection.cursor() as cursor:
            cursor.execute(told, [list(channels), list(payloads)])


def _named_first(kinds: Iterable[type[Row]]) -> list[type[Row]]:
    """The tables in an order in which each stands behind those that its rows point to."""
    given, ordered = list(kinds), dict[type[Row], None]()

    def visit(kind: type[Row]) -> None:
        for field in _fields(kind):
            if field.related_model in given and field.related_model is not kind:
                visit(field.related_model)
        ordered.setdefault(kind)

    for kind in given:
        visit(kind)
    return list(ordered)


def _copy(kind: type[Row], rows: Sequence[Row]) -> None:
    """COPY, which spares the database a statement for each row, and us the making of it."""
    columns = stored(rows[0])
    readers = [reader for column, reader in _readers(kind).items() if column in columns]
    quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {connection.ops.quote_name(_table(kind))} ({quoted}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([reader(row) for reader in readers])


def _update(kind: type[Row], names: Sequence[str], rows: Sequence[Row]) -> None:
    """One statement for all rows of which the same fields changed."""
    fields = [field for field in _fields(kind) if field.name in names]
    readers = [_reader(field, add=False) for field in fields]
    quote = connection.ops.quote_name
    values = ", ".join(
        f"{quote(_column(field))} = v.v{place}::{field.cast_db_type(connection)}" for place, field in enumerate(fields)
    )
    one = f"({', '.join(['%s'] * (len(fields) + 1))})"
    statement = (
        f"UPDATE {quote(_table(kind))} AS t SET {values} FROM (VALUES {', '.join([one] * len(rows))})"  # noqa: S608  # made of names of our own
        f" AS v (id, {', '.join(f'v{place}' for place in range(len(fields)))}) WHERE t.id = v.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [part for row in rows for part in (row.pk, *(reader(row) for reader in readers))])


def stored(row: Row, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """A new row's columns and their values as the database takes them, without those that it fills in itself."""
    values = {column: reader(row) for column, reader in _readers(type(row)).items() if column not in without}
    return {
        column: value
        for column, value in values.items()
        if not isinstance(value, DatabaseDefault) and (value is not None or column != "id")
    }


@functools.cache
def _readers(kind: type[Row]) -> dict[str, Callable[[Row], Any]]:
    """For each column of a new row what gives its value as the database takes it."""
    return {_column(field): _reader(field, add=True) for field in _fields(kind) if not field.generated}


def _reader(field: Field[Any, Any], *, add: bool) -> Callable[[Row], Any]:
    is_stamped = getattr(field, "auto_now", False) or (add and getattr(field, "auto_now_add", False))
    if isinstance(field, _TAKEN_AS_THEY_ARE) and not is_stamped:
        return attrgetter(field.attname)
    return lambda row: field.get_db_prep_save(field.pre_save(row, add), connection)


def _column(field: Field[Any, Any]) -> str:
    return str(field.column)


def _rows_of(kind: type[Row]) -> Manager[Row]:
    return kind._default_manager  # noqa: SLF001  # Django's documented way to the rows of any model


def _fields(kind: type[Row]) -> list[Field[Any, Any]]:
    return list(kind._meta.concrete_fields)  # noqa: SLF001  # Django's documented way to ask a model for its columns


def _table(kind: type[Row]) -> str:
    return kind._meta.db_table  # noqa: SLF001  # see above
