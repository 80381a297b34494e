"""Read hundreds of thousands of broken mails, and accept no exception, no slow one and no hungry one (promise M5).

    python -m bench.fuzz --mails 200000 --seed 1

The mails are read in child processes. A mail fails when `parse_mail` raises or falls back to its last resort, when its
reading cannot be written as JSON in UTF-8, when it takes more than a second of processor time, when the process then
holds more than 200 MB, or when nothing is heard for a while. What fails is kept at once as a file, with the reason
beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from bench.mutations import mutated, seed_mails

MOST_SECONDS = 1.0
MOST_MEMORY_MB = 200
# By the clock, on a machine that has other things to do.
HANGS_AFTER_SECONDS = 60.0
MOST_ADDRESS_SPACE = 2_000_000_000
BATCH = 500
MOST_FAILURES = 50


@dataclass(frozen=True)
class Failure:
    number: int
    kind: str
    reason: str


@dataclass
class Report:
    """What a child found in a batch; `memory_mb` is the most its process ever held."""

    begun: int = -1
    mails: int = 0
    bytes: int = 0
    slowest: float = 0.0
    slowest_number: int = -1
    memory_mb: float = 0.0
    failures: list[Failure] = field(default_factory=list)


def read_batches(pipe: Connection, seeds: list[bytes], seed: int) -> None:
    """A child: read the mails of each range that comes, tell of each tenth mail, end with None."""
    # Ctrl-C is for the parent, which then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESS_SPACE, MOST_ADDRESS_SPACE))
    last_resort: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            last_resort.append(record)

    logger = logging.getLogger("ghiseu.mail.inbound.parse")
    logger.addHandler(Listener(logging.ERROR))
    logger.propagate = False
    while (numbers := pipe.recv()) is not None:
        report = Report()
        for number in numbers:
            report.begun = number
            pipe.send(number)
            read_one(mutated(seeds, seed, number), number, last_resort, report)
        pipe.send(report)


def read_one(mail: bytes, number: int, last_resort: list[logging.LogRecord], report: Report) -> None:
    from ghiseu.mail.inbound.parse import parse_mail

    last_resort.clear()
    began = time.process_time()
    failures = report.failures
    try:
        parsed = parse_mail(mail)
        seconds = time.process_time() - began
        text = json.dumps(parsed.as_json(), ensure_ascii=False)
        text.encode()
        if "\\u0000" in text:
            failures.append(Failure(number, "nul", "The reading holds a NUL, which no text column takes."))
    except Exception:  # noqa: BLE001  # whatever it is, it is what we look for
        seconds = time.process_time() - began
        failures.append(Failure(number, "exception", traceback.format_exc()))
    for record in last_resort:
        reason = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else record.getMessage()
        failures.append(Failure(number, "last-resort", reason))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if seconds > MOST_SECONDS:
        failures.append(Failure(number, "slow", f"{seconds:.2f} s of processor time for {len(mail):,} bytes"))
    if memory > MOST_MEMORY_MB >= report.memory_mb:
        failures.append(Failure(number, "memory", f"{memory:.0f} MB after a mail of {len(mail):,} bytes"))
    report.mails += 1
    report.bytes += len(mail)
    report.memory_mb = max(report.memory_mb, memory)
    if seconds > report.slowest:
        report.slowest, report.slowest_number = seconds, number


class Child:
    """One child process with what it is reading."""

    def __init__(self, seeds: list[bytes], seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=read_batches, args=(theirs, seeds, seed), daemon=True)
        self.process.start()
        theirs.close()
        self.numbers = range(0)
        self.reading = -1
        self.heard_at = time.monotonic()

    def give(self, numbers: range) -> None:
        self.numbers, self.reading = numbers, -1
        self.heard_at = time.monotonic()
        self.pipe.send(numbers)

    def listen(self) -> Report | None:
        """The report, if the batch is done; raises EOFError where the process ended."""
        self.heard_at = time.monotonic()
        said = self.pipe.recv()
        if isinstance(said, Report):
            return said
        self.reading = said
        return None

    def hangs(self) -> bool:
        return time.monotonic() - self.heard_at > HANGS_AFTER_SECONDS

    def end(self) -> None:
        self.process.kill()
        self.process.join()


class Fuzzer:
    """Deals ranges of mails to children, and starts another one for each that hangs, dies or has grown fat."""

    def __init__(self, count: int, seed: int, children: int, folder: Path) -> None:
        self.count, self.seed = count, seed
        self.folder = folder
        self.seeds = seed_mails()
        self.todo = [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)][::-1]
        self.total = Report()
        self.children = [self._start() for _ in range(min(children, len(self.todo)))]
        self.printed_at = time.monotonic()

    def run(self) -> Report:
        """Read them all, or until Ctrl-C; the report says how far it came."""
        with contextlib.suppress(KeyboardInterrupt):
            self._deal()
        # A second Ctrl-C shall not take the report away.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for child in self.children:
            child.end()
        return self.total

    def _deal(self) -> None:
        while self.children and len(self.total.failures) < MOST_FAILURES:
            ready = wait([child.pipe for child in self.children], timeout=1)
            for child in list(self.children):
                if child.pipe in ready:
                    self._hear(child)
                elif child.hangs():
                    self._replace(child, "hangs", f"nothing heard for {HANGS_AFTER_SECONDS:.0f} s")

    def _hear(self, child: Child) -> None:
        try:
            report = child.listen()
        except EOFError:
            child.process.join()
            self._replace(child, "died", f"the process ended with {child.process.exitcode}")
            return
        if report is None:
            return
        self._add(report)
        if report.memory_mb > MOST_MEMORY_MB:
            self._let_go(child)
            if self.todo:
                self.children.append(self._start())
        elif self.todo:
            child.give(self.todo.pop())
        else:
            self._let_go(child)

    def _replace(self, child: Child, kind: str, reason: str) -> None:
        """Note the mail that was too much for a child, and let another one go on behind it."""
        self._let_go(child)
        number = child.reading if child.reading >= 0 else child.numbers.start
        self._fail(Failure(number, kind, reason))
        self.total.mails += number - child.numbers.start + 1
        if number + 1 < child.numbers.stop:
            self.todo.append(range(number + 1, child.numbers.stop))
        if self.todo:
            self.children.append(self._start())

    def _start(self) -> Child:
        child = Child(self.seeds, self.seed)
        child.give(self.todo.pop())
        return child

    def _let_go(self, child: Child) -> None:
        child.end()
        self.children.remove(child)

    def _fail(self, failure: Failure) -> None:
        """Tell of it and keep it at once: a run is long, and may be ended."""
        self.total.failures.append(failure)
        lines = failure.reason.strip().splitlines()
        print(f"{failure.kind}: number {failure.number}: {lines[-1] if lines else ''}", flush=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.seed}-{failure.number:06d}-{failure.kind}"
        (self.folder / f"{name}.eml").write_bytes(mutated(self.seeds, self.seed, failure.number))
        (self.folder / f"{name}.txt").write_text(failure.reason + "\n", encoding="utf-8")

    def _add(self, report: Report) -> None:
        total = self.total
        total.mails += report.mails
        total.bytes += report.bytes
        total.memory_mb = max(total.memory_mb, report.memory_mb)
        for failure in report.failures:
            self._fail(failure)
        if report.slowest > total.slowest:
            total.slowest, total.slowest_number = report.slowest, report.slowest_number
        if time.monotonic() - self.printed_at > 20:
            self.printed_at = time.monotonic()
            print(f"{total.mails:,} of {self.count:,} mails, {len(total.failures)} failed", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Read broken mails, and look for what breaks.")
    parser.add_argument("--mails", type=int, default=200_000, metavar="N", help="how many (default 200000)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds, other mails (default 1)")
    parser.add_argument("--processes", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir()) / "ghiseu-fuzz", help="where failed mails are kept"
    )
    given = parser.parse_args()
    began = time.monotonic()
    fuzzer = Fuzzer(given.mails, given.seed, given.processes, given.keep)
    print(f"Reading {given.mails:,} broken mails, made of {len(fuzzer.seeds)}", flush=True)
    report = fuzzer.run()
    print(
        f"{report.mails:,} mails, {report.bytes / 1e6:,.0f} MB in {time.monotonic() - began:.0f} s; slowest "
        f"{1000 * report.slowest:.0f} ms (number {report.slowest_number}); most memory {report.memory_mb:.0f} MB"
    )
    if not report.failures:
        print("No exception, no slow one, no hungry one.")
        return
    print(f"{len(report.failures)} failed; they are kept in {fuzzer.folder}")
    sys.exit(1)


if __name__ == "__main__":
    main()
