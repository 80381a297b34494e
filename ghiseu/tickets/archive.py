"""How queues archive, and how much lies where: for administrators. The acts stand in `actions.archive`."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db.models import Count, Q
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.archive import is_due
from ghiseu.tickets.models import Queue, Ticket
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueueArchive:
    """One queue: its closed tickets on the desk, those in the archive, and those that go there tonight."""

    queue: Queue
    on_desk: int
    archived: int
    due: int


def set_archive_after(queue: Queue, days: int | None, *, by: Agent) -> None:
    """Let closed tickets of the queue go into the archive after so many days, or with None never by themselves.

    Holds from the next night on. Raises NotAdministrator.
    """
    require_administrator(by)
    queue.archive_after_days = days
    queue.save(update_fields=["archive_after_days"])
    log.info("queue_archive_set", queue=queue.name, days=days, by=by.login)


def archive_of_queues() -> list[QueueArchive]:
    """Every queue by name, by one statement over all closed tickets."""
    queues = list(Queue.objects.order_by("name"))
    due = is_due(queues, now=timezone.now())
    counts = (
        Ticket.objects.closed()
        .order_by()
        .values_list("queue_id")
        .annotate(
            desk=Count("pk", filter=Q(archived_at__isnull=True)),
            archived=Count("pk", filter=Q(archived_at__isnull=False)),
            due=Count("pk", filter=due),
        )
    )
    found = {queue_id: (desk, archived, waiting) for queue_id, desk, archived, waiting in counts}
    return [QueueArchive(queue, *found.get(queue.pk, (0, 0, 0))) for queue in queues]
