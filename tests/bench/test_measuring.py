"""The measurements run from end to end, at their smallest; what they find is for people and not for tests."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.table import in_ms, percentile, print_table
from bench.workload import ROOT


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

    assert "Pages (500 tickets" in printed
    for page in ("list, all queues", "ticket, 3 articles", "ticket, 300 articles", "customer with", "note saved"):
        assert page in printed


def test_broken_mails_are_read() -> None:
    assert "100 mails" in run("bench.fuzz", "--mails", "100", "--processes", "1")


def test_percentiles_are_real_values() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, percent) for percent in (0, 50, 95, 100)] == [1, 51, 95, 100]
    assert percentile([3.0], 99) == 3
    assert in_ms([0.001, 0.002, 0.003]) == "2.0 / 3.0 / 3.0"


def test_a_table_fills_up_short_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Title", ("", "measured", "goal"), [("mails", "12"), ("pages a second", "3", "150")])

    assert capsys.readouterr().out.splitlines() == [
        "",
        "Title",
        "                measured  goal",
        "mails                 12",
        "pages a second         3   150",
    ]
