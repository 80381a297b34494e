"""An import from the first line to the last: in batches, a transaction each.

What is committed stays. So an import may be killed at any moment and simply be run again: it finds what is here, takes
the rest, and doubles nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from ghiseu.importing.ending import number_past, tell_open_pages
from ghiseu.importing.errors import CannotImport
from ghiseu.importing.incoming import Found, IncomingRecord, IncomingTicket, Problem
from ghiseu.importing.names import Names
from ghiseu.importing.records import RecordRows
from ghiseu.importing.report import Report
from ghiseu.importing.ticket_rows import TicketRows

# A batch is full with the first of the two: rows enough for COPY to pay, and memory that stays flat.
BATCH_LINES, BATCH_BYTES = 1000, 8 * 1024 * 1024
# One import at a time for a desk; the lock ends with the connection.
IMPORT_LOCK = 4_710_816_247

# What is wrong with the rows, not with the database: constraints, values that do not fit, triggers that say no.
REFUSALS = (
    IntegrityError,
    DataError,
    psycopg.IntegrityError,
    psycopg.DataError,
    psycopg.errors.RaiseException,
)

Item = IncomingTicket | IncomingRecord


@dataclass(frozen=True)
class Options:
    """`is_dry`: check everything and write nothing. `counter` is asked at the end how far the source had counted its
    ticket numbers. `stop` ends the import behind the batch under way."""

    is_dry: bool = False
    counter: Callable[[], int] = lambda: 0
    stop: threading.Event | None = None


def load(
    found: Iterable[tuple[Found, int]],
    report: Report,
    options: Options = Options(),
    progress: Callable[[int], None] = lambda _position: None,
) -> None:
    """Take everything that a source hands over; `progress` hears how far the source was read when a batch is done.

    Raises CannotImport where another import is under way, OperationalError as the database does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [IMPORT_LOCK])
        if not cursor.fetchone()[0]:
            raise CannotImport("Another import is under way in this desk. Wait for its end.")
        try:
            # A dry run sets things up as the lines say, so that the next lines find them, and takes it all back.
            with transaction.atomic() if options.is_dry else contextlib.nullcontext():
                _Run(cursor, report, options, progress).take(found)
                if options.is_dry:
                    transaction.set_rollback(True)
        finally:
            if not connection.needs_rollback:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [IMPORT_LOCK])


class _Run:
    def __init__(self, cursor: Any, report: Report, options: Options, progress: Callable[[int], None]) -> None:
        self._cursor = cursor
        self._report = report
        self._options = options
        self._progress = progress
        now = timezone.now()
        names = Names(cursor)
        self._tickets = TicketRows(cursor, names, now, is_dry=options.is_dry)
        self._records = RecordRows(cursor, names, now, is_dry=options.is_dry)
        self._batch: list[Item] = []
        self._size = 0

    def take(self, found: Iterable[tuple[Found, int]]) -> None:
        for one, position in found:
            if isinstance(one, Problem):
                self._hear(one)
                continue
            if self._batch and (self._is_full() or type(one) is not type(self._batch[-1])):
                self._flush()
                self._progress(position)
                if self._options.stop and self._options.stop.is_set():
                    return
            self._batch.append(one)
            self._size += one.size
        self._flush()
        with transaction.atomic():
            self._records.tie()
        if not self._options.is_dry:
            with transaction.atomic():
                number_past(self._cursor, self._options.counter())
                tell_open_pages(self._cursor, self._tickets.touched)
        for number, key, other in self._tickets.later:
            self._report.note(f"ticket {number}", f"{key}: there is no ticket {other}; it refers to none now")

    def _hear(self, problem: Problem) -> None:
        if problem.is_refused:
            self._report.refuse(problem.where, problem.reason)
        else:
            self._report.tell(problem)

    def _is_full(self) -> bool:
        return len(self._batch) >= BATCH_LINES or self._size >= BATCH_BYTES

    def _flush(self) -> None:
        if self._batch:
            self._write(self._batch)
        self._batch = []
        self._size = 0

    def _write(self, batch: list[Item]) -> None:
        """Write a batch; where the database refuses it, its halves, until the one line is found."""
        problems: list[Problem] = []
        part = Report(tell=problems.append)
        try:
            with transaction.atomic():
                self._write_all(batch, part)
        except REFUSALS as error:
            self._tickets.forget()
            if len(batch) == 1:
                said = str(error).strip().partition("\n")[0]
                self._report.refuse(batch[0].where, f"the database refuses it: {said}")
                return
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self._write(half)
            return
        if self._tickets.later and not self._options.is_dry:
            with transaction.atomic():
                self._tickets.tie()
        self._report.add(part)
        for problem in problems:
            self._report.tell(problem)

    def _write_all(self, batch: list[Item], report: Report) -> None:
        if isinstance(batch[0], IncomingTicket):
            self._tickets.write([one for one in batch if isinstance(one, IncomingTicket)], report)
        else:
            self._records.write([one for one in batch if isinstance(one, IncomingRecord)], report)
            self._tickets.forget()
