"""How far a long command is: one line that is written over at a terminal, elsewhere a new one once in a while."""

from __future__ import annotations

import sys
import time

import click

LINE_EVERY_SECONDS = 10.0


class Line:
    """The line on standard error. Call it with what it says now, as often as one likes."""

    def __init__(self, *, every_seconds: float = LINE_EVERY_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._is_terminal = sys.stderr.isatty()
        self._told_at = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say how far it is. A shorter text covers a longer one."""
        if self._is_terminal:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        elif time.monotonic() - self._told_at >= self._every_seconds:
            self._told_at = time.monotonic()
            click.echo(text, err=True)

    def end(self) -> None:
        """Leave the line as it is, and go on below it."""
        if self._is_terminal:
            click.echo(err=True)
