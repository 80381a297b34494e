"""Where the tickets and mails to measure with come from: our own generator, or the one that WORKLOAD names."""

from __future__ import annotations

import json
import mailbox
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def tickets(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """`count` tickets with their articles, streamed."""
    command = _command("tickets", "--tickets", str(count), "--seed", str(seed))
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
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
