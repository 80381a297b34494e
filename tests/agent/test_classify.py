"""The form that says what sort of matter a ticket is."""

from __future__ import annotations

import pytest
from django.test import Client

from ghiseu.tickets.models import CustomField, Service, Ticket, TicketType
from tests.agent.world import Desk
from tests.factories import make_ticket


@pytest.fixture
def client(desk: Desk) -> Client:
    browser = Client()
    browser.force_login(desk.ana)
    return browser


def address(desk: Desk) -> str:
    return f"/tickets/{desk.ticket.number}/classify/"


def test_everything_is_said_with_one_form_and_stands_at_the_side(client: Client, desk: Desk) -> None:
    service = Service.objects.create(name="Hosting::Mail")
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold", "Free"])
    CustomField.objects.create(name="paid", label="Paid", kind="yes_no")
    form = {
        "type": desk.incident.pk,
        "service": service.pk,
        "tags": "VIP, refund",
        "field.plan": "Gold",
        "field.paid": "no",
    }

    page = client.post(address(desk), form, follow=True).content.decode()

    ticket = Ticket.objects.get(pk=desk.ticket.pk)
    assert (ticket.type, ticket.service, ticket.tags) == (desk.incident, service, ["refund", "vip"])
    assert ticket.fields == {"plan": "Gold", "paid": False}
    for words in ("Incident", "Hosting › Mail", "refund", "Gold", "Ana Popescu set Plan to Gold"):
        assert words in page
    history = ticket.events.count()

    client.post(address(desk), form)
    assert ticket.events.count() == history, "what is so already leaves no history"

    client.post(address(desk), {"type": "", "tags": "vip", "field.plan": ""})
    ticket.refresh_from_db()
    assert (ticket.type, ticket.service, ticket.tags, ticket.fields) == (None, service, ["vip"], {"paid": False})


@pytest.mark.parametrize(
    "typed", [{"type": "99999"}, {"type": "x"}, {"tags": 'a"b'}, {"field.plan": "Silver"}, {"tags": "x" * 41}]
)
def test_what_cannot_be_is_refused_whole_and_typed_again_is_spared(
    client: Client, desk: Desk, typed: dict[str, str]
) -> None:
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold"])
    service = Service.objects.create(name="Hosting")

    answer = client.post(address(desk), {"type": desk.incident.pk, "service": service.pk, "tags": "kept-here"} | typed)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    ticket = Ticket.objects.get(pk=desk.ticket.pk)
    assert (ticket.type, ticket.service, ticket.tags) == (None, None, [])
    if "tags" not in typed:
        assert "kept-here" in answer.content.decode()


def test_what_was_switched_off_stays_until_it_is_changed(client: Client, desk: Desk) -> None:
    old = TicketType.objects.create(name="Old")
    client.post(address(desk), {"type": old.pk})
    TicketType.objects.filter(pk=old.pk).update(is_active=False)

    assert "Old" in client.get(address(desk)).content.decode()
    client.post(address(desk), {"type": old.pk, "tags": "vip"})
    assert Ticket.objects.get(pk=desk.ticket.pk).type == old
    client.post(address(desk), {"type": ""})
    assert client.post(address(desk), {"type": old.pk}).status_code == 422


def test_the_form_opens_at_the_side_as_a_piece(client: Client, desk: Desk) -> None:
    piece = client.get(address(desk), headers={"HX-Request": "true"}).content.decode()
    assert "<form" in piece
    assert "<html" not in piece


def test_only_tags_of_tickets_that_one_may_see_are_offered(client: Client, desk: Desk) -> None:
    Ticket.objects.filter(pk=desk.ticket.pk).update(tags=["refund"])
    hidden = make_ticket(desk.billing)
    Ticket.objects.filter(pk=hidden.pk).update(tags=["secret-merger"])

    page = client.get(address(desk)).content.decode()

    assert '<option value="refund">' in page
    assert "secret-merger" not in page
