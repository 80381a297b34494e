"""`ghiseu serve`: everything in one go, for a demo, a test or a small company.

Order of a start: locks on the data folder, ports, database, migrations and static files, then the processes `web`,
`worker` and `lmtp`. A process that ends is started again. Stopping goes the same way back, within five seconds.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from ghiseu.ops import embedded
from ghiseu.ops.children import LIFELINE, Child
from ghiseu.ops.errors import DatabaseUnavailable, MachineError
from ghiseu.ops.home import HomeLock
from ghiseu.ops.ports import answers, check_free

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.2
SECONDS_FOR_CHILDREN_TO_END = 3.5
SECONDS_FOR_DOORS_TO_OPEN = 60
LONGEST_DATABASE_PAUSE_SECONDS = 10.0


class StopRequested(BaseException):
    """Somebody asked us to stop, by Ctrl-C or SIGTERM. Not an error, so no `except Exception` may catch it."""


class StartFailed(MachineError):
    """A step of the start ended badly and has already said why."""


@dataclass(frozen=True)
class Plan:
    """What to serve: the data folder, the doors, whose database, and whether to fill in the demo company first."""

    home: Path
    host: str
    port: int
    lmtp_port: int
    own_database: bool
    demo: bool = False


def serve(plan: Plan, say: Callable[[str], None], ready: Callable[[], None]) -> None:
    """Run until SIGTERM or Ctrl-C. `say` hears each step, `ready` is called when the pages answer.

    Raises a MachineError if something makes the start impossible; what was already running is stopped again.
    """
    lock = HomeLock(plan.home)
    lock.take(say)
    check_free(plan.host, plan.port, "GHISEU_PORT")
    check_free("127.0.0.1", plan.lmtp_port, "GHISEU_LMTP_PORT")
    lifeline, our_end = os.pipe()
    children: list[Child] = []
    database: embedded.Running | None = None
    with _signals_stop_us():
        try:
            if plan.own_database:
                database = embedded.start(plan.home, say=say)
            _prepare(plan, lifeline, lock.children)
            children = [
                Child(name, [name], lifeline=lifeline, inherited=[lock.children]) for name in ("web", "worker", "lmtp")
            ]
            say("Starting the pages, the worker and the mail door")
            for child in children:
                child.start()
            _wait_for_doors(plan, children)
            ready()
            _keep_alive(plan, children, database)
        except StopRequested:
            _second_signal_kills(children)
            say("Stopping")
        finally:
            _stop(children)
            os.close(our_end)
            if plan.own_database:
                _stop_database(plan.home)


@contextmanager
def _signals_stop_us() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise StopRequested

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    yield


def _second_signal_kills(children: list[Child]) -> None:
    """Whoever presses Ctrl-C twice does not want to wait for open requests."""

    def kill(_number: int, _frame: FrameType | None) -> None:
        for child in children:
            if child.process is not None and child.process.poll() is None:
                child.process.kill()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, kill)


def _prepare(plan: Plan, lifeline: int, children_lock: int) -> None:
    """Migrate and collect in a process of its own: Django does not stay in this one."""
    command = [sys.executable, "-m", "ghiseu.cli", "prepare", *(["--demo"] if plan.demo else [])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env=os.environ | {LIFELINE: str(lifeline)},
        pass_fds=(lifeline, children_lock),
        start_new_session=True,
    )
    try:
        status = process.wait()
    except StopRequested:
        process.terminate()
        try:
            process.wait(timeout=SECONDS_FOR_CHILDREN_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    if status != 0:
        raise StartFailed("")


def _wait_for_doors(plan: Plan, children: list[Child]) -> None:
    """Wait until pages and LMTP answer. A process that ends already now has said why, and the start has failed."""
    deadline = time.monotonic() + SECONDS_FOR_DOORS_TO_OPEN
    while not (answers(plan.host, plan.port) and answers("127.0.0.1", plan.lmtp_port)):
        ended = [child.name for child in children if not child.is_alive()]
        if ended:
            raise StartFailed(f"The process {ended[0]} ended during the start; its reason stands above.")
        if time.monotonic() > deadline:
            raise StartFailed(
                f"Pages (port {plan.port}) and mail door (port {plan.lmtp_port}) do not answer after "
                f"{SECONDS_FOR_DOORS_TO_OPEN} seconds. Look at the lines above, or run: ghiseu doctor"
            )
        time.sleep(0.05)


def _keep_alive(plan: Plan, children: list[Child], database: embedded.Running | None) -> None:
    pause = 0.0
    next_try_at = 0.0
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        for child in children:
            child.keep_alive()
        if database is None or database.is_alive() or time.monotonic() < next_try_at:
            continue
        log.error("database ended; starting it again")
        try:
            database = embedded.start(plan.home)
            pause = 0.0
        except DatabaseUnavailable as error:
            pause = min(max(0.5, pause * 2), LONGEST_DATABASE_PAUSE_SECONDS)
            next_try_at = time.monotonic() + pause
            log.error("database does not start", again_in_seconds=pause, cause=str(error))


def _stop(children: list[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + SECONDS_FOR_CHILDREN_TO_END
    for child in children:
        child.wait_or_kill(deadline)


def _stop_database(home: Path) -> None:
    """Stop whatever server runs on our folder, also one that an earlier start left behind."""
    running = embedded.running(embedded.locate(home))
    if running is not None:
        running.stop()
