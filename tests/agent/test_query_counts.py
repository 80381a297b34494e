"""What a page asks of the database does not grow with what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ghiseu.mail.outbound.redirect import redirect_message
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.third_party import write_to_third_party
from ghiseu.tickets.actions import NewFile, receive_message, write_note
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import make_customer, make_message, make_queue, make_ticket

# Each includes two for the session and its agent, and one for the rights.
LIST = 8
TICKET = 15
OUTGOING = 4
CUSTOMER = 8
BOX = 11
NEW_TICKET = 5

AssertQueries = Callable[..., Any]


def test_the_list(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    with django_assert_num_queries(LIST):
        assert client.get("/").status_code == 200

    for number in range(20):
        queue = make_queue(f"Support::Part {number}", full=[desk.ana])
        make_ticket(queue, customer=make_customer(f"c{number}@site.example", ""))

    with django_assert_num_queries(LIST):
        assert client.get("/").content.decode().count('class="ticket-row ') == 21


def test_the_ticket_page(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    address = f"/tickets/{desk.ticket.number}/"
    with django_assert_num_queries(TICKET):
        assert client.get(address).status_code == 200

    customer = desk.ticket.customer
    for number in range(8):
        message = make_message(message_id=f"m{number}@site.example", files=[NewFile("a.txt", "text/plain", b"a")])
        receive_message(desk.ticket, message, customer=customer)
        write_note(desk.ticket, text="A note.", by=desk.ana)
        send_reply(desk.ticket, by=desk.ana, text="An answer.", to="vera@site.example, oleg@other.example")
        make_ticket(desk.support, customer=customer)
        make_queue(f"Queue {number}", full=[desk.ana])
        write_to_third_party(desk.ticket, by=desk.ana, text="Whose?", to="nic@x.example", passing_on=desk.article)
        redirect_message(desk.article, to=f"boss{number}@far.example", by=desk.ana)

    with django_assert_num_queries(TICKET):
        page = client.get(address).content.decode()
    assert page.count('<li id="article-') == 34


def test_outgoing_mail(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    with django_assert_num_queries(OUTGOING):
        assert client.get("/outgoing/").status_code == 200

    for _number in range(8):
        ticket = make_ticket(desk.support)
        send_reply(ticket, by=desk.ana, text="An answer.", to="vera@site.example, oleg@other.example")

    with django_assert_num_queries(OUTGOING):
        assert client.get("/outgoing/").content.decode().count('<li class="mail ') == 17


def test_the_customer_page(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    address = f"/customers/{desk.ticket.customer_id}/"
    with django_assert_num_queries(CUSTOMER):
        assert client.get(address).status_code == 200

    for _number in range(8):
        make_ticket(desk.support, customer=desk.ticket.customer)

    with django_assert_num_queries(CUSTOMER):
        assert client.get(address).content.decode().count('class="ticket-row ') == 9


def test_the_open_answer_box(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    address = f"/tickets/{desk.ticket.number}/write/reply/"
    with django_assert_num_queries(BOX):
        assert client.get(address, headers={"HX-Request": "true"}).status_code == 200

    for number in range(8):
        message = make_message(message_id=f"m{number}@site.example")
        receive_message(desk.ticket, message, customer=desk.ticket.customer)
        make_queue(f"Queue {number}", full=[desk.ana])

    with django_assert_num_queries(BOX):
        assert "<answer-box" in client.get(address, headers={"HX-Request": "true"}).content.decode()


def test_the_page_of_a_new_ticket(desk: Desk, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.ana)
    with django_assert_num_queries(NEW_TICKET):
        assert client.get("/tickets/new/").status_code == 200

    for number in range(8):
        make_queue(f"Support::Part {number}", full=[desk.ana])

    with django_assert_num_queries(NEW_TICKET):
        assert client.get("/tickets/new/").content.decode().count("<option ") == 9


@pytest.mark.parametrize("fragment", ["list", "sidebar"])
def test_the_live_pieces_of_a_list_cost_less_than_the_page(
    desk: Desk, fragment: str, django_assert_max_num_queries: AssertQueries
) -> None:
    client = signed_in(desk.ana)
    with django_assert_max_num_queries(LIST - 1):
        answer = client.get("/", headers={"HX-Request": "true", "HX-Target": fragment})
    assert "<!DOCTYPE" not in answer.content.decode()
