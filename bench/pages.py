"""How fast the agents' pages are: over HTTP, signed in, every right checked, against a `ghiseu web` process.

    python -m bench.pages --tickets 3300        or SCALE=1 for 330,000 tickets, SCALE=10 for 3,300,000

Each page is asked for by one client and by eight. Beside it stands the floor: the page's own main query, as the page
sends it, by psycopg alone; for a note one row inserted durably. The desk is an embedded PostgreSQL in a temporary
folder, filled with the tickets of the workload.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.browser import Browser, Visit, Visits, visit
from bench.desk import Desk, temporary_desk
from bench.load import EVERYWHERE, LONG_TICKET, ONE_QUEUE, PASSWORD, Loaded, load
from bench.table import in_ms, percentile, print_table

WHOLE = 330_000
CLIENTS = 8
VISITS = 120
WARM_UP = 10
SECONDS_TO_START = 60
HEADINGS = ("ms, p50 / p95 / p99", "1 client", f"{CLIENTS} clients", "pages/s", "kB", "queries", "floor p50", "ratio")
NOTE = "INSERT INTO bench_floor (raw) VALUES ('A note of some words, saved to be kept.')"


@dataclass(frozen=True)
class Page:
    """What to measure. `main` recognises the page's main query among all that it sends."""

    name: str
    visit: Visit
    main: str
    agent: str = EVERYWHERE


def pages_of(desk: Desk, loaded: Loaded) -> list[Page]:
    """The pages that the promises speak of, on rows that are there."""
    list_query = r'FROM "tickets_ticket".*LIMIT 51'
    articles = r'FROM "tickets_article"'
    queue, small = f"/queues/{loaded.large_queue}/", f"/queues/{loaded.small_queue}/"
    pages = [
        Page("list, all queues", lambda browser, _: browser.get("/"), list_query),
        Page("list, a large queue", lambda browser, _: browser.get(queue), list_query),
        Page("list, a small queue, right on it alone", lambda browser, _: browser.get(small), list_query, ONE_QUEUE),
    ]
    for order, column in (("changed", "changed_at"), ("newest", "created_at")):
        path = f"/?view=closed&order={order}"
        far = f"{path}&after={_cursor_far_back(desk, column)}"
        pages.append(Page(f"list, closed, by {order}", _getting(path), list_query))
        pages.append(Page(f"list, closed, by {order}, page 200", _getting(far), list_query))
    pages.append(Page("list, closed, by priority", _getting("/?view=closed&order=priority"), list_query))
    for size in (3, 30, LONG_TICKET):
        numbers = loaded.by_size[_nearest(size, loaded)]
        pages.append(Page(f"ticket, {_nearest(size, loaded)} articles", _looking_at(numbers), articles))
    customer = f"/customers/{loaded.busiest_customer}/"
    pages.append(Page(f"customer with {loaded.busiest_has} tickets", _getting(customer), list_query))
    pages.append(Page("note saved", _writing_notes(loaded.by_size[3]), ""))
    return pages


def _getting(path: str) -> Visit:
    return lambda browser, _: browser.get(path)


def _looking_at(numbers: list[str]) -> Visit:
    return lambda browser, serial: browser.get(f"/tickets/{numbers[serial % len(numbers)]}/")


def _writing_notes(numbers: list[str]) -> Visit:
    form = {"text": "A note of some words, saved to be kept.", "seen": ""}
    return lambda browser, serial: browser.post(f"/tickets/{numbers[serial % len(numbers)]}/note/", form)


def _nearest(size: int, loaded: Loaded) -> int:
    """A small workload may lack a ticket of exactly this many articles."""
    return min(loaded.by_size, key=lambda known: abs(known - size))


