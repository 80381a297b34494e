"""The left column: the views and the queue tree with their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ghiseu.agent.counters import COUNTERS, Counts
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


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of the tree; without a queue it is only the heading of what stands below it."""

    leaf: str
    depth: int
    queue: KnownQueue | None = None
    count: int = 0
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


@dataclass(frozen=True, slots=True)
class Sidebar:
    counts: Counts
    branches: list[Branch]
    shared: list[View]
    own: list[View]
    has_more: bool


def known_to(agent: Agent, *, also: str = "", with_people: bool = False) -> Known:
    """`also` is a further query that will be asked with these names; `with_people` as in `views_shared_with`."""
    shared = views_shared_with(agent, with_people=with_people)
    queries = [query for text in [*(view.query for view in shared), also] if (query := understood(text)) is not None]
    names = read_names(with_tags=any(query.asks_about("tag") for query in queries))
    views = [view for view in shared if may_know(view, agent=agent, names=names)]
    return Known(agent, views, names, Scope(agent, context_of(agent), names))


def sidebar_for(known: Known, *, with_all_counts: bool = False) -> Sidebar:
    """At most two statements more, whatever the number of views, queues and tickets.

    With `with_all_counts` the views that must be counted on their own are, each by its statement.
    """
    shared = known.of(Audience.EVERYONE, Audience.ROLE)[:MOST_VIEWS]
    own = known.of(Audience.ME)[: MOST_VIEWS - len(shared)]
    counted = [*(view for view in PREDEFINED if view not in (CLOSED, ARCHIVE)), *shared, *own]
    counts = COUNTERS.counts(counted, scope=known.scope, names=known.names, with_alone=with_all_counts)
    readable = set(queue_ids_with(known.agent, Right.READ))
    queues = [
        queue for queue in known.names.queues if queue.pk in readable and (queue.is_active or counts.every[queue.pk])
    ]
    return Sidebar(counts, tree(queues, counts), shared, own, len(shared) + len(own) < len(known.views))


def tree(queues: Sequence[KnownQueue], counts: Counts) -> list[Branch]:
    """Queues under their parents; a parent the agent may not read, or that is no queue, is a plain heading."""
    names: dict[str, KnownQueue | None] = {queue.name: queue for queue in queues}
    for queue in queues:
        parts = queue.name.split(SEPARATOR)
        for length in range(1, len(parts)):
            names.setdefault(SEPARATOR.join(parts[:length]), None)
    branches = []
    for name in sorted(names, key=lambda path: [part.casefold() for part in path.split(SEPARATOR)]):
        found = names[name]
        leaf, depth = name.rsplit(SEPARATOR, 1)[-1], name.count(SEPARATOR)
        if found is None:
            branches.append(Branch(leaf, depth))
        else:
            branches.append(Branch(leaf, depth, found, counts.every[found.pk], counts.unassigned[found.pk]))
    return branches
