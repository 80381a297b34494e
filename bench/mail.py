"""How many mails a second are filed, beside the least that the machine allows for the same bytes.

    python -m bench.mail --mails 2000

Each mail is kept raw (`store.keep`, a durable commit each), then filed (`receive.file_waiting`), by one worker process
and then by two, on an embedded PostgreSQL in a temporary folder. The floor, by one process: read the same bytes with
the standard library, every header and part decoded, and insert them as one row, durably. It takes turns with the
measurement, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from bench import workload
from bench.desk import Desk, temporary_desk
from bench.filing import FLOOR_TABLE, MAILBOX, Cost, work
from bench.table import print_table

GOAL = 0.6
HEADINGS = ("", "measured", "floor", "ratio", "goal")
ROUND_MAILS = 100
COUNTED_MAILS = 50
# How a mail of the workload names the one it answers; we put in the number of the ticket that one became.
_TOKEN = re.compile(rb"\[#@@TICKET:<([^>]+)>@@\]")


@dataclass
class Pass:
    """The sums of one run over all mails with a number of workers; seconds of parallel workers count once."""

    mails: int = 0
    slowest: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    database_cpu: dict[str, float] = field(default_factory=dict)
    queries: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.mails / (self.seconds["keep"] + self.seconds["file"])

    def cpu_of(self, *steps: str) -> float:
        """Seconds of processor a mail, ours and the database's."""
        return sum(self.cpu[step] + self.database_cpu[step] for step in steps) / self.mails

    def add(self, step: str, costs: list[Cost], database_cpu: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + max(cost.seconds for cost in costs)
        self.cpu[step] = self.cpu.get(step, 0.0) + sum(cost.cpu for cost in costs)
        self.database_cpu[step] = self.database_cpu.get(step, 0.0) + database_cpu
        self.slowest[step] = max(self.slowest.get(step, 0.0), *(cost.slowest for cost in costs))


class Workers:
    """Processes that keep and file, told what to do in step with each other."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Connection] = []
        self.processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs,), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        for pipe in self.pipes:
            pipe.recv()

    def do(self, step: str, raws: list[bytes]) -> list[Cost]:
        """Let every worker do its share."""
        for position, pipe in enumerate(self.pipes):
            pipe.send((step, raws[position :: len(self.pipes)]))
        return [pipe.recv() for pipe in self.pipes]

    def end(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join()


def measure(count: int) -> list[tuple[str, ...]]:
    """File `count` mails by one worker and again by two; returns the rows of the table."""
    print(f"Mail: making {count:,} mails", flush=True)
    mails = workload.mails(count + COUNTED_MAILS)
    with temporary_desk() as desk:
        _set_up_django()
        passes = []
        for workers in (1, 2):
            print(f"Mail: filing with {workers} worker{'s' if workers > 1 else ''}", flush=True)
            _set_up_desk(desk)
            passes.append(_run(desk, mails, workers))
    return _rows(passes[0], passes[1], count)


def _run(desk: Desk, mails: list[bytes], count: int) -> Pass:
    found, numbers = Pass(), dict[bytes, bytes]()
    with _workers(count) as workers:
        timed, counted = mails[:-COUNTED_MAILS], mails[-COUNTED_MAILS:]
        for start in range(0, len(timed), ROUND_MAILS):
            raws = [_with_number(raw, numbers) for raw in timed[start : start + ROUND_MAILS]]
            steps = ["keep", "file"]
            if count == 1:
                # The floor goes first in every second round.
                steps = ["floor", *steps, "parse"] if start // ROUND_MAILS % 2 else [*steps, "parse", "floor"]
            for step in steps:
                used = desk.database_cpu()
                costs = workers.do(step, raws)
                found.add(step, costs, desk.database_cpu() - used)
            found.mails += len(raws)
            numbers |= _numbers(desk)
        for step in ("keep", "file"):
            with desk.statements() as statements:
                workers.do(step, [_with_number(raw, numbers) for raw in counted])
            found.queries[step] = len(statements) / len(counted)
    _check(desk, len(mails))
    return found


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Workers]:
    workers = Workers(count)
    try:
        yield workers
    finally:
        workers.end()


def _with_number(raw: bytes, numbers: dict[bytes, bytes]) -> bytes:
    def number(match: re.Match[bytes]) -> bytes:
        found = numbers.get(match[1])
        return b"[#%s]" % found if found else b""

    return _TOKEN.sub(number, raw, count=1)


def _numbers(desk: Desk) -> dict[bytes, bytes]:
    """Message-ID -> the number of the ticket it is in."""
    query = "SELECT message_id, number FROM tickets_article a JOIN tickets_ticket t ON t.id = a.ticket_id"
    with desk.connect() as connection:
        return {message_id.encode(): number.encode() for message_id, number in connection.execute(query)}


def _check(desk: Desk, count: int) -> None:
    """A fast run that lost something would be worth nothing."""
    with desk.connect() as connection:
        query = "SELECT state, count(*) FROM mail_inboundmail GROUP BY state"
        rows: dict[str, int] = dict(connection.execute(query).fetchall())
    if rows != {"filed": count}:
        raise SystemExit(f"Of {count} mails not all were filed: {rows}. The figures would mean nothing.")


def _set_up_django() -> None:
    from ghiseu.ops.start import start_django

    start_django("bench")


def _set_up_desk(desk: Desk) -> None:
    """A queue with a mailbox and an automatic answer in each language, as a desk in use has them."""
    from ghiseu.mail.models import AutoResponse, Mailbox
    from ghiseu.people.models import Language
    from ghiseu.tickets.models import Queue

    desk.empty()
    with desk.connect() as connection:
        connection.execute(f"DROP TABLE IF EXISTS {FLOOR_TABLE}")
        connection.execute(f"CREATE TABLE {FLOOR_TABLE} (id bigserial PRIMARY KEY, raw bytea NOT NULL)")
        connection.execute(f"GRANT ALL ON {FLOOR_TABLE}, {FLOOR_TABLE}_id_seq TO PUBLIC")
    queue = Queue.objects.create(name="Incoming", address="desk@ghiseu.example")
    Mailbox.objects.create(name=MAILBOX, address="help@lindenhost.example", queue=queue)
    for language in Language.values:
        AutoResponse.objects.create(
            queue=queue, occasion="received", language=language, subject="Received", text="It is ticket {number}."
        )


def _rows(one: Pass, two: Pass, count: int) -> list[tuple[str, ...]]:
    floor = count / one.seconds["floor"]
    whole = one.seconds["keep"] + one.seconds["file"]
    cpu = {step: 1000 * seconds / count for step, seconds in one.cpu.items()}
    database = {step: 1000 * seconds / count for step, seconds in one.database_cpu.items()}
    ours, floors = one.cpu_of("keep", "file"), one.cpu_of("floor")
    shares = {
        "read": one.seconds["parse"] / whole,
        "store": one.seconds["keep"] / whole,
        "file": (one.seconds["file"] - one.seconds["parse"]) / whole,
    }
    return [
        ("mails a second, one worker", f"{one.rate:.0f}", f"{floor:.0f}", f"{one.rate / floor:.0%}", f">= {GOAL:.0%}"),
        ("mails a second, two workers", f"{two.rate:.0f}", f"{floor:.0f}", f"{two.rate / floor:.0%}"),
        ("the second worker adds", f"{two.rate / one.rate - 1:+.0%}"),
        ("ms a mail", f"{1000 / one.rate:.1f}", f"{1000 / floor:.1f}"),
        ("CPU ms a mail, our process", f"{cpu['keep'] + cpu['file']:.1f}", f"{cpu['floor']:.1f}"),
        ("CPU ms a mail, database", f"{database['keep'] + database['file']:.1f}", f"{database['floor']:.1f}"),
        ("mails a second of processor", f"{1 / ours:.0f}", f"{1 / floors:.0f}", f"{floors / ours:.0%}"),
        ("queries a mail, to store and to file", f"{one.queries['keep']:.1f} + {one.queries['file']:.1f}"),
        (
            "slowest mail to store / to read, ms",
            f"{1000 * one.slowest['keep']:.0f} / {1000 * one.slowest['parse']:.0f}",
        ),
        ("longest batch, from claim to commit, ms", f"{1000 * one.slowest['file']:.0f}"),
        ("time to read / store / file", " / ".join(f"{share:.0%}" for share in shares.values())),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Mails filed a second, beside the floor.")
    parser.add_argument("--mails", type=int, default=2000, metavar="N", help="how many (default 2000)")
    given = parser.parse_args()
    began = time.monotonic()
    rows = measure(max(ROUND_MAILS, given.mails))
    print_table(f"Mail ({given.mails:,} mails, {time.monotonic() - began:.0f} s)", HEADINGS, rows)


if __name__ == "__main__":
    main()
