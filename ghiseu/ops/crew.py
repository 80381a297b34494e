"""Several processes that do the same work behind one door: Python computes on one core for each process.

They are forked from one that has loaded everything, so that they share its memory and start in a moment. Whichever ends
is begun again; when the first one is asked to stop, or dies, all of them end.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType

import structlog

from ghiseu.ops.children import LIFELINE, end_with_parent

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.2
PAUSE_SECONDS = 0.5
SECONDS_TO_END = 3.0


class _Stop(BaseException):
    """Somebody asked us to stop. Not an error, so no `except Exception` may catch it."""


def work_together(count: int, work: Callable[[], None]) -> None:
    """Let `count` processes do `work`, which ends on SIGTERM; returns when all of them have ended.

    To be called before the process has threads or connections of its own, for they do not survive being forked.
    """
    lifeline = os.environ.get(LIFELINE, "")
    theirs, ours = os.pipe()
    crew: set[int] = set()
    _on_signals(_raise_stop)
    try:
        while True:
            while len(crew) < count:
                crew.add(_fork(work, theirs, ours))
            if lifeline and select.select([int(lifeline)], [], [], LOOK_EVERY_SECONDS)[0]:
                break
            if not lifeline:
                time.sleep(LOOK_EVERY_SECONDS)
            if ended := _ended(crew):
                crew -= ended.keys()
                log.error("processes of the pages ended", status=list(ended.values()))
                time.sleep(PAUSE_SECONDS)
    except _Stop:
        pass
    finally:
        _on_signals(signal.SIG_IGN)
        _stop(crew)


def _fork(work: Callable[[], None], theirs: int, ours: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _on_signals(signal.SIG_DFL)
        # The writing end is held by the first process alone: when it dies, however, the pipe closes.
        os.close(ours)
        os.environ[LIFELINE] = str(theirs)
        end_with_parent()
        work()
        status = 0
    except Exception:
        log.exception("a process of the pages failed")
    finally:
        os._exit(status)


def _ended(crew: set[int]) -> dict[int, int]:
    """Those that are gone, with how they ended."""
    ended = {}
    for pid in crew:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def _stop(crew: set[int]) -> None:
    for pid in crew:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_END
    while crew and time.monotonic() < deadline:
        crew -= _ended(crew).keys()
        time.sleep(0.02)
    for pid in crew:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _on_signals(what: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, what)


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop
