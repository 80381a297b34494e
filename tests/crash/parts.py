"""The desk's processes under our supervision, and the world around: a server to fetch from, and one to send to."""

from __future__ import annotations

import contextlib
import imaplib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aiosmtpd.controller import Controller

from ghiseu.ops import embedded
from ghiseu.ops.errors import DatabaseUnavailable
from tests.mail.inbound.imap_stub import Account
from tests.ops.machine import GHISEU, environment


class Source(Protocol):
    """A mailbox on a server, from which the desk fetches."""

    def put(self, raw: bytes) -> Any: ...

    def left(self) -> int: ...


@dataclass
class StubSource:
    account: Account

    def put(self, raw: bytes) -> None:
        self.account.put(raw)

    def left(self) -> int:
        return len(self.account.raws())


@dataclass
class DovecotSource:
    """A real server, on which mails are put by APPEND."""

    port: int
    login: str
    password: str

    def put(self, raw: bytes) -> None:
        with self._client() as client:
            status, _ = client.append("INBOX", "", "", raw)
            if status != "OK":
                raise OSError(f"APPEND: {status}")

    def left(self) -> int:
        with self._client() as client:
            _, answer = client.select("INBOX", readonly=True)
            return int(answer[0] or b"0")

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.starttls()
        client.login(self.login, self.password)
        return client


@dataclass
class Sink:
    """Where outgoing mail arrives: how often each Message-ID came for each recipient."""

    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        head = envelope.content.partition(b"\r\n\r\n")[0].decode("ascii", "replace").splitlines()
        message_id = next(line[12:].strip(" <>") for line in head if line.lower().startswith("message-id:"))
        for recipient in envelope.rcpt_tos:
            self.arrived[message_id, recipient.lower()] += 1
        return "250 taken"

    def listen(self, port: int) -> Controller:
        controller = Controller(self, hostname="127.0.0.1", port=port)
        controller.start()
        return controller


@dataclass
class Desk:
    """Worker, mail door and database as processes that are killed and started again, by their ids."""

    home: Path
    settings: dict[str, str]
    workers: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def start(self) -> None:
        with self._guard:
            self._start_database()
            for name in [*(f"worker{number}" for number in range(self.workers)), "lmtp"]:
                process = self.processes.get(name)
                if process is None or process.poll() is not None:
                    self.processes[name] = self._begin(name.rstrip("0123456789"))

    def _start_database(self) -> None:
        """As `ghiseu serve` does: again and again, for the last processes of a killed server take a moment to go."""
        deadline = time.monotonic() + 60
        while True:
            try:
                embedded.start(self.home)
            except DatabaseUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def _begin(self, command: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{command}.log").open("ab") as log:
            return subprocess.Popen(
                [*GHISEU, command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self.settings),
                start_new_session=True,
            )

    def kill_one(self, chance: random.Random) -> None:
        """Kill -9 one process, the database at times, and start it again."""
        name = chance.choice([*self.processes, *self.processes, "database"])
        with self._guard:
            if name == "database":
                running = embedded.running(embedded.locate(self.home))
                if running is not None:
                    os.kill(running.pid, signal.SIGKILL)
                    with contextlib.suppress(ChildProcessError):  # one that we began is ours to bury
                        os.waitpid(running.pid, 0)
            else:
                self.processes[name].kill()
                self.processes[name].wait()
            self.kills[name] += 1
            self.start()

    def stop(self) -> None:
        with self._guard:
            for process in self.processes.values():
                process.terminate()
            for process in self.processes.values():
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if (running := embedded.running(embedded.locate(self.home))) is not None:
                running.stop()
