"""Fields that a desk defined itself come, go and change, also while a question about them is in memory."""

from __future__ import annotations

import pytest

from ghiseu.people.models import Agent
from ghiseu.tickets.models import CustomField, Ticket
from ghiseu.tickets.query.complete import complete
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse, parse_once
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.ticket_fields import TICKETS
from tests.factories import make_queue, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def total() -> CustomField:
    return CustomField.objects.create(name="total", label="Total", kind=CustomField.Kind.TEXT)


def with_total(ana: Agent, value: object) -> Ticket:
    ticket = make_ticket(make_queue(full=[ana]))
    ticket.fields = {"total": value}
    ticket.save(update_fields=["fields"])
    return ticket


def test_a_field_that_changed_is_understood_as_it_is_now(total: CustomField, ana: Agent) -> None:
    assert parse("field.total:5", TICKETS) is not None
    before = parse_once("field.total:5..7", TICKETS)
    total.kind = CustomField.Kind.NUMBER
    total.save()
    ticket = with_total(ana, 5)

    assert select(parse("field.total:5", TICKETS), agent=ana).get() == ticket
    assert not select(before, agent=ana).exists()


def test_a_field_that_is_gone_is_not_understood_and_finds_nothing(total: CustomField, ana: Agent) -> None:
    before = parse_once("field.total:any", TICKETS)
    assert parse("field.total:any", TICKETS) is not None
    with_total(ana, "5")
    total.delete()

    with pytest.raises(QueryError, match=r"There is no field “field\.total”"):
        parse("field.total:any", TICKETS)
    assert not select(before, agent=ana).exists()


def test_a_misspelt_field_and_a_beginning_offer_the_fields_there_are(total: CustomField) -> None:
    CustomField.objects.create(name="token", label="Token", kind=CustomField.Kind.NUMBER)
    CustomField.objects.create(name="tonnage", label="Tonnage", kind=CustomField.Kind.NUMBER, is_active=False)

    with pytest.raises(QueryError) as caught:
        parse("field.totl:5", TICKETS)
    offered = complete("field.to", 8, TICKETS, lambda _field: ())

    assert caught.value.instead[0] == "field.total"
    assert [(one.text, one.help) for one in offered] == [("field.token>", "Token"), ("field.total:", "Total")]
