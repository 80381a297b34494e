"""Where the tickets and mails to measure with come from: our own generator, or the one that WORKLOAD names."""

from __future__ import annotations

import contextlib
import json
import mailbox
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent


class NoWorkload(Exception):
    """WORKLOAD names no generator; the message says what it takes."""


@dataclass(frozen=True)
class Directory:
    queues: list[str]
    agents: dict[str, str]


def directory() -> Directory:
    answer = json.loads(subprocess.run(_command("directory"), check=True, capture_output=True, cwd=ROOT).stdout)
    return Directory(
        [queue["name"] for queue in answer["queues"]], {one["login"]: one["name"] for one in answer["agents"]}
    )


@contextlib.contextmanager
def ticket_lines(count: int, seed: int = 1) -> Iterator[BinaryIO]:
    """`count` tickets with their articles, a JSON object a line, as the generator makes them."""
    command = _command("tickets", "--tickets", str(count), "--seed", str(seed))
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout  # type: ignore[misc]  # typed as IO[bytes]
    if process.returncode:
        raise NoWorkload(f"{' '.join(command)} ended with {process.returncode}.")


def mails(count: int, seed: int = 2) -> list[bytes]:
    """`count` raw mails."""
    with tempfile.NamedTemporaryFile(suffix=".mbox") as file:
        command = _command("mbox", "--messages", str(count), "--seed", str(seed))
        subprocess.run(command, check=True, stdout=file, cwd=ROOT)
        box = mailbox.mbox(file.name, create=False)
        return [box.get_bytes(key) for key in box.iterkeys()]


def _command(*arguments: str) -> list[str]:
    given = os.environ.get("WORKLOAD", "").strip()
    if not given:
        return [sys.executable, "-m", "bench.generate", *arguments]
    path = (Path(given).expanduser() / "generate.py").absolute()
    if not path.is_file():
        raise NoWorkload(f"WORKLOAD is {given!r}, but there is no {path}. It takes a folder with a generate.py.")
    return [sys.executable, str(path), *arguments]
