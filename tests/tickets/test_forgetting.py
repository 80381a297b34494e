"""History may forget whom an erased ticket was about, and nothing else: whoever asks the database for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ghiseu.ops import database
from ghiseu.people.models import Agent
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Event, Kind, LegalHold, Ticket
from tests.factories import make_queue, make_ticket

pytestmark = pytest.mark.django_db
NAMED: dict[str, Any] = {"recipient": "vera@site.example", "reason": "550 no such user"}


def erased_ticket() -> Ticket:
    """A ticket that is marked as erased; its history still names somebody."""
    ticket = make_ticket(make_queue())
    record(ticket, Kind.DELIVERY_FAILED, by=None, **NAMED)
    record(ticket, Kind.QUEUE_CHANGED, by=None, old="Support", new="Billing")
    now = timezone.now()
    Ticket.objects.filter(pk=ticket.pk).update(
        state=closed().pk, state_type="closed", closed_at=now, waiting_since=None, archived_at=now, erased_at=now
    )
    return ticket


def closed() -> Any:
    from ghiseu.tickets.actions.state import state_of_type
    from ghiseu.tickets.models import StateType

    return state_of_type(StateType.CLOSED)


def forget(ticket: Ticket, *, articles_too: bool = False) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tickets_forget_events(%s, %s)", [ticket.pk, articles_too])
        return int(cursor.fetchone()[0])


def data_of(ticket: Ticket) -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(ticket=ticket).order_by("pk")]


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        act()


def test_what_may_name_a_person_is_forgotten_and_our_own_names_stay() -> None:
    ticket = erased_ticket()

    assert forget(ticket) == 1
    assert forget(ticket) == 0

    assert data_of(ticket) == [
        {"queue": "Support", "related": ""},
        {"recipient": "…", "reason": "…", "forgotten": True},
        {"old": "Support", "new": "Billing"},
    ]


def test_an_event_lets_go_of_its_article_only_when_asked() -> None:
    ticket = erased_ticket()

    forget(ticket)
    assert Event.objects.filter(ticket=ticket, article__isnull=False).count() == 1
    forget(ticket, articles_too=True)
    assert Event.objects.filter(ticket=ticket, article__isnull=False).count() == 0


def test_a_ticket_that_is_not_erased_keeps_its_history() -> None:
    ticket = make_ticket(make_queue())
    record(ticket, Kind.DELIVERY_FAILED, by=None, **NAMED)

    refused(lambda: forget(ticket))

    assert data_of(ticket)[1] == NAMED


def test_a_ticket_under_legal_hold_keeps_its_history(ana: Agent) -> None:
    ticket = erased_ticket()
    LegalHold.objects.create(ticket=ticket, reason="Court", placed_at=timezone.now(), placed_by=ana)

    refused(lambda: forget(ticket))

    assert data_of(ticket)[1] == NAMED


def test_even_of_an_erased_ticket_history_is_not_rewritten() -> None:
    ticket = erased_ticket()
    events = Event.objects.filter(ticket=ticket)

    refused(lambda: events.update(data={}))
    refused(lambda: events.update(kind="closed"))
    refused(lambda: events.update(at=timezone.now()))
    refused(lambda: events.filter(kind=Kind.DELIVERY_FAILED).update(data={"recipient": "other@x.example"}))
    refused(events.delete)

    assert data_of(ticket)[1] == NAMED


def test_the_application_may_forget_and_still_not_change() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ghiseu'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE ROLE ghiseu")
    database.grant("ghiseu")
    ticket = erased_ticket()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE ghiseu")
        assert forget(ticket) == 1
        refused(lambda: Event.objects.filter(ticket=ticket).update(data={}))
        cursor.execute("RESET ROLE")

    assert data_of(ticket)[1]["recipient"] == "…"
