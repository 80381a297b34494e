"""The tables that measurements print."""

from __future__ import annotations

import pytest

from bench.table import in_ms, percentile, print_table


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
