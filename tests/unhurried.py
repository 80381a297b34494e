"""For the tests of the search, which stops after a fraction of a second: a busy machine may need longer."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, the search says all that there is; tests of its haste set their own time."""
    from ghiseu.tickets.search import facets, walk, words

    monkeypatch.setattr(walk, "LONG_SECONDS", 60.0)
    monkeypatch.setattr(walk, "TIMEOUT_MS", 60_000)
    monkeypatch.setattr("ghiseu.agent.search.page.SECONDS_FOR_A_PAGE", 60.0)
    monkeypatch.setattr(facets, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(words, "MOST_SECONDS", 60.0)
