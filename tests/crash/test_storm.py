"""The short form of the storm; `make crash` runs the long one."""

import subprocess
import sys
from pathlib import Path

from tests.ops.machine import environment

ROOT = Path(__file__).parents[2]


def test_nothing_is_lost_or_doubled_while_processes_are_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--mails", "500", "--kills", "20", "--seed", "7"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()[-3000:]
