"""`python -m bench`."""

from __future__ import annotations

import pytest

from bench.__main__ import main


def test_help_measures_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--help"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert "docs/performance.md" in capsys.readouterr().out
