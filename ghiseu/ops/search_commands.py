"""`ghiseu search`: make the index of the search anew, or prove that it is right."""

from __future__ import annotations

import os
import sys
import time

import click

from ghiseu.ops.progress import Line
from ghiseu.ops.start import start_django


@click.group()
def search() -> None:
    """The full-text search: its index."""


@search.command(name="rebuild")
@click.option(
    "--processes",
    type=click.IntRange(1, 16),
    default=min(4, os.cpu_count() or 1),
    show_default=True,
    help="How many work together.",
)
def rebuild_command(processes: int) -> None:
    """Make every entry anew while the desk is open. May be repeated and broken off: a worker goes on with the rest."""
    begin(owner=True)
    from ghiseu.tickets.search.rebuilding import rebuild

    began = time.monotonic()
    line = Line()

    def say(done: int, total: int) -> None:
        rate = done / max(0.001, time.monotonic() - began)
        line(f"{done:,} of {total:,} tickets, {rate:,.0f} a second")

    tickets = rebuild(processes, begin, say)
    line.end()
    click.echo(f"The search is right again: {tickets:,} tickets in {time.monotonic() - began:.0f} s.")


@search.command(name="check")
def check_command() -> None:
    """Compare every entry with its ticket; reads all texts. Ends with 1 if one is wrong."""
    begin()
    from ghiseu.tickets.search.rebuilding import all_wrong_ids, has_index, missing_count

    wrong = list(all_wrong_ids())
    missing = missing_count()
    if wrong or missing or not has_index():
        click.echo(f"{len(wrong):,} entries are wrong or missing, the first of ticket {wrong[:1] or '-'}.")
        click.echo("Run: ghiseu search rebuild")
        sys.exit(1)
    click.echo("Every ticket is found by what it says.")


def begin(*, owner: bool = False) -> None:
    """Prepare this process, or one of those that help."""
    start_django("search", owner=owner)
