"""The left column: the views and the queue tree with their counts."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent
from ghiseu.tickets.models import Queue, Ticket
from ghiseu.tickets.models.queue import SEPARATOR
from ghiseu.tickets.paging import Order
from ghiseu.tickets.querysets import TicketQuerySet


class View(models.TextChoices):
    MINE = "mine", _("Mine")
    UNASSIGNED = "unassigned", _("Unassigned")
    WAITING = "waiting", _("Waiting for us")
    OPEN = "open", _("All open")
    CLOSED = "closed", _("Closed")

    @property
    def order(self) -> Order:
        """The order that fits the view until the agent chooses another."""
        return Order.WAITING if self is View.WAITING else Order.CHANGED


def tickets_in(view: View, *, agent: Agent, queue: Queue | None) -> TicketQuerySet:
    """What the agent sees in this view, in one queue or in all."""
    tickets = Ticket.objects.visible_to(agent)
    if queue is not None:
        tickets = tickets.in_queue(queue)
    match view:
        case View.CLOSED:
            return tickets.closed().not_archived()
        case View.MINE:
            return tickets.open().owned_by(agent)
        case View.UNASSIGNED:
            return tickets.open().unassigned()
        case View.WAITING:
            return tickets.open().waiting()
        case _:
            return tickets.open()


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of the tree; without a queue it is only the heading of what stands below it."""

    leaf: str
    depth: int
    queue: Queue | None = None
    count: int = 0
    unassigned: int = 0


@dataclass(frozen=True, slots=True)
class Sidebar:
    counts: dict[str, int]
    branches: list[Branch]


def sidebar_for(agent: Agent) -> Sidebar:
    """Four queries, whatever the number of queues and tickets."""
    open_tickets = Ticket.objects.visible_to(agent).open()
    by_queue = open_tickets.counts_by_queue()
    counts = {
        View.MINE.value: open_tickets.owned_by(agent).count(),
        View.UNASSIGNED.value: sum(unassigned for _every, unassigned in by_queue.values()),
        View.WAITING.value: open_tickets.waiting().count(),
        View.OPEN.value: sum(every for every, _unassigned in by_queue.values()),
    }
    queues = [q for q in Queue.objects.visible_to(agent).order_by("name") if q.is_active or q.pk in by_queue]
    return Sidebar(counts, tree(queues, by_queue))


def tree(queues: list[Queue], counts: dict[int, tuple[int, int]]) -> list[Branch]:
    """Queues under their parents; a parent the agent may not read, or that is no queue, is a plain heading."""
    names = {queue.name: queue for queue in queues}
    for queue in queues:
        parts = queue.name.split(SEPARATOR)
        for length in range(1, len(parts)):
            names.setdefault(SEPARATOR.join(parts[:length]), None)  # type: ignore[arg-type]  # None marks a heading
    branches = []
    for name in sorted(names, key=lambda path: [part.casefold() for part in path.split(SEPARATOR)]):
        found: Queue | None = names[name]
        count, unassigned = counts.get(found.pk, (0, 0)) if found else (0, 0)
        leaf, depth = name.rsplit(SEPARATOR, 1)[-1], name.count(SEPARATOR)
        branches.append(Branch(leaf, depth, found, count, unassigned))
    return branches
