"""A `ghiseu web` to be measured, and what it holds in memory."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.browser import Browser
from bench.load import EVERYWHERE, ONE_QUEUE, PASSWORD, WITH_VIEWS

SECONDS_TO_START = 60


@contextlib.contextmanager
def web() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A `ghiseu web` on a free port with the settings of this process, stopped at the end."""
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


def signed_in(port: int) -> dict[str, Browser]:
    """A browser for each of the agents who look."""
    browsers = {login: Browser(port) for login in (EVERYWHERE, ONE_QUEUE, WITH_VIEWS)}
    for login, browser in browsers.items():
        browser.sign_in(login, PASSWORD)
    return browsers


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    from ghiseu.ops.ports import answers

    deadline = time.monotonic() + SECONDS_TO_START
    while not answers("127.0.0.1", port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The web process did not start; its reason stands above.")
        time.sleep(0.05)


def memory(pid: int) -> str:
    """What the processes hold together: pages that several share counted once, and counted for each."""
    processes = [pid, *_children(pid)]
    once = sum(_kilobytes(f"/proc/{one}/smaps_rollup", "Pss") for one in processes)
    each = sum(_kilobytes(f"/proc/{one}/status", "VmRSS") for one in processes)
    return f"{once // 1024} MB ({each // 1024} MB with what is shared counted for each)"


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kilobytes(path: str, name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+) kB", Path(path).read_text(), re.MULTILINE)
    return int(match[1]) if match else 0
