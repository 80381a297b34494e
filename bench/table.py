"""What a measurement found, as a table."""

from __future__ import annotations

from collections.abc import Sequence


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what they hold; the first to the left, figures to the right. Short rows are filled up."""
    lines = [[*row, *[""] * (len(headings) - len(row))] for row in (headings, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    print(f"\n{title}")
    for first, *others in lines:
        figures = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *figures]).rstrip())


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of all lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def in_ms(values: Sequence[float]) -> str:
    """p50 / p95 / p99 of seconds, in milliseconds."""
    return " / ".join(f"{1000 * percentile(values, percent):.1f}" for percent in (50, 95, 99))
