"""What a measurement found, as rows of one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `floor` is the least the machine allows, measured in the same run, in the same words."""

    what: str
    figure: str
    floor: str = ""
    ratio: str = ""
    goal: str = ""


HEADINGS = Row("", "measured", "floor", "ratio", "goal")


def print_table(title: str, rows: Iterable[Row]) -> None:
    lines = [HEADINGS, *rows]
    cells = [(row.what, row.figure, row.floor, row.ratio, row.goal) for row in lines]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    print(f"\n{title}")
    for line in cells:
        first, *others = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print("  ".join([first, *others]).rstrip())


def percentile(values: list[float], percent: float) -> float:
    """The value below which `percent` of all lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]
