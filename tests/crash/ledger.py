"""What was offered, and what somebody said yes to: written down before and after each offer, outside the desk."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Ledger:
    """A file with one line for each event, so that it survives whatever the storm does to this process, too."""

    path: Path
    offered: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    replies: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, key: str, channel: str) -> None:
        self._write(f"offered {key} {channel}")
        self.offered[key] += 1

    def accept(self, key: str) -> None:
        self._write(f"accepted {key}")
        self.accepted.add(key)

    def reply(self, message_id: str) -> None:
        self._write(f"reply {message_id}")
        self.replies.add(message_id)

    def _write(self, line: str) -> None:
        with self._guard, self.path.open("a") as file:
            file.write(line + "\n")


def mail_of(key: str, chance: random.Random) -> bytes:
    """A small mail that tells which it is; one in twenty has a file too large for a row."""
    head = (
        f"From: Customer {key} <c{key}@site.example>\r\nTo: support@desk.example\r\nSubject: Crash {key}\r\n"
        f"Message-ID: <{key}@site.example>\r\nMIME-Version: 1.0\r\n"
    )
    text = f"My site {key} is down. " + "Please look. " * chance.randrange(1, 80)
    if chance.random() >= 0.05:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    return (
        f'{head}Content-Type: multipart/mixed; boundary="edge"\r\n\r\n'
        f"--edge\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        f"--edge\r\nContent-Disposition: attachment; filename={key}.bin\r\n\r\n"
        f"{key * 9000}\r\n--edge--\r\n"
    ).encode()
