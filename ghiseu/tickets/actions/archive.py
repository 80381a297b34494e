"""Into the archive and out of it. What lies there leaves lists and counters, and is found by who looks there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Event, Kind, Queue, SenderType, Ticket
from ghiseu.tickets.permissions import Right


def archive_ticket(ticket: Ticket, *, by: Agent) -> Ticket:
    """Put a closed ticket into the archive; one that is there already stays as it is.

    It comes back by itself when its customer's next mail opens it again. The time of its last change stays, so that
    the archive keeps its order. Raises NotPermitted without the right to close, InvalidInput for an open ticket.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        if ticket.is_open:
            raise InvalidInput(
                _("Ticket %(number)s is open. Close it first, then put it into the archive.")
                % {"number": ticket.number}
            )
        if ticket.archived_at is None:
            ticket.archived_at = timezone.now()
            ticket.save(update_fields=["archived_at"])
            record(ticket, Kind.ARCHIVED, by=by)
    return ticket


def bring_back_ticket(ticket: Ticket, *, by: Agent) -> Ticket:
    """Take a ticket out of the archive; it stays closed, and its queue's days on the desk begin anew.

    Raises NotPermitted without the right to close.
    """
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        if ticket.archived_at is not None:
            ticket.archived_at, ticket.brought_back_at = None, timezone.now()
            ticket.save(update_fields=["archived_at", "brought_back_at"])
            record(ticket, Kind.BROUGHT_BACK, by=by)
    return ticket


def come_back(ticket: Ticket) -> None:
    """For a ticket already in hand: something came that agents shall see. It stays closed."""
    if ticket.archived_at is not None:
        change(ticket, archived_at=None, brought_back_at=timezone.now())
        record(ticket, Kind.BROUGHT_BACK, by=None)


def is_due(queues: Iterable[Queue], *, now: dt.datetime) -> Q:
    """What the desk puts away by itself: closed for as many days as its queue says, or brought back as long ago."""
    due = Q(pk__in=[])
    for queue in queues:
        if queue.archive_after_days is not None:
            before = now - dt.timedelta(days=queue.archive_after_days)
            stayed = Q(brought_back_at__isnull=True) | Q(brought_back_at__lt=before)
            due |= stayed & Q(queue=queue, archived_at__isnull=True, closed_at__lt=before)
    return due


def archive_some(queue: Queue, *, limit: int) -> int:
    """The desk's own step, in one short transaction: at most `limit` tickets that are due; returns how many.

    A ticket that somebody holds at this moment is passed over, and nobody waits for what is held here longer than the
    step lasts. Open pages are not told: a list drawn anew for each of thousands would be no help.
    """
    now = timezone.now()
    with transaction.atomic():
        # Should the power fail, the same tickets are due again.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        due = Ticket.objects.closed().filter(is_due([queue], now=now)).order_by("closed_at", "pk")
        pks = list(due.values_list("pk", flat=True).select_for_update(skip_locked=True, no_key=True)[:limit])
        Ticket.objects.filter(pk__in=pks).update(archived_at=now)
        Event.objects.bulk_create(
            Event(ticket_id=pk, kind=Kind.ARCHIVED, actor=SenderType.SYSTEM, data={}, at=now) for pk in pks
        )
    return len(pks)
