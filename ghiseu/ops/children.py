"""The processes that `ghiseu serve` starts: begun again when they end, stopped with it, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

log = structlog.get_logger()

LIFELINE = "GHISEU_LIFELINE"
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0
SECONDS_TO_END_BY_ITSELF = 5.0


class Child:
    """One `ghiseu` command as a process of its own.

    It gets the reading end of a pipe whose writing end only the parent holds: when the parent dies, however, the pipe
    closes and `end_with_parent` ends the child.
    """

    def __init__(self, name: str, arguments: Sequence[str], *, lifeline: int, inherited: Sequence[int] = ()) -> None:
        self.name = name
        self.arguments = arguments
        self.lifeline = lifeline
        self.inherited = inherited
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.next_start_at = 0.0
        self.pause = FIRST_PAUSE_SECONDS

    def start(self) -> None:
        self.started_at = time.monotonic()
        # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then stops everything in order.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ghiseu.cli", *self.arguments],
            stdin=subprocess.DEVNULL,
            env=os.environ | {LIFELINE: str(self.lifeline)},
            pass_fds=(self.lifeline, *self.inherited),
            start_new_session=True,
        )

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_alive(self) -> None:
        """Start the process again if it has ended, after a pause that doubles with each early end."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            lived = now - self.started_at
            self.pause = (
                FIRST_PAUSE_SECONDS if lived > HEALTHY_AFTER_SECONDS else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
            )
            self.next_start_at = now + self.pause
            log.error(
                "process ended", name=self.name, status=self.process.returncode, again_in_seconds=round(self.pause, 1)
            )
            self.process = None
        if self.process is None and now >= self.next_start_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_or_kill(self, deadline: float) -> None:
        """Wait until `deadline` (of `time.monotonic`) for the end, then kill."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def end_with_parent() -> None:
    """In a child: stop as on SIGTERM as soon as the parent is gone, and end the hard way if that takes too long."""
    descriptor = os.environ.pop(LIFELINE, "")
    if not descriptor:
        return

    def watch() -> None:
        os.read(int(descriptor), 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_END_BY_ITSELF)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
