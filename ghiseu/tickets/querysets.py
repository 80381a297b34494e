"""The vocabulary of reading. Everything an agent is shown starts with `visible_to`.

`for_list()` and `for_zoom()` know every join their page needs, so that no template asks the database again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from ghiseu.tickets.expressions import IsOneOf
from ghiseu.tickets.permissions import Right, queue_ids_with

if TYPE_CHECKING:
    from ghiseu.people.models import Agent, Customer
    from ghiseu.tickets.models import Article, Attachment, LegalHold, Queue, Ticket  # noqa: F401  # named in the base classes

_OPEN = ("new", "open", "pending_reminder", "pending_auto")


class QueueQuerySet(models.QuerySet["Queue"]):
    def visible_to(self, agent: Agent) -> Self:
        return self.filter(IsOneOf("pk", queue_ids_with(agent, Right.READ)))

    def where(self, agent: Agent, right: Right) -> Self:
        """Queues in which the agent has this right."""
        return self.filter(IsOneOf("pk", queue_ids_with(agent, right)))

    def active(self) -> Self:
        return self.filter(is_active=True)


class TicketQuerySet(models.QuerySet["Ticket"]):
    # The queues in which a page of this set is looked for one by one (`listing.first_of`); None: in all at once.
    queue_ids: list[int] | None = None

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's own way to keep what a subclass adds
        clone.queue_ids = self.queue_ids
        return clone

    def visible_to(self, agent: Agent) -> Self:
        """The only way in: tickets of the queues this agent may read."""
        queue_ids = queue_ids_with(agent, Right.READ)
        return self.filter(IsOneOf("queue_id", queue_ids)).by_queue(queue_ids)

    def by_queue(self, queue_ids: list[int] | None) -> Self:
        """The same set, whose pages are looked for in these queues one by one."""
        same = self.all()
        same.queue_ids = queue_ids
        return same

    def open(self) -> Self:
        return self.filter(state_type__in=_OPEN)

    def closed(self) -> Self:
        return self.exclude(state_type__in=_OPEN)

    def not_archived(self) -> Self:
        return self.filter(archived_at__isnull=True)

    def archived(self) -> Self:
        return self.filter(archived_at__isnull=False)

    def in_queue(self, queue: Queue) -> Self:
        """Of this queue, where the agent may read it at all."""
        only = None if self.queue_ids is None else [queue_id for queue_id in self.queue_ids if queue_id == queue.pk]
        return self.filter(queue=queue).by_queue(only)

    def all_at_once(self) -> Self:
        """Say that the set is small by itself: to look for it in each queue would be slower."""
        return self.by_queue(None)

    def owned_by(self, agent: Agent) -> Self:
        return self.filter(owner=agent).all_at_once()

    def unassigned(self) -> Self:
        return self.filter(owner__isnull=True)

    def waiting(self) -> Self:
        """Tickets whose customer waits for our answer."""
        return self.filter(waiting_since__isnull=False)

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(customer=customer).all_at_once()

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def for_list(self) -> Self:
        return self.select_related("queue", "state", "owner", "customer", "locked_by")

    def for_zoom(self) -> Self:
        """With what every ticket has. What most lack (a type, a lock) is asked for by its page, and only where it is
        there: each join makes PostgreSQL think, and Django thinks of what it reads ahead even where there is nothing.
        """
        return self.select_related("queue", "state", "owner", "customer").prefetch_related("customer__identities")


class ArticleQuerySet(models.QuerySet["Article"]):
    def visible_to(self, agent: Agent) -> Self:
        return self.filter(IsOneOf("ticket__queue_id", queue_ids_with(agent, Right.READ)))

    def of_ticket(self, ticket: Ticket) -> Self:
        return self.filter(ticket=ticket)

    def for_zoom(self) -> Self:
        """In the order they came, with who wrote them."""
        return self.select_related("agent").order_by("pk")


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, agent: Agent) -> Self:
        return self.filter(IsOneOf("article__ticket__queue_id", queue_ids_with(agent, Right.READ)))


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self) -> Self:
        return self.filter(lifted_at__isnull=True)

    def on_ticket(self, ticket: Ticket) -> Self:
        """The holds that keep this ticket: its own, and its customer's."""
        return self.in_force().filter(Q(ticket=ticket) | Q(customer=ticket.customer_id))
