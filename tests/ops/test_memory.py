"""What the embedded database takes of a machine's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghiseu.ops.memory import MB, database_settings, memory_bytes


@pytest.mark.parametrize(
    ("machine", "kept", "counted_on"),
    [(512, "128MB", "256MB"), (2048, "256MB", "1024MB"), (24_000, "2048MB", "12000MB"), (64, "128MB", "128MB")],
)
def test_the_database_takes_an_eighth_within_limits(machine: int, kept: str, counted_on: str) -> None:
    settings = database_settings(machine * MB)

    assert settings == {"shared_buffers": kept, "effective_cache_size": counted_on}


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    no_limit, limit, missing = tmp_path / "max", tmp_path / "limit", tmp_path / "missing"
    no_limit.write_text("max\n")
    limit.write_text(f"{100 * MB}\n")

    assert memory_bytes((no_limit, missing)) == memory_bytes(())
    assert memory_bytes((no_limit, limit)) == 100 * MB
