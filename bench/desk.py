"""A desk for one measurement: a temporary data folder with its own PostgreSQL, prepared as `ghiseu serve` does it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from ghiseu.ops.embedded import Running

SECOND_PER_TICK = 1 / os.sysconf("SC_CLK_TCK")
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
_OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True)
class Desk:
    home: Path
    server: Running

    def connect(self) -> psycopg.Connection:
        """A connection of the database's administrator."""
        return psycopg.connect(self.server.location.url("postgres"), autocommit=True)

    def database_cpu(self) -> float:
        """Seconds of processor that the server has used so far, with all its processes, those that ended included."""
        pid = self.server.pid
        return sum(_cpu(Path("/proc") / str(one), ended=one == pid) for one in (pid, *_children(pid)))

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Write every statement into the server's log for a while; the list is filled at the end.

        What opens and closes transactions is left out of it.
        """
        log, found = self.server.location.log, list[str]()
        with self.connect() as connection:
            self._log_statements(connection, "all")
            position = log.stat().st_size
            try:
                yield found
            finally:
                self._log_statements(connection, "none")
        with log.open("rb") as file:
            file.seek(position)
            # A statement of several lines goes on behind a tab.
            lines = file.read().decode().replace("\n\t", " ").splitlines()
            said = [" ".join(match[1].split()) for match in map(_STATEMENT.search, lines) if match]
        found += [
            one for one in said if not one.upper().startswith((*_OF_TRANSACTIONS, "ALTER SYSTEM", "SELECT PG_RELOAD"))
        ]

    @staticmethod
    def _log_statements(connection: psycopg.Connection, which: str) -> None:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        connection.execute("SELECT pg_reload_conf()")
        # The other sessions look at their settings between two statements.
        connection.execute("SELECT pg_sleep(0.1)")

    def empty(self) -> None:
        """Remove everything but what a new desk has."""
        kept = ("django_migrations", "tickets_state")
        with self.connect() as connection:
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            tables = ", ".join(f'"{name}"' for (name,) in rows if name not in kept)
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
            connection.execute("CHECKPOINT")


@contextlib.contextmanager
def temporary_desk() -> Iterator[Desk]:
    """Start it, make it this process' desk, and remove it at the end. Nothing of the caller's settings reaches it."""
    home = Path(tempfile.mkdtemp(prefix="ghiseu-bench-"))
    home.chmod(0o711)
    _settings_for(home)
    from ghiseu.ops import embedded

    try:
        server = embedded.start(home)
        try:
            _prepare()
            yield Desk(home, server)
        finally:
            server.stop()
            shutil.rmtree(server.location.sockets, ignore_errors=True)
            if server.location.moved:
                shutil.rmtree(server.location.data, ignore_errors=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def a_desk(home: Path | None) -> Iterator[Desk]:
    """The desk in this data folder, brought up to date and left as it was found; without one a temporary desk."""
    if home is None:
        with temporary_desk() as desk:
            yield desk
        return
    _settings_for(home.absolute())
    from ghiseu.ops import embedded

    server = embedded.start(home.absolute())
    try:
        _prepare()
        yield Desk(home.absolute(), server)
    finally:
        if not server.reused:
            server.stop()


def _settings_for(home: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GHISEU_") or name == "DATABASE_URL"]:
        del os.environ[name]
    os.environ |= {
        "GHISEU_HOME": str(home),
        "GHISEU_LOG_LEVEL": "INFO",
        # So that every mail of a run costs what the first one costs.
        "GHISEU_AUTOMATIC_MAILS_PER_HOUR": "100000",
    }


def _prepare() -> None:
    subprocess.run([sys.executable, "-m", "ghiseu.cli", "prepare"], check=True, stdout=subprocess.DEVNULL)


def cpu_of(pid: int) -> float:
    """Seconds of processor that a process and its children have used so far."""
    return sum(_cpu(Path("/proc") / str(one), ended=False) for one in (pid, *_children(pid)))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu(process: Path, *, ended: bool) -> float:
    """User and system time; with `ended` also that of children that are gone. 0 where the process is gone."""
    try:
        fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # the second where it goes while it is read
        return 0.0
    return sum(int(field) for field in fields[11 : 15 if ended else 13]) * SECOND_PER_TICK
