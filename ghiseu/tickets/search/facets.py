"""How the answer to a query divides by queue, state, year and customer, counted within bounds."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from ghiseu.people.models import Agent
from ghiseu.tickets.query.sql import refuse_if_too_broad
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.search.walk import NEWEST, Walk, remembered

MOST_COUNTED = 1_000
MOST_VALUES = 8
# The page does not wait for numbers as long as for the answer.
MOST_SECONDS = 0.1

_COUNT = """
WITH found AS MATERIALIZED (
  SELECT queue_id, state_id, customer_id, extract(year FROM created_at AT TIME ZONE %(zone)s)::int AS year
  FROM tickets_ticket WHERE id = ANY(%(ids)s))
(SELECT 'queue', queue.name, '', count(*) FROM found JOIN tickets_queue AS queue ON queue.id = queue_id
 GROUP BY queue.id ORDER BY count(*) DESC, queue.name LIMIT %(most)s)
UNION ALL
(SELECT 'state', state.name, '', count(*) FROM found JOIN tickets_state AS state ON state.id = state_id
 GROUP BY state.id ORDER BY count(*) DESC, state.name LIMIT %(most)s)
UNION ALL
(SELECT 'year', year::text, '', count(*) FROM found GROUP BY year ORDER BY year DESC LIMIT %(most)s)
UNION ALL
(SELECT 'customer', customer.name, coalesce(
   (SELECT value FROM people_identity AS one WHERE one.customer_id = customer.id ORDER BY kind, one.id LIMIT 1), ''),
   counted.number
 FROM (SELECT customer_id, count(*) AS number FROM found GROUP BY customer_id
       ORDER BY count(*) DESC, customer_id LIMIT %(most)s) AS counted
 JOIN people_customer AS customer ON customer.id = counted.customer_id ORDER BY counted.number DESC, customer.id)
"""


@dataclass(frozen=True, slots=True)
class Facet:
    """One value with its count, and the piece of query that narrows to it, such as `queue:Sales`."""

    value: str
    count: int
    narrow: str


@dataclass(frozen=True, slots=True)
class Facets:
    """Each list from most to least, years from the newest; at most `MOST_VALUES` of each.

    Where `is_exact` is false, only the newest `total` tickets that fit were counted.
    """

    queue: list[Facet]
    state: list[Facet]
    year: list[Facet]
    customer: list[Facet]
    total: int
    is_exact: bool


def facets(query: Query, *, agent: Agent) -> Facets:
    """Counted over the newest tickets that fit, of those this agent may see. Raises QueryError as `find` does."""
    refuse_if_too_broad(query)
    ids, is_whole = _newest_ids(query, agent)
    is_exact = is_whole and len(ids) <= MOST_COUNTED
    ids = ids[:MOST_COUNTED]
    lists: dict[str, list[Facet]] = {"queue": [], "state": [], "year": [], "customer": []}
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"ids": ids, "zone": agent.time_zone, "most": MOST_VALUES})
            for kind, name, handle, count in cursor.fetchall():
                lists[kind].append(Facet(name or handle, count, _narrow(kind, name, handle)))
    return Facets(**lists, total=len(ids), is_exact=is_exact)


def _newest_ids(query: Query, agent: Agent) -> tuple[list[int], bool]:
    """The newest tickets that fit, and whether these are all or more than are counted.

    Where the page itself has just been found for the same agent, the walk goes on from its end.
    """
    known = remembered(query, agent)
    places = known.places if known else []
    if known and known.is_whole:
        return [place.ticket_id for place in places], True
    walk = Walk(query, agent, start=places[-1] if places else NEWEST, seconds=MOST_SECONDS)
    places = places + walk.places(MOST_COUNTED + 1 - len(places))
    return [place.ticket_id for place in places], walk.is_complete


def _narrow(kind: str, name: str, handle: str) -> str:
    if kind == "year":
        return f"created:{name}"
    if kind == "customer":
        return f"customer:{_quoted(handle)}" if handle else f"customer={_quoted(name)}"
    return f"{kind}:{_quoted(name)}"


def _quoted(text: str) -> str:
    """A value as the query language takes it."""
    if text.replace("::", "").replace("@", "").replace(".", "").replace("-", "").isalnum():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
