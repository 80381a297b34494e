"""The left column: the views and the queue tree with their counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ghiseu.agent.counters import COUNTERS, Count, Counts
from ghiseu.people.models import Agent
from ghiseu.tickets.models import Audience, View
from ghiseu.tickets.models.queue import SEPARATOR
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.query.names import KnownQueue, Names, read_names
from ghiseu.tickets.query.scope import Scope, context_of
from ghiseu.tickets.views.predefined import ARCHIVE, CLOSED, PREDEFINED
from ghiseu.tickets.views.reading import may_know, views_shared_with
from ghiseu.tickets.views.understanding import understood

# Further ones stand on the page of views; so the column is read at a glance and counted in a moment.
MOST_VIEWS = 60


class Branch(NamedTuple):
    """A line of the tree; without a queue it is only the heading of what stands below it."""

    leaf: str
    depth: int
    queue: KnownQueue | None = None
    tickets: int = 0
    unassigned: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What an agent may choose from: their kept views, and the names that are there; by two statements."""

    agent: Agent
    views: list[View]
    names: Names
    scope: Scope

    def view(self, key: str) -> View | None:
        return next((view for view in self.views if view.key == key), None)

    def of(self, *audiences: Audience) -> list[View]:
        return [view for view in self.views if view.audience in audiences]


class Line(NamedTuple):
    """A view in the column."""

    key: str
    label: str
    number: Count | None
    is_here: bool


@dataclass(frozen=True, slots=True)
class Sidebar:
    """Everything in it are values, so that a column like the last one is not drawn anew (`ui.kept`)."""

    counts: Counts
    branches: tuple[Branch, ...]
    predefined: tuple[Line, ...]
    shared: tuple[Line, ...]
    own: tuple[Line, ...]
    has_more: bool


def known_to(agent: Agent, *, also: str = "", with_people: bool = False) -> Known:
    """`also` is a further query that will be asked with these names; `with_people` as in `views_shared_with`."""
    shared = views_shared_with(agent, with_people=with_people)
    queries = [query for text in [*(view.query for view in shared), also] if (query := understood(text)) is not None]
    names = read_names(with_tags=any(query.asks_about("tag") for query in queries))
    views = [view for view in shared if may_know(view, agent=agent, names=names)]
    return Known(agent, views, names, Scope(agent, context_of(agent), names))


def sidebar_for(known: Known, *, here: str = "", with_all_counts: bool = False) -> Sidebar:
    """At most two statements more, whatever the number of views, queues and tickets. `here` is the view's key.

    With `with_all_counts` the views that must be counted on their own are, each by its statement.
    """
    shared = known.of(Audience.EVERYONE, Audience.ROLE)[:MOST_VIEWS]
    own = known.of(Audience.ME)[: MOST_VIEWS - len(shared)]
    counted = [*(view for view in PREDEFINED if view not in (CLOSED, ARCHIVE)), *shared, *own]
    counts = COUNTERS.counts(counted, scope=known.scope, names=known.names, with_alone=with_all_counts)
    readable = set(queue_ids_with(known.agent, Right.READ))
    queues = tuple(
        queue for queue in known.names.queues if queue.pk in readable and (queue.is_active or counts.every[queue.pk])
    )

    def lines(views: Iterable[View]) -> tuple[Line, ...]:
        return tuple(Line(view.key, view.label, counts.by_view.get(view.key), view.key == here) for view in views)

    has_more = len(shared) + len(own) < len(known.views)
    return Sidebar(counts, branches(queues, counts), lines(PREDEFINED), lines(shared), lines(own), has_more)


def branches(queues: tuple[KnownQueue, ...], counts: Counts) -> tuple[Branch, ...]:
    """The tree as lines with their numbers."""
    return tuple(
        branch
        if branch.queue is None
        else branch._replace(tickets=counts.every[branch.queue.pk], unassigned=counts.unassigned[branch.queue.pk])
        for branch in tree(queues)
    )


@lru_cache(maxsize=64)
def tree(queues: tuple[KnownQueue, ...]) -> tuple[Branch, ...]:
    """Queues under their parents; a parent the agent may not read, or that is no queue, is a plain heading."""
    names: dict[str, KnownQueue | None] = {queue.name: queue for queue in queues}
    for queue in queues:
        parts = queue.name.split(SEPARATOR)
        for length in range(1, len(parts)):
            names.setdefault(SEPARATOR.join(parts[:length]), None)
    in_order = sorted(names, key=lambda path: [part.casefold() for part in path.split(SEPARATOR)])
    return tuple(Branch(name.rsplit(SEPARATOR, 1)[-1], name.count(SEPARATOR), names[name]) for name in in_order)
