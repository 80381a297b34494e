"""A private PostgreSQL that lives as long as its parent: `python -m ghiseu.ops.ephemeral`, for tests.

It writes the database's address as one line to the file named by the first argument, and ends when its standard input
closes: that happens however the parent ends, also by Ctrl-C or kill -9. Its folder disappears with it.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from ghiseu.ops import embedded
from ghiseu.ops.errors import MachineError

READY = "ready: "
FAILED = "failed: "


def main(answer: Path) -> int:
    """Run until standard input closes. Writes `ready: URL` (as the tables' owner) or `failed: sentence` to `answer`.

    TEST_POSTGRESQL_BIN names the folder of another PostgreSQL's programs, to test with an older one.
    """
    # Ctrl-C in the terminal is for the test runner; it closes our input when its last test has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    programs = Path(os.environ["TEST_POSTGRESQL_BIN"]) if os.environ.get("TEST_POSTGRESQL_BIN") else None
    home = Path(tempfile.mkdtemp(prefix="ghiseu-test-"))
    home.chmod(0o711)
    try:
        try:
            server = embedded.start(home, durable=False, programs=programs)
        except MachineError as error:
            _answer(answer, f"{FAILED}{error}")
            return 1
        try:
            _answer(answer, f"{READY}{server.location.url(embedded.OWNER)}")
            sys.stdin.buffer.read()
        finally:
            server.stop()
            shutil.rmtree(server.location.sockets, ignore_errors=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _answer(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.rename(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
