import itertools

import pytest
from django.db.models import Q

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import assign_ticket, move_ticket, set_priority, write_reply
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.expressions import IsOneOf
from ghiseu.tickets.models import Priority, Ticket
from ghiseu.tickets.paging import Grouping, Order, Page, page_of
from tests.factories import make_message, make_queue, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def tickets(ana: Agent) -> list[Ticket]:
    queue = make_queue(full=[ana])
    made = [make_ticket(queue) for _ in range(7)]
    to = [{"name": "", "address": "vera@site.example"}]
    write_reply(made[2], make_message(to=to), by=ana)
    write_reply(made[5], make_message(to=to), by=ana)
    set_priority(made[4], Priority.URGENT, by=ana)
    return list(Ticket.objects.order_by("pk"))


@pytest.mark.parametrize("group", Grouping)
@pytest.mark.parametrize("order", Order)
def test_paging_forth_and_back_shows_every_ticket_once_in_order(
    tickets: list[Ticket], order: Order, group: Grouping
) -> None:
    def cut(**edge: str | int) -> Page:
        return page_of(Ticket.objects.all(), order=order, group=group, **edge)  # type: ignore[arg-type]

    whole = cut().tickets
    forth, page = [], cut(rows=3)
    pages = [page]
    while page.next:
        page = cut(rows=3, after=page.next)
        pages.append(page)
    back = [page]
    while page.previous:
        page = cut(rows=3, before=page.previous)
        back.append(page)
    forth = [ticket for page in pages for ticket in page.tickets]

    assert sorted(ticket.pk for ticket in whole) == [ticket.pk for ticket in tickets]
    assert forth == whole
    assert [page.tickets for page in reversed(back)] == [page.tickets for page in pages]


def test_orders_say_what_they_mean(tickets: list[Ticket]) -> None:
    def pks(order: Order) -> list[int]:
        return [places[ticket.pk] for ticket in page_of(Ticket.objects.all(), order=order).tickets]

    places = {ticket.pk: place for place, ticket in enumerate(tickets)}

    assert pks(Order.OLDEST) == [0, 1, 2, 3, 4, 5, 6]
    assert pks(Order.NEWEST) == [6, 5, 4, 3, 2, 1, 0]
    assert pks(Order.WAITING) == [0, 1, 3, 4, 6, 2, 5]
    assert pks(Order.CHANGED)[:3] == [4, 5, 2]
    assert pks(Order.PRIORITY)[0] == 4


def test_a_group_stands_together_and_keeps_the_order_inside(tickets: list[Ticket], ana: Agent, ion: Agent) -> None:
    other = make_queue("Abuse ~ 100%", full=[ana, ion])
    moved = [move_ticket(ticket, to=other, by=ana).pk for ticket in (tickets[1], tickets[3])]
    assign_ticket(tickets[1], to=ion, by=ion)
    assign_ticket(tickets[4], to=ana, by=ana)

    def groups(group: Grouping, order: Order = Order.OLDEST) -> list[list[int]]:
        page = page_of(Ticket.objects.all(), order=order, group=group)
        found = itertools.groupby(page.tickets, key=lambda ticket: (ticket.queue_id, ticket.owner_id)[group == "owner"])
        return [[places[ticket.pk] for ticket in together] for _key, together in found]

    places = {ticket.pk: place for place, ticket in enumerate(tickets)}
    assert moved == [tickets[1].pk, tickets[3].pk]
    assert groups(Grouping.QUEUE) == [[1, 3], [0, 2, 4, 5, 6]]
    assert groups(Grouping.QUEUE, Order.NEWEST) == [[3, 1], [6, 5, 4, 2, 0]]
    assert [group[-1] for group in groups(Grouping.OWNER)] == [6, 5, 1]


@pytest.mark.parametrize(
    "cursor", ["x~1~2026-01-01T00:00:00+00:00~1", "%00~2026-01-01T00:00:00+00:00~1", "%ff~x~1", "~"]
)
def test_a_damaged_cursor_in_groups_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        page_of(Ticket.objects.all(), group=Grouping.QUEUE, after=cursor)


@pytest.mark.parametrize("cursor", ["x", "2026-01-01~1", "2026-01-01T00:00:00+00:00~one", "~", "a~b~c", "\x00~1"])
def test_a_damaged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        page_of(Ticket.objects.all(), after=cursor)


def test_a_page_that_looks_queue_by_queue_shows_nothing_beyond_the_rights(ana: Agent, ion: Agent) -> None:
    """Whatever queues a set says it goes through, and whatever the statement leaves out as said already."""
    support, secret = make_queue("Support", full=[ana, ion]), make_queue("Secret", full=[ion])
    seen, hidden = make_ticket(support), make_ticket(secret)

    def shown(agent: Agent, queues: list[int] | None) -> set[int]:
        page = page_of(Ticket.objects.visible_to(agent).by_queue(queues))
        return {ticket.pk for ticket in page.tickets}

    for queues in ([support.pk], [support.pk, secret.pk], [secret.pk, support.pk, 4711], None):
        assert shown(ana, queues) == {seen.pk}
    assert shown(ion, [support.pk, secret.pk]) == shown(ion, None) == {seen.pk, hidden.pk}
    assert shown(ana, [secret.pk]) == shown(ana, []) == set()
    assert {ticket.pk for ticket in page_of(Ticket.objects.visible_to(ion).in_queue(secret)).tickets} == {hidden.pk}
    either = Ticket.objects.visible_to(ion).filter(IsOneOf("queue_id", [support.pk]) | Q(title="none"))
    assert {ticket.pk for ticket in page_of(either).tickets} == {seen.pk}
