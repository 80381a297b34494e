"""`ghiseu import ndjson` and `ghiseu export` at the terminal: a bar, what was refused, a summary, the exit status."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click
import psycopg

from ghiseu.importing.errors import CannotExport, CannotImport
from ghiseu.importing.export import Wishes, export
from ghiseu.importing.incoming import Problem
from ghiseu.importing.loading import Options, load
from ghiseu.importing.ndjson import Source
from ghiseu.importing.output import DESK_FILE, written_to
from ghiseu.importing.report import Report

MOST_SHOWN = 100
NOT_ALL = 1
# Of which an export's bar is made.
PARTS = 1000


def import_ndjson(path: Path, *, is_dry: bool, report_file: Path | None, stop: threading.Event) -> int:
    """Import a file in our format, or the folder of an export; returns 0 where everything in it is here now."""
    file, folder, size = _opened(path)
    with file, _listed_in(report_file) as lines, _bar(size, "Checking" if is_dry else "Importing") as moved:
        teller = _Teller(lines)
        report = Report(tell=teller)
        source = Source(file, folder)
        options = Options(is_dry=is_dry, counter=lambda: source.counter, stop=stop)
        try:
            load(source.found(), report, options, moved)
        except psycopg.ProgrammingError as error:
            raise CannotImport("The database is not prepared for this release. Run: ghiseu prepare") from error
    teller.end()
    for sentence in report.sentences():
        click.echo(sentence)
    if is_dry:
        click.echo("Nothing was written: this was a dry run.")
    if stop.is_set():
        click.echo("Stopped. Run the same command again to go on.", err=True)
        return NOT_ALL
    return 0 if report.is_complete else NOT_ALL


def export_desk(path: Path, *, with_secrets: bool, stop: threading.Event) -> int:
    """Export everything into a folder, or into one file where the name ends with .ndjson; returns 0."""
    try:
        with written_to(path) as output, _bar(PARTS, "Exporting") as moved:

            def progress(done: int, total: int) -> None:
                moved(done * PARTS // max(1, total))

            exported = export(output, Wishes(with_secrets=with_secrets, stop=stop), progress)
    except OSError as error:
        raise CannotExport(f"The export cannot be written to {path}: {error.strerror or error}.") from error
    kinds = ", ".join(_counted(kind, count) for kind, count in exported.counts.items() if count)
    click.echo(f"Exported to {path}: {kinds or 'an empty desk'}; {exported.articles:,} articles in the tickets")
    if not with_secrets:
        click.echo("Left out: passwords of agents, and what mailboxes sign in with. --with-secrets takes them along.")
    return 0


def _counted(kind: str, count: int) -> str:
    """`1 queue`, `2,000 companies`, `3 queue texts`."""
    word = kind.replace("_", " ")
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word[:-1]}ies" if word.endswith("y") else f"{count:,} {word}s"


def _opened(path: Path) -> tuple[BinaryIO, Path, int]:
    """The lines, the folder beside which they lie, and their bytes, 0 where nobody knows."""
    if str(path) == "-":
        return sys.stdin.buffer, Path.cwd(), 0
    file = path / DESK_FILE if path.is_dir() else path
    if not file.is_file():
        raise CannotImport(f"{file} is not there. Name a file, the folder of an export, or - for standard input.")
    return file.open("rb", buffering=1024 * 1024), file.parent, file.stat().st_size


@contextmanager
def _listed_in(report_file: Path | None) -> Iterator[TextIO | None]:
    if report_file is None:
        yield None
    else:
        try:
            file = report_file.open("w", encoding="utf-8")
        except OSError as error:
            raise CannotImport(f"The report cannot be written to {report_file}: {error.strerror}.") from error
        with file:
            yield file


@contextmanager
def _bar(size: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; the function moves it to a position. Without a size nobody knows how far it is."""
    if not size:
        yield lambda _position: None
        return
    bar: Any
    with click.progressbar(length=size, label=label, file=sys.stderr, width=30) as bar:
        yield lambda position: bar.update(position - bar.pos)
        bar.update(max(0, size - bar.pos))


class _Teller:
    """Says what was refused as it is found, the first hundred of it; a report file gets all of it."""

    def __init__(self, lines: TextIO | None) -> None:
        self._lines = lines
        self._count = 0

    def __call__(self, problem: Problem) -> None:
        line = f"{problem.where}: {'refused: ' if problem.is_refused else ''}{problem.reason}"
        if self._lines:
            self._lines.write(line + "\n")
        self._count += 1
        if self._count <= MOST_SHOWN:
            click.echo(f"{chr(13) if sys.stderr.isatty() else ''}{line}", err=True)

    def end(self) -> None:
        if self._count > MOST_SHOWN:
            where = "the report has all" if self._lines else "--report FILE keeps all"
            click.echo(f"... and {self._count - MOST_SHOWN:,} more like that; {where}", err=True)
