"""Types, services, tags and the desk's own fields: what may be said of a ticket, by whom, and how it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import change_tags, set_field, set_service, set_type
from ghiseu.tickets.classification import MOST_TAGS, clean_tag, typed_value
from ghiseu.tickets.describe import describe
from ghiseu.tickets.errors import InvalidInput, NotPermitted, TicketNotFound
from ghiseu.tickets.models import CustomField, Service, Tag, Ticket, TicketType
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.ticket_fields import TICKETS
from tests.factories import grant, make_queue, make_ticket

pytestmark = pytest.mark.django_db
Kind = CustomField.Kind


def history_of(ticket: Ticket) -> list[str]:
    """What was done to it since it was made, in words."""
    return [describe(event) for event in ticket.events.select_related("agent")][1:]


def own_field(name: str, kind: Kind, *choices: str) -> CustomField:
    return CustomField.objects.create(name=name, label=name.title(), kind=kind, choices=list(choices))


def test_type_and_service_are_set_changed_and_taken_away(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    incident, request = (TicketType.objects.create(name=name) for name in ("Incident", "Request"))

    for chosen in (incident, incident, request, None):
        ticket = set_type(ticket, chosen, by=ana)
    ticket = set_service(ticket, Service.objects.create(name="Hosting::Mail"), by=ana)

    assert (ticket.type, str(ticket.service)) == (None, "Hosting::Mail")
    assert history_of(ticket) == [
        "Ana Popescu set the type Incident",
        "Ana Popescu changed the type from Incident to Request",
        "Ana Popescu took away the type Request",
        "Ana Popescu set the service Hosting::Mail",
    ]


def test_what_is_switched_off_cannot_be_chosen(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    with pytest.raises(InvalidInput, match="Incident"):
        set_type(ticket, TicketType.objects.create(name="Incident", is_active=False), by=ana)


def test_tags_are_kept_in_one_form_and_known_to_the_desk(ana: Agent) -> None:
    ticket = change_tags(make_ticket(make_queue(full=[ana])), add=["VIP", " vip ", "#Two words", ""], by=ana)
    assert ticket.tags == ["two-words", "vip"]

    ticket = change_tags(ticket, add=["refund"], remove=["VIP", "unknown"], by=ana)
    change_tags(ticket, add=["refund"], by=ana)

    assert Ticket.objects.get().tags == ["refund", "two-words"]
    assert history_of(ticket) == [
        "Ana Popescu added the tags two-words, vip",
        "Ana Popescu added the tags refund and removed vip",
    ]
    assert set(Tag.objects.values_list("name", flat=True)) == {"two-words", "vip", "refund"}


@pytest.mark.parametrize("text", ["a,b", 'a"b', "x" * 41, "a\u202eb", "a\x00b"])
def test_what_cannot_be_a_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        clean_tag(text)


def test_a_ticket_has_no_endless_row_of_tags(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    with pytest.raises(InvalidInput, match=str(MOST_TAGS)):
        change_tags(ticket, add=[f"tag-{number}" for number in range(MOST_TAGS + 1)], by=ana)
    assert Ticket.objects.get().tags == []


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        (Kind.TEXT, "  Școala ", "Școala"),
        (Kind.NUMBER, "12", 12),
        (Kind.NUMBER, "12,50", 12.5),
        (Kind.DATE, "2026-11-22", "2026-11-22"),
        (Kind.YES_NO, "yes", True),
        (Kind.YES_NO, False, False),
        (Kind.CHOICE, "Gold", "Gold"),
        (Kind.TEXT, "  ", None),
        (Kind.NUMBER, None, None),
    ],
)
def test_values_are_kept_as_their_kind_says(kind: Kind, text: Any, kept: Any) -> None:
    field = own_field("plan", kind, *(["Gold"] if kind == Kind.CHOICE else []))
    value = typed_value(field, text)
    assert (value, type(value)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.TEXT, "x" * 1001),
        (Kind.NUMBER, "twelve"),
        (Kind.NUMBER, "inf"),
        (Kind.NUMBER, "1e300"),
        (Kind.NUMBER, True),
        (Kind.DATE, "22.11.2026"),
        (Kind.DATE, "2026-02-30"),
        (Kind.YES_NO, "perhaps"),
        (Kind.CHOICE, "gold"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_field_s_name(kind: Kind, text: Any) -> None:
    field = own_field("plan", kind, *(["Gold"] if kind == Kind.CHOICE else []))
    with pytest.raises(InvalidInput, match="Plan"):
        typed_value(field, text)


def test_an_own_field_is_filled_changed_emptied_and_asked_for(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    own_sum = own_field("sum", Kind.NUMBER)

    ticket = set_field(ticket, own_sum, "40", by=ana)
    assert [*select(parse("field.sum>30 field.sum<=40", TICKETS), agent=ana)] == [ticket]
    assert [*select(parse("field.sum:none", TICKETS), agent=ana)] == []
    ticket = set_field(ticket, own_sum, "50", by=ana)
    ticket = set_field(ticket, own_sum, "", by=ana)

    assert ticket.fields == {}
    assert history_of(ticket) == [
        "Ana Popescu set Sum to 40",
        "Ana Popescu changed Sum from 40 to 50",
        "Ana Popescu emptied Sum, which was 50",
    ]


def test_a_query_for_a_field_that_nobody_defined_says_so() -> None:
    with pytest.raises(QueryError, match=r"field\.budget"):
        parse("field.budget:3", TICKETS)


def test_it_takes_the_right_to_write_notes(ana: Agent, ion: Agent) -> None:
    queue = make_queue()
    ticket = make_ticket(queue)
    grant(ana, queue, Right.READ)
    kind, plan = TicketType.objects.create(name="Incident"), own_field("plan", Kind.TEXT)

    for agent, refusal in ((ana, NotPermitted), (ion, TicketNotFound)):
        with pytest.raises(refusal):
            set_type(ticket, kind, by=agent)
        with pytest.raises(refusal):
            change_tags(ticket, add=["vip"], by=agent)
        with pytest.raises(refusal):
            set_field(ticket, plan, "gold", by=agent)
    assert history_of(ticket) == []
