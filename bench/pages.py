"""How fast the agents' pages are: over HTTP, signed in, every right checked, against `ghiseu web`.

    python -m bench.pages --tickets 3300        or SCALE=1 for 330,000 tickets, SCALE=10 for 3,300,000

Each page (`bench/families`) is asked for by one client and by eight. Beside it stands the floor: the page's own main
query, as the page sends it, by psycopg alone; for what is written one row inserted durably. The single client takes
turns with its floor and, for lists, with a desk of a tenth of the data, so that a machine that does other things
meanwhile slows all of them alike.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.browser import Browser, Visits, visit
from bench.cold import cold_bytes
from bench.desk import Desk, a_desk, cpu_of
from bench.families import FAMILIES
from bench.load import EVERYWHERE
from bench.neighbour import Neighbour, neighbour
from bench.page import Page
from bench.prepared import prepare
from bench.table import in_ms, percentile, print_table
from bench.web import memory, signed_in, web

WHOLE = 330_000
FEWEST = 500
CLIENTS = 8
VISITS = 120
WARM_UP = 10
ONE_ROW = "INSERT INTO bench.floor (raw) VALUES ('A note of some words, saved to be kept.')"
HEADINGS = (
    "ms, p50 / p95 / p99",
    "1 client",
    f"{CLIENTS} clients",
    "a second",
    "processor",
    "kB",
    "queries",
    "floor p50",
    "times the floor",
    "times a tenth",
)


@dataclass(frozen=True)
class Wanted:
    """What the command line asked for."""

    tickets: int
    home: Path | None = None
    tenth_home: Path | None = None
    with_tenth: bool = True
    only: str = ""
    visits: int = VISITS


def measure(wanted: Wanted) -> list[tuple[str, ...]]:
    """Every page whose name contains `only`; returns the rows of the table."""
    with a_desk(wanted.home) as desk, _beside(wanted) as beside:
        there = prepare(desk, 0 if wanted.home else wanted.tickets)
        pages = [page for family in FAMILIES for page in family(there) if wanted.only in page.name]
        with web() as (port, process):
            browsers = signed_in(port)
            served = Served(desk, process.pid)
            rows = [_measured(served, page, browsers[page.agent], beside, wanted.visits) for page in pages]
            rows.append(("memory of the web processes", memory(process.pid)))
            # Another window: the server closes connections on which nothing was asked for a while.
            cold = cold_bytes(browsers[EVERYWHERE].another())
            rows.append(("first page with all that it loads, cold", f"{cold / 1000:.0f} kB"))
    return rows


@contextlib.contextmanager
def _beside(wanted: Wanted) -> Iterator[Neighbour | None]:
    if not wanted.with_tenth:
        yield None
        return
    with neighbour(max(FEWEST, wanted.tickets // 10), wanted.tenth_home) as beside:
        yield beside


@dataclass(frozen=True)
class Served:
    """The desk and its `ghiseu web`."""

    desk: Desk
    web: int

    def cpu(self) -> float:
        """Seconds of processor that pages and database have taken so far."""
        return self.desk.database_cpu() + cpu_of(self.web)


def _measured(served: Served, page: Page, browser: Browser, beside: Neighbour | None, visits: int) -> tuple[str, ...]:
    print(f"Pages: {page.name}", flush=True)
    browser, what = browser.another(), page.visit()
    if page.forms:
        visits = min(visits, (len(page.forms) - WARM_UP - 1) // 2)
    visit([browser], what, WARM_UP)
    with served.desk.statements() as statements:
        size = len(what(browser, 0))
    steps = [lambda serial: what(browser, serial), _floor(served.desk, _main_query(page, statements))]
    if beside and (same := beside.visit(page)):
        other = beside.browser()
        visit([other], same, WARM_UP)
        steps.append(lambda serial: same(other, serial))
    turns = _in_turns(steps, visits)
    crowd = [browser.another() for _ in range(CLIENTS)]
    if not page.forms:
        # Every process has drawn the page and has its connections to the database; what comes is a working day.
        visit(crowd, what, 4 * CLIENTS)
        visits *= 3
    before = served.cpu()
    together = visit(crowd, what, visits)
    each = (served.cpu() - before) / visits
    row = _row(page, turns, together, each, size, len(statements))
    # At once, too: a long run may not come to its end.
    print("  " + " · ".join(value for value in row[1:] if value), flush=True)
    return row


def _in_turns(steps: Sequence[Callable[[int], object]], times: int) -> list[list[float]]:
    """Seconds of each step, one after the other again and again."""
    seconds: list[list[float]] = [[] for _ in steps]
    for serial in range(times):
        for step, each in zip(steps, seconds, strict=True):
            began = time.perf_counter()
            step(serial)
            each.append(time.perf_counter() - began)
    return seconds


def _floor(desk: Desk, query: str) -> Callable[[int], object]:
    """The bare query, all rows fetched, over the same socket as the application's."""
    connection = psycopg.connect(desk.server.location.url("postgres"), autocommit=True)

    def ask(_serial: int) -> None:
        cursor = connection.execute(query.encode())
        if cursor.description:
            cursor.fetchall()

    return ask


def _main_query(page: Page, statements: list[str]) -> str:
    if not page.main:
        return ONE_ROW
    found = [statement for statement in statements if re.search(page.main, statement)]
    if not found:
        raise SystemExit(f"The page “{page.name}” sent no query like {page.main}. Did the page change?")
    return found[0]


def _row(
    page: Page, turns: list[list[float]], together: Visits, cpu: float, size: int, queries: int
) -> tuple[str, ...]:
    alone, floor, *tenth = turns
    middle, least = percentile(alone, 50), percentile(floor, 50)
    return (
        page.name,
        in_ms(alone),
        in_ms(together.each),
        f"{together.rate:.0f}",
        f"{1000 * cpu:.1f}",
        f"{size / 1000:.0f}" if size else "-",
        str(queries),
        f"{1000 * least:.2f}",
        f"{middle / least:.0f}",
        f"{middle / percentile(tenth[0], 50):.2f}" if tenth else "",
    )


def tickets_wanted() -> int:
    """SCALE=1 means the whole workload of 330,000 tickets; without it a hundredth."""
    given = os.environ.get("SCALE", "").strip() or "0.01"
    try:
        return max(FEWEST, int(float(given) * WHOLE))
    except ValueError:
        raise SystemExit(f"SCALE is {given!r}. It takes a number: 1 for {WHOLE:,} tickets, 0.01 by default.") from None


def main() -> None:
    parser = argparse.ArgumentParser(description="The agents' pages, beside their bare main queries.")
    parser.add_argument("--tickets", type=int, metavar="N", help="how many (default: SCALE times 330,000)")
    parser.add_argument("--only", default="", metavar="WORDS", help="only pages whose name contains this")
    parser.add_argument("--visits", type=int, default=VISITS, metavar="N", help=f"of each page (default {VISITS})")
    parser.add_argument("--home", type=Path, help="a GHISEU_HOME that is filled already, instead of a temporary desk")
    parser.add_argument("--tenth-home", type=Path, help="the same for the desk with a tenth of the data")
    parser.add_argument("--without-tenth", action="store_true", help="compare with no second desk")
    given = parser.parse_args()
    wanted = Wanted(
        tickets=given.tickets or tickets_wanted(),
        home=given.home,
        tenth_home=given.tenth_home,
        with_tenth=not given.without_tenth,
        only=given.only,
        visits=given.visits,
    )
    began = time.monotonic()
    rows = measure(wanted)
    print_table(f"Pages ({time.monotonic() - began:.0f} s)", HEADINGS, rows)


if __name__ == "__main__":
    main()
