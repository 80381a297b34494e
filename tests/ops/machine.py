"""Real processes for the tests of the machine room: with a clean environment, and always ended."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from ghiseu.ops import embedded

GHISEU = [sys.executable, "-m", "ghiseu.cli"]


def wait_until(what: str, holds: Callable[[], bool], *, seconds: float = 60) -> None:
    """Look again and again until the condition holds; fail with its name after `seconds`."""
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not holds():
        assert monotonic() < deadline, f"waited {seconds} s for: {what}"
        pause.wait(0.03)


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without any setting of ours, then with the given ones."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("GHISEU_") and name != "DATABASE_URL"
    }
    return clean | dict(settings or {})


def ghiseu(*arguments: str, settings: Mapping[str, str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run one command to its end."""
    return subprocess.run(
        [*GHISEU, *arguments], input=stdin, capture_output=True, env=environment(settings), timeout=60, check=False
    )


@contextmanager
def folder(name: str = "a home with spaces") -> Iterator[Path]:
    """A data folder that also the database's account can reach, stopped and removed afterwards."""
    above = Path(tempfile.mkdtemp(prefix="ghiseu-ops-"))
    above.chmod(0o711)
    home = above / name
    home.mkdir(mode=0o711, parents=True)
    try:
        yield home
    finally:
        if (running := embedded.running(embedded.locate(home))) is not None:
            running.stop()
        shutil.rmtree(embedded.locate(home).sockets, ignore_errors=True)
        shutil.rmtree(above, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Serving:
    """A `ghiseu serve` of its own; `output` is what it has printed so far."""

    home: Path
    port: int = field(default_factory=free_port)
    lmtp_port: int = field(default_factory=free_port)
    command: str = "serve"
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        return {
            "GHISEU_HOME": str(self.home),
            "GHISEU_PORT": str(self.port),
            "GHISEU_LMTP_PORT": str(self.lmtp_port),
        }

    @property
    def log(self) -> Path:
        return self.home.with_name("output")

    @property
    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*GHISEU, self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(self.settings),
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        def ready_or_ended() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.output
            return "Ready:" in self.output

        wait_until("ghiseu serve is ready", ready_or_ended)

    def children(self) -> dict[str, int]:
        """The processes of this installation by name, whoever is their parent now."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                ours = f"GHISEU_HOME={self.home}".encode() in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if ours and b"ghiseu.cli" in words:
                found[words[words.index(b"ghiseu.cli") + 1].decode()] = int(entry.name)
        return found

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the serving process alone and return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def end(self) -> None:
        """Whatever happened in the test: nothing stays behind."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGTERM)
        wait_until("the children have ended", lambda: not self.children())
        if (running := embedded.running(embedded.locate(self.home))) is not None:
            running.stop()


@contextmanager
def serving(home: Path, command: str = "serve") -> Iterator[Serving]:
    """A `ghiseu serve` that is ready."""
    it = Serving(home, command=command)
    try:
        it.start()
        it.wait_until_ready()
        yield it
    finally:
        it.end()
