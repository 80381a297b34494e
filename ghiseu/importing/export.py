"""Everything one has, out of the database while the desk works: one snapshot, in the format that an import takes."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import psycopg
from django.db import connection as ours
from django.utils import timezone
from psycopg import sql
from psycopg.types.string import TextLoader

from ghiseu.importing.documents import Documents
from ghiseu.importing.ending import last_number
from ghiseu.importing.errors import CannotExport
from ghiseu.importing.lines import MOST_LINE_BYTES
from ghiseu.importing.ndjson import END, FORMAT, HEADER, RECORD
from ghiseu.importing.output import Output
from ghiseu.importing.schema import LEFT_OUT, SECRETS, Model, in_order, kind_of, places, table_of
from ghiseu.importing.streams import TicketDocuments, customer_documents, record_documents
from ghiseu.importing.values import say_time
from ghiseu.ops.database import connection_arguments
from ghiseu.people.models import Customer
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Blob, Ticket

# Room on a line for what stands around the bytes of a file.
_AROUND = 1024
_TOLD_EVERY = 200


@dataclass
class Exported:
    """What went out, by the kind of line."""

    counts: Counter[str] = field(default_factory=Counter)
    articles: int = 0


@dataclass(frozen=True)
class Wishes:
    """`with_secrets`: also the hashes of passwords and sealed secrets. `stop` ends the export, and leaves nothing."""

    with_secrets: bool = False
    stop: threading.Event | None = None


def export(output: Output, wishes: Wishes, progress: Callable[[int, int], None]) -> Exported:
    """Write every table of the desk; `progress` hears how many rows are written, and of how many.

    Raises CannotExport where it is stopped or a file is missing, OSError where the disk is full.
    """
    with psycopg.connect(**connection_arguments(ours.settings_dict)) as connection:
        # As Django reads JSON, so that a column is said in one way only.
        connection.adapters.register_loader("jsonb", TextLoader)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return _Export(connection, output, wishes, progress).run()


class _Export:
    def __init__(
        self,
        connection: psycopg.Connection[Any],
        output: Output,
        wishes: Wishes,
        progress: Callable[[int, int], None],
    ) -> None:
        self._connection = connection
        self._output = output
        self._wishes = wishes
        self._progress = progress
        self._documents = Documents(connection.cursor(), with_secrets=wishes.with_secrets)
        self._exported = Exported()
        self._total = 0

    def run(self) -> Exported:
        cursor = self._connection.cursor()
        models = in_order()
        for model in models:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table_of(model).name)))
            self._total += cursor.fetchall()[0][0]
        self._output.write(self._header(last_number(cursor)))
        for model in models:
            for document in self._rows(model):
                self._write(model, document)
        counts = dict(self._exported.counts)
        self._output.write({RECORD: END, "lines": self._output.lines, "counts": counts})
        return self._exported

    def _header(self, counter: int) -> dict[str, Any]:
        return {
            RECORD: HEADER,
            "format": FORMAT,
            "program": f"ghiseu {version('ghiseu')}",
            "made_at": say_time(timezone.now()),
            "counter": counter,
            "without": sorted(LEFT_OUT) + ([] if self._wishes.with_secrets else sorted(SECRETS)),
        }

    def _rows(self, model: Model) -> Iterator[dict[str, Any]]:
        if model is Ticket:
            return iter(TicketDocuments(self._connection, self._documents))
        if model is Customer:
            return customer_documents(self._connection, self._documents)
        if model is Blob:
            return self._blobs()
        place = places().get(model)
        return record_documents(self._connection, self._documents, model, place.by.name if place else "")

    def _write(self, model: Model, document: dict[str, Any]) -> None:
        if model is Ticket:
            self._exported.articles += len(document["articles"])
            self._output.write(document)
        else:
            self._output.write({RECORD: kind_of(model)} | document)
        self._exported.counts[kind_of(model)] += 1
        done = self._exported.counts.total()
        if done % _TOLD_EVERY == 0:
            self._progress(done, self._total)
            if self._wishes.stop and self._wishes.stop.is_set():
                raise CannotExport("The export was stopped. What is called unfinished can be removed.")

    def _blobs(self) -> Iterator[dict[str, Any]]:
        """All bytes once, before the tickets that name them: small ones and, without a folder, all on lines."""
        cursor = self._connection.cursor("export_blobs")
        cursor.itersize = 100
        cursor.execute("SELECT sha256, size, data, coding, erased_at FROM tickets_blob ORDER BY id")
        for sha256, size, data, coding, erased_at in cursor:
            blob = Blob(sha256=sha256, size=size, data=data, coding=coding, erased_at=erased_at)
            content = None if erased_at else self._bytes_of(blob)
            if content is None:
                yield {"sha256": sha256, "size": size, "erased_at": say_time(erased_at or timezone.now())}
            elif data is None and self._output.takes_files:
                yield {"sha256": sha256, "file": self._output.keep(content, sha256)}
            else:
                if size * 4 // 3 + _AROUND > MOST_LINE_BYTES:
                    raise CannotExport(f"A file of {size:,} bytes fits on no line. Export into a folder instead.")
                yield {"sha256": sha256, "data": base64.b64encode(content).decode()}

    @staticmethod
    def _bytes_of(blob: Blob) -> bytes | None:
        """The bytes; None where they were erased since the moment that the export shows."""
        try:
            return bytes_of(blob)
        except FileNotFoundError as error:
            if Blob.objects.filter(sha256=blob.sha256, erased_at__isnull=True).exists():
                raise CannotExport(f"The data folder has lost the file {error.filename}. Run: ghiseu doctor") from error
            return None
