"""A second desk with a tenth of the data, in a process of its own: its pages are asked for in turns with the first's.

What it costs more to have ten times as much is seen at once, whatever else the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.browser import Browser, Visit
from bench.desk import a_desk
from bench.families import FAMILIES
from bench.page import Page, getting
from bench.prepared import prepare
from bench.web import signed_in, web


@dataclass(frozen=True)
class Neighbour:
    """`paths` are its pages by name, for those that are compared."""

    port: int
    cookies: dict[str, str]
    paths: dict[str, tuple[str, ...]]

    def browser(self) -> Browser:
        return Browser(self.port, dict(self.cookies))

    def visit(self, page: Page) -> Visit | None:
        paths = self.paths.get(page.name)
        return getting(paths) if paths else None


@contextlib.contextmanager
def neighbour(tickets: int, home: Path | None) -> Iterator[Neighbour]:
    """It lives as long as the block; `home` is a desk that was filled before."""
    command = [
        sys.executable,
        "-m",
        "bench.neighbour",
        "--tickets",
        str(tickets),
        *(["--home", str(home)] if home else []),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = next((line for line in process.stdout if line.startswith(b"{")), b"")
        if not line:
            raise SystemExit("The desk with a tenth of the data could not be made; its reason stands above.")
        said = json.loads(line)
        paths = {name: tuple(addresses) for name, addresses in said["paths"].items()}
        yield Neighbour(said["port"], said["cookies"], paths)
    finally:
        process.stdin.close()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="The desk beside; started by bench.pages.")
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with a_desk(given.home) as desk:
        there = prepare(desk, 0 if given.home else given.tickets)
        pages = [page for family in FAMILIES for page in family(there) if page.at_a_tenth]
        with web() as (port, _process):
            (first, *_others) = signed_in(port).values()
            paths = {page.name: page.paths for page in pages}
            print(json.dumps({"port": port, "cookies": first.cookies, "paths": paths}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
