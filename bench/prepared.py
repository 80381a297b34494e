"""A desk made ready to be looked at: filled where it is empty, with the agents who look and what they look at."""

from __future__ import annotations

import time

from bench.desk import Desk
from bench.load import load
from bench.lookers import let_in
from bench.there import There, look


def prepare(desk: Desk, tickets: int) -> There:
    """Start Django on it and load `tickets` tickets; 0 where it was filled before."""
    from ghiseu.ops.start import start_django

    start_django("bench")
    if tickets:
        print(f"Pages: loading {tickets:,} tickets", flush=True)
        began = time.monotonic()
        load(desk, tickets)
        print(f"Pages: loaded in {time.monotonic() - began:.0f} s", flush=True)
    with desk.connect() as connection:
        there = look(connection)
        let_in(there.small_queue)
        connection.execute("ANALYZE")
    print(f"Pages: {there.tickets:,} tickets, {there.articles:,} articles", flush=True)
    return there