def _cursor_far_back(desk: Desk, column: str) -> str:
    """The place in the order where page 200 begins, or the last quarter of a list that is shorter."""
    query = "FROM tickets_ticket WHERE state_type = 'closed'"
    with desk.connect() as connection:
        (count,) = connection.execute(f"SELECT count(*) {query}").fetchone() or (0,)
        offset = min(199 * 50, count * 3 // 4)
        row = connection.execute(
            f"SELECT {column}, id {query} ORDER BY {column} DESC, id DESC OFFSET {offset} LIMIT 1"
        ).fetchone()
    return f"{row[0].isoformat()}~{row[1]}".replace("+", "%2B") if row else ""


def measure(tickets: int, only: str = "", visits: int = VISITS) -> list[tuple[str, ...]]:
    """Fill a desk, measure every page whose name contains `only`; returns the rows of the table."""
    with temporary_desk() as desk:
        from ghiseu.cli import start_django

        start_django("bench")
        print(f"Pages: loading {tickets:,} tickets", flush=True)
        began = time.monotonic()
        loaded = load(desk, tickets)
        seconds = time.monotonic() - began
        print(f"Pages: {loaded.articles:,} articles in {seconds:.0f} s, {loaded.articles / seconds:,.0f} a second")
        with desk.connect() as connection:
            connection.execute("CREATE TABLE bench_floor (id bigserial PRIMARY KEY, raw text)")
        with web() as (port, process):
            browsers = {}
            for login in (EVERYWHERE, ONE_QUEUE):
                browsers[login] = Browser(port)
                browsers[login].sign_in(login, PASSWORD)
            chosen = [page for page in pages_of(desk, loaded) if only in page.name]
            rows = [_measured(desk, page, browsers[page.agent], visits) for page in chosen]
            rows.append(("memory of the web process", f"{_memory_mb(process.pid)} MB"))
    return rows


def _measured(desk: Desk, page: Page, browser: Browser, visits: int) -> tuple[str, ...]:
    print(f"Pages: {page.name}", flush=True)
    # The server closes connections on which nothing was asked for a while.
    browser = browser.another()
    visit([browser], page.visit, WARM_UP)
    with desk.statements() as statements:
        size = len(page.visit(browser, 0))
    main = _main_query(page, statements)
    floor = _floor(desk, main, visits)
    alone = visit([browser], page.visit, visits)
    together = visit([browser.another() for _ in range(CLIENTS)], page.visit, visits)
    return _row(page, alone, together, size, len(statements), floor)


def _row(page: Page, alone: Visits, together: Visits, size: int, queries: int, floor: list[float]) -> tuple[str, ...]:
    least = percentile(floor, 50)
    return (
        page.name,
        in_ms(alone.each),
        in_ms(together.each),
        f"{together.rate:.0f}",
        f"{size / 1000:.0f}" if size else "-",
        str(queries),
        f"{1000 * least:.2f}",
        f"{percentile(alone.each, 50) / least:.0f}",
    )


def _main_query(page: Page, statements: list[str]) -> str:
    if not page.main:
        return NOTE
    found = [statement for statement in statements if re.search(page.main, statement)]
    if not found:
        raise SystemExit(f"The page “{page.name}” sent no query like {page.main}. Did the page change?")
    return found[0]


def _floor(desk: Desk, query: str, visits: int) -> list[float]:
    """Seconds of the bare query, all rows fetched, as the application's role over the same socket."""
    each = []
    with psycopg.connect(desk.server.location.url("postgres"), autocommit=True) as connection:
        for _ in range(visits + WARM_UP):
            began = time.perf_counter()
            cursor = connection.execute(query.encode())
            if cursor.description:
                cursor.fetchall()
            each.append(time.perf_counter() - began)
    return each[WARM_UP:]


@contextlib.contextmanager
def web() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A `ghiseu web` on a free port, stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"GHISEU_PORT": str(port), "GHISEU_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([sys.executable, "-m", "ghiseu.cli", "web"], env=environment)
    try:
        _wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    from ghiseu.ops.ports import answers

    deadline = time.monotonic() + SECONDS_TO_START
    while not answers("127.0.0.1", port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The web process did not start; its reason stands above.")
        time.sleep(0.05)


def _memory_mb(pid: int) -> int:
    """The most that the process ever held."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) // 1024 if match else 0


def tickets_wanted() -> int:
    """SCALE=1 means the whole workload of 330,000 tickets; without it a hundredth."""
    given = os.environ.get("SCALE", "").strip() or "0.01"
    try:
        return max(500, int(float(given) * WHOLE))
    except ValueError:
        raise SystemExit(f"SCALE is {given!r}. It takes a number: 1 for {WHOLE:,} tickets, 0.01 by default.") from None


def main() -> None:
    parser = argparse.ArgumentParser(description="The agents' pages, beside their bare main queries.")
    parser.add_argument("--tickets", type=int, metavar="N", help="how many (default: SCALE times 330,000)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only pages whose name contains this")
    parser.add_argument("--visits", type=int, default=VISITS, metavar="N", help=f"of each page (default {VISITS})")
    given = parser.parse_args()
    count = given.tickets or tickets_wanted()
    began = time.monotonic()
    rows = measure(count, given.only, given.visits)
    print_table(f"Pages ({count:,} tickets, {time.monotonic() - began:.0f} s)", HEADINGS, rows)


if __name__ == "__main__":
    main()
