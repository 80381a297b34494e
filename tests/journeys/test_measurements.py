"""The measurements run from end to end, at their smallest; what they find is for people and not for tests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.workload import ROOT

pytestmark = pytest.mark.journey


def run(*arguments: str) -> str:
    """A measurement in a process of its own, as `make bench` starts it."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SCALE", "WORKLOAD")}
    result = subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_mails_are_filed_and_counted() -> None:
    printed = run("bench.mail", "--mails", "100")

    assert "Mail (100 mails" in printed
    for figure in ("mails a second, one worker", "queries a mail", "CPU ms a mail, database", "time to read"):
        assert figure in printed


def test_pages_are_visited_and_counted() -> None:
    printed = run("bench.pages", "--tickets", "500", "--visits", "2")

    assert "Pages (" in printed
    for page in ("list, all open, changed", "ticket, about 3 articles", "search: ", "customer with", "note saved"):
        assert page in printed


def test_broken_mails_are_read() -> None:
    assert "100 mails" in run("bench.fuzz", "--mails", "100", "--processes", "1")
