"""Reading a file in a process of its own, which knows none of our secrets and is killed at its limits."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from ghiseu.lib.file_text.kinds import FileKind, Unreadable, Why
from ghiseu.lib.text import storable

_PIECE = 65_536
# In JSON a line end has two bytes, and no character that we store has more than four.
_BYTES_OF_A_CHARACTER = 4
_KILLED_FOR_TIME = (-24, -9)  # SIGXCPU; SIGKILL at the hard limit


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost. The seconds of the clock count where the machine is busy or the reader waits."""

    characters: int = 200_000
    cpu_seconds: int = 10
    clock_seconds: float = 30.0
    memory_bytes: int = 640_000_000  # of address space


@dataclass(frozen=True, slots=True)
class FileWords:
    """The text of a file, tidied; with `is_cut` there was more."""

    text: str
    is_cut: bool = False


def read_apart(data: bytes, kind: FileKind, limits: Limits = Limits()) -> FileWords:
    """The words of the file. Raises Unreadable with the reason; takes no longer than the limits say, whatever it is."""
    answer = _ask(data, kind, limits)
    try:
        words: Any = json.loads(answer)
        if "why" in words:
            raise Unreadable(Why(words["why"]))
        # The file may have made that process its own: what comes from there is a text to be cleaned and cut, no more.
        return FileWords(storable(str(words["text"])[: limits.characters]), bool(words["is_cut"]))
    except (ValueError, TypeError, KeyError) as error:
        raise Unreadable(Why.CRASHED) from error


def _ask(data: bytes, kind: FileKind, limits: Limits) -> bytes:
    amounts = [str(limits.characters), str(limits.cpu_seconds), str(limits.memory_bytes)]
    handle = os.memfd_create("file")
    with os.fdopen(handle, "w+b") as file:
        file.write(data)
        file.seek(0)
        process = subprocess.Popen(
            # Isolated: nothing of the caller's environment, folder or user packages has a say.
            [sys.executable, "-I", "-B", "-m", "ghiseu.lib.file_text.inside", kind.value, *amounts],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
            cwd=Path(os.sep),
            start_new_session=True,
        )
    with process:
        try:
            answer = _answer_of(process, limits)
        finally:
            process.kill()  # changes nothing where it has ended by itself
    if process.returncode in _KILLED_FOR_TIME and not answer:
        raise Unreadable(Why.TIME)
    return answer


def _answer_of(process: subprocess.Popen[bytes], limits: Limits) -> bytes:
    """Everything it says until it ends, but neither longer nor more than it may."""
    deadline = time.monotonic() + limits.clock_seconds
    most = limits.characters * _BYTES_OF_A_CHARACTER + 1_000
    stdout = cast("IO[bytes]", process.stdout).fileno()
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while len(answer) <= most:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise Unreadable(Why.TIME)
            piece = os.read(stdout, _PIECE)
            if not piece:
                return _ended(process, answer, deadline)
            answer += piece
    raise Unreadable(Why.CRASHED)


def _ended(process: subprocess.Popen[bytes], answer: bytearray, deadline: float) -> bytes:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise Unreadable(Why.TIME) from error
    return bytes(answer)
