"""What the database itself refuses, whatever code asks it to."""

import hashlib
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from ghiseu.people.models import Agent, Identity
from ghiseu.tickets.blobs import bytes_of, keep_bytes
from ghiseu.tickets.models import Article, Blob, Event, Queue, QueueGrant, State, Ticket
from tests.factories import make_article, make_queue, make_ticket

pytestmark = pytest.mark.django_db


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError):
        _do_and_check(act)


def _do_and_check(act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()
        connection.check_constraints()


def test_history_is_neither_changed_nor_deleted() -> None:
    event = Event.objects.filter(ticket=make_ticket()).get()

    refused(lambda: Event.objects.filter(pk=event.pk).update(kind="closed"))
    refused(lambda: Event.objects.filter(pk=event.pk).delete())

    assert Event.objects.get(pk=event.pk).kind == "created"


def test_impossible_tickets_cannot_be_stored() -> None:
    ticket = make_ticket()
    tickets = Ticket.objects.filter(pk=ticket.pk)
    reminder = State.objects.get(name="pending reminder")

    refused(lambda: tickets.update(state=reminder, state_type="pending_reminder"))
    refused(lambda: tickets.update(state_type="closed"))
    refused(lambda: tickets.update(closed_at=timezone.now()))
    refused(lambda: tickets.update(archived_at=timezone.now()))
    refused(lambda: tickets.update(locked_until=timezone.now()))
    refused(lambda: tickets.update(priority=9))
    refused(lambda: tickets.update(number=make_ticket().number))


def test_a_note_can_never_be_made_visible_to_the_customer() -> None:
    article = make_article()

    refused(lambda: Article.objects.filter(pk=article.pk).update(channel="note"))


def test_names_addresses_and_rights_are_what_they_must_be(ana: Agent) -> None:
    queue = make_queue(full=[ana])

    refused(lambda: QueueGrant.objects.filter(queue=queue).update(rights=["everything"]))
    refused(lambda: Identity.objects.create(customer=make_ticket(queue).customer, value="Vera@Site.example"))
    refused(lambda: Agent.objects.filter(pk=ana.pk).update(login="Ana"))
    refused(lambda: make_queue("Other", address="Upper@Desk.example"))


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 32 * 1024 + 1, 300_000])
def test_the_same_bytes_are_kept_once_and_come_back_as_they_were(size: int) -> None:
    data = bytes(index % 251 for index in range(size))

    blob, again = keep_bytes(data), keep_bytes(data)

    assert blob == again
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert bytes_of(Blob.objects.get(pk=blob.pk)) == data


def test_a_queue_is_called_by_its_last_part_or_what_makes_that_plain() -> None:
    names = {"Support": "Support", "Abuse::Malware": "Malware", "Billing::Invoices::RO": "Invoices › RO", "RO": "RO"}
    assert {name: Queue(name=name).short_name for name in names} == names
