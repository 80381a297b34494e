"""`ghiseu import mail`: old mail taken over at the terminal, with a line that tells how far it is."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ghiseu.mail.errors import MailError
from ghiseu.mail.inbound.old_mail import Found, Report, import_all, in_folder, in_path
from ghiseu.ops.desk import find_mailbox
from ghiseu.ops.errors import MachineError
from ghiseu.ops.progress import Line

STOPPED = 1


def import_mail(name: str, path: Path | None, folder: str | None, *, is_settled: bool, stop: threading.Event) -> int:
    """Import until everything is taken or `stop` is set; returns the exit status. Raises MachineError.

    With `is_settled` the tickets that mails open are closed.
    """
    mailbox = find_mailbox(name)
    line = Line()
    try:
        found = in_path(path) if path else in_folder(mailbox, folder or "")
        report = import_all(mailbox, _until(stop, found), lambda now: line(_so_far(now)), is_settled=is_settled)
    except MailError as error:
        line.end()
        raise MachineError(f"{error} What was imported before stays; run the same command again to go on.") from error
    except OSError as error:
        line.end()
        raise MachineError(
            f"The mail cannot be stored here: {error.strerror or error}. What was imported before stays; "
            "make room, and run the same command again to go on."
        ) from error
    line.end()
    for reason in report.reasons:
        click.echo(f"refused: {reason}")
    if report.refused > len(report.reasons):
        click.echo(f"... and {report.refused - len(report.reasons)} more")
    click.echo(_summary(report))
    if stop.is_set():
        click.echo("Stopped; run the same command again to go on.", err=True)
        return STOPPED
    return 0


def _until(stop: threading.Event, found: Iterable[Found]) -> Iterator[Found]:
    for one in found:
        if stop.is_set():
            return
        yield one


def _so_far(report: Report) -> str:
    return f"{report.done:4.0%}  {_summary(report)}"


def _summary(report: Report) -> str:
    return f"{report.kept} mails imported, {report.known} were here before, {report.refused} refused"
