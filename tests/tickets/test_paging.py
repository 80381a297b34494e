import pytest

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import set_priority, write_reply
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Priority, Ticket
from ghiseu.tickets.paging import Order, page_of
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


@pytest.mark.parametrize("order", Order)
def test_paging_forth_and_back_shows_every_ticket_once_in_order(tickets: list[Ticket], order: Order) -> None:
    whole = page_of(Ticket.objects.all(), order=order).tickets
    forth, page = [], page_of(Ticket.objects.all(), order=order, rows=3)
    pages = [page]
    while page.next:
        page = page_of(Ticket.objects.all(), order=order, rows=3, after=page.next)
        pages.append(page)
    back = [page]
    while page.previous:
        page = page_of(Ticket.objects.all(), order=order, rows=3, before=page.previous)
        back.append(page)
    forth = [ticket for page in pages for ticket in page.tickets]

    assert sorted(whole, key=lambda ticket: ticket.pk) == tickets
    assert forth == whole
    assert [page.tickets for page in reversed(back)] == [page.tickets for page in pages]


def test_orders_say_what_they_mean(tickets: list[Ticket]) -> None:
    def pks(order: Order) -> list[int]:
        return [tickets.index(ticket) for ticket in page_of(Ticket.objects.all(), order=order).tickets]

    assert pks(Order.OLDEST) == [0, 1, 2, 3, 4, 5, 6]
    assert pks(Order.NEWEST) == [6, 5, 4, 3, 2, 1, 0]
    assert pks(Order.WAITING) == [0, 1, 3, 4, 6, 2, 5]
    assert pks(Order.CHANGED)[:3] == [4, 5, 2]
    assert pks(Order.PRIORITY)[0] == 4


@pytest.mark.parametrize("cursor", ["x", "2026-01-01~1", "2026-01-01T00:00:00+00:00~one", "~", "a~b~c", "\x00~1"])
def test_a_damaged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        page_of(Ticket.objects.all(), after=cursor)
