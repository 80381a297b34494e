"""`ghiseu import ndjson` and `ghiseu export`, as they stand on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ghiseu.ops.errors import MachineError
from ghiseu.ops.start import start_django, stop_on_signal


@click.command(name="ndjson")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write all that is refused to a file.")
@click.argument("path", type=click.Path(path_type=Path))
def import_ndjson_command(path: Path, dry_run: bool, report: Path | None) -> None:
    """Import tickets and all that belongs to them from PATH: a file in our format, an export, or - for standard input.

    May be repeated, and goes on after an interruption: what is here is not taken again. Nobody is written to because of
    an import. Ends with 1 where not everything could be taken.
    """
    stop = stop_on_signal()
    start_django("import-ndjson")
    from ghiseu.importing.errors import CannotImport
    from ghiseu.importing.terminal import import_ndjson

    try:
        sys.exit(import_ndjson(path, is_dry=dry_run, report_file=report, stop=stop))
    except CannotImport as error:
        raise MachineError(str(error)) from error


@click.command(name="export")
@click.option("--with-secrets", is_flag=True, help="Also password hashes and sealed secrets. Guard the export well.")
@click.argument("path", type=click.Path(path_type=Path))
def export_command(path: Path, with_secrets: bool) -> None:
    """Export everything into the folder PATH, or into one file where PATH ends with .ndjson, while the desk works.

    `ghiseu import ndjson` takes it again, into an empty desk. An export that is cut off is called unfinished.
    """
    stop = stop_on_signal()
    start_django("export")
    from ghiseu.importing.errors import CannotExport
    from ghiseu.importing.terminal import export_desk

    try:
        sys.exit(export_desk(path, with_secrets=with_secrets, stop=stop))
    except CannotExport as error:
        raise MachineError(str(error)) from error
