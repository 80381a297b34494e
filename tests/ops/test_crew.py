"""Several processes behind one door: kept at their number, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.machine import wait_until

# Each says its number and does its work until it is asked to stop.
PROGRAM = """
import os, signal, sys
from ghiseu.ops.crew import work_together

def work():
    os.write(1, f"{os.getpid()}\\n".encode())
    signal.pause()

work_together(3, work)
"""


@pytest.fixture
def first() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield process
        process.kill()


def next_worker(first: subprocess.Popen[bytes]) -> int:
    """Its number; what the first one logs between is none."""
    assert first.stdout is not None
    return int(next(line for line in first.stdout if line.strip().isdigit()))


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]


def test_whichever_ends_is_begun_again(first: subprocess.Popen[bytes]) -> None:
    crew = [next_worker(first) for _ in range(3)]

    os.kill(crew[1], signal.SIGKILL)

    assert next_worker(first) not in crew
    assert is_there(crew[0])
    assert is_there(crew[2])


def test_all_end_when_the_first_is_asked_to_stop(first: subprocess.Popen[bytes]) -> None:
    crew = [next_worker(first) for _ in range(3)]

    first.send_signal(signal.SIGTERM)

    assert first.wait(timeout=30) == 0
    assert not any(map(is_there, crew))


def test_all_end_when_the_first_dies(first: subprocess.Popen[bytes]) -> None:
    crew = [next_worker(first) for _ in range(3)]

    first.kill()

    wait_until("the others have ended", lambda: not any(map(is_there, crew)))
