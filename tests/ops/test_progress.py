"""The line that tells how far a command is."""

from __future__ import annotations

import sys

import pytest

from ghiseu.ops.progress import Line


def test_a_terminal_sees_one_line_that_changes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line = Line()

    line("1 of 2")
    line("2 of 2")
    line.end()

    assert capsys.readouterr().err == "\r\x1b[K1 of 2\r\x1b[K2 of 2\n"


@pytest.mark.parametrize(("every_seconds", "told"), [(0, "1 of 2\n2 of 2\n"), (1000, "")])
def test_elsewhere_it_says_something_once_in_a_while(
    capsys: pytest.CaptureFixture[str], every_seconds: float, told: str
) -> None:
    line = Line(every_seconds=every_seconds)

    line("1 of 2")
    line("2 of 2")
    line.end()

    assert capsys.readouterr().err == told
