"""Fill a desk with the tickets of the workload, by the importer that everybody uses."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

from bench import workload
from bench.desk import Desk

PASSWORD = "measuring is knowing"  # noqa: S105  # of a desk that lives for minutes
EVERYWHERE, ONE_QUEUE, WITH_VIEWS = "everywhere", "one-queue", "with-views"


def load(desk: Desk, count: int) -> None:
    """Set up the workload's queues and agents, take in `count` of its tickets, and let them be found by the search."""
    from ghiseu.importing.loading import load as take
    from ghiseu.importing.ndjson import Source
    from ghiseu.importing.report import Report

    report = Report(tell=print)
    take(Source(io.BytesIO(_set_up(workload.directory())), Path()).found(), report)
    began = time.monotonic()
    with workload.ticket_lines(count) as lines:
        take(Source(lines, Path()).found(), report)
    seconds = time.monotonic() - began
    print(
        f"Import: {report.articles:,} articles in {seconds:.0f} s, {report.articles / seconds:,.0f} a second",
        flush=True,
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "ghiseu.cli", "search", "rebuild", "--processes", "2"], check=True)
    print(f"Search: {report.tickets:,} tickets indexed in {time.monotonic() - began:.0f} s", flush=True)
    with desk.connect() as connection:
        connection.execute("VACUUM ANALYZE")


def _set_up(directory: workload.Directory) -> bytes:
    """The lines before the tickets: queues and agents as the workload names them."""
    lines = [{"record": "queue", "name": name} for name in directory.queues]
    lines += [
        {"record": "agent", "login": login, "name": name, "email": f"{login}@ghiseu.example"}
        for login, name in directory.agents.items()
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
