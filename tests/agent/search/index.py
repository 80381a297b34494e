"""The search index of the tests: what a worker does by itself."""

from __future__ import annotations

from ghiseu.tickets.search.indexing import index_due


def bring_up_to_date() -> None:
    """Do what is due until nothing is."""
    while index_due():
        pass
