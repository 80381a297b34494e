"""The buttons of the ticket page."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.actions import write_note
from ghiseu.tickets.models import Kind, Priority, State, StateType, Ticket
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, history_of, make_queue, make_ticket

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


def act(client: Client, desk: Desk, name: str, form: dict[str, object] | None = None, **headers: str) -> int:
    return client.post(f"/tickets/{desk.ticket.number}/{name}/", form or {}, headers=headers).status_code


def now(desk: Desk) -> Ticket:
    return Ticket.objects.get(pk=desk.ticket.pk)


def test_a_ticket_is_handed_over_with_one_click(desk: Desk, client: Client) -> None:
    page = client.get(f"/tickets/{desk.ticket.number}/").content.decode()
    assert f'name="agent" value="{desk.elena.pk}"' in page
    assert f'name="agent" value="{desk.ion.pk}"' not in page

    assert act(client, desk, "assign", {"agent": desk.elena.pk}) == 302

    assert now(desk).owner == desk.elena


def test_nobody_is_given_what_they_could_not_find(desk: Desk, client: Client) -> None:
    assert act(client, desk, "assign", {"agent": desk.ion.pk}) == 422
    assert now(desk).owner == desk.ana


def test_a_ticket_is_given_back_to_all(desk: Desk, client: Client) -> None:
    assert act(client, desk, "assign", {"agent": ""}) == 302
    assert now(desk).owner is None


def test_closing_with_a_state_and_opening_again(desk: Desk, client: Client) -> None:
    unsuccessful = State.objects.get(name="closed unsuccessful")

    act(client, desk, "close", {"state": unsuccessful.pk})
    assert now(desk).state == unsuccessful

    act(client, desk, "reopen")
    assert now(desk).state_type == StateType.OPEN


def test_an_open_state_does_not_close(desk: Desk, client: Client) -> None:
    assert act(client, desk, "close", {"state": State.objects.get(name="open").pk}) == 422


def test_setting_aside_reads_the_agents_own_clock(desk: Desk, client: Client) -> None:
    desk.ana.time_zone = "America/New_York"
    desk.ana.save()

    act(client, desk, "pending", {"until": "2199-01-15T09:00"})

    until = now(desk).pending_until
    assert until is not None
    assert until.isoformat() == "2199-01-15T14:00:00+00:00"


def test_moving_to_a_queue_one_may_only_move_into(desk: Desk, client: Client) -> None:
    grant(desk.ana, desk.billing, Right.READ, Right.MOVE_INTO)

    assert act(client, desk, "move", {"queue": desk.billing.pk}) == 302

    assert now(desk).queue == desk.billing


def test_a_queue_one_may_not_move_into_is_not_told_from_one_that_is_not_there(desk: Desk, client: Client) -> None:
    secret = make_queue("Board", full=[desk.ion])
    answers = [
        client.post(f"/tickets/{desk.ticket.number}/move/", {"queue": pk}, headers=HTMX).content
        for pk in (secret.pk, 999_999)
    ]
    assert answers[0] == answers[1]
    assert now(desk).queue == desk.support


def test_priority(desk: Desk, client: Client) -> None:
    assert act(client, desk, "priority", {"priority": 4}) == 302
    assert act(client, desk, "priority", {"priority": 9}) == 422
    assert now(desk).priority == Priority.URGENT


def test_locking_and_unlocking(desk: Desk, client: Client) -> None:
    act(client, desk, "lock")
    act(client, desk, "unlock")
    assert history_of(desk.ticket)[-2:] == [Kind.LOCKED, Kind.UNLOCKED]


def test_with_htmx_an_act_answers_with_the_head_of_the_page(desk: Desk, client: Client) -> None:
    address = f"/tickets/{desk.ticket.number}/priority/"

    answer = client.post(address, {"priority": 4}, headers=HTMX)

    assert answer.content.decode().strip().startswith('<section id="facts"')
    assert "live:ticket" in answer.headers["HX-Trigger-After-Settle"]


def test_only_what_is_allowed_is_offered(desk: Desk) -> None:
    page = signed_in(desk.elena).get(f"/tickets/{desk.ticket.number}/").content.decode()
    for name in ("reply", "note", "assign", "close", "move", "priority", "pending", "lock"):
        assert f"/tickets/{desk.ticket.number}/{name}/" not in page
    assert "?write=" not in page


def test_news_are_only_what_came_since(desk: Desk, client: Client) -> None:
    newest = desk.ticket.articles.order_by("-pk").values_list("pk", flat=True)[0]
    write_note(desk.ticket, text="Second look.", by=desk.ana)

    news = client.get(f"/tickets/{desk.ticket.number}/news/?article={newest}&event=0", headers=HTMX).content.decode()

    assert "Second look." in news
    assert "We look into it." not in news
    assert 'id="facts"' in news
    assert f'id="deliveries-{desk.mail.article_id}"' in news


def test_a_failed_mail_is_tried_again(desk: Desk, client: Client) -> None:
    page = client.get("/outgoing/?show=failed").content.decode()
    assert "550 5.1.1 user unknown" in page

    client.post(f"/outgoing/{desk.mail.pk}/again/")

    desk.mail.refresh_from_db()
    assert desk.mail.state == OutboundMail.State.WAITING


def test_a_mail_that_left_is_not_sent_twice(desk: Desk, client: Client) -> None:
    OutboundMail.objects.filter(pk=desk.mail.pk).update(state="sent", sent_at=desk.mail.created_at)

    answer = client.post(f"/outgoing/{desk.mail.pk}/again/", follow=True)

    desk.mail.refresh_from_db()
    assert "has left already" in answer.content.decode()
    assert desk.mail.state == OutboundMail.State.SENT


def test_a_mail_that_was_taken_back_stays_so(desk: Desk, client: Client) -> None:
    OutboundMail.objects.filter(pk=desk.mail.pk).update(state=OutboundMail.State.CANCELLED)

    page = client.get("/outgoing/").content.decode()
    client.post(f"/outgoing/{desk.mail.pk}/again/")

    desk.mail.refresh_from_db()
    assert "Try again" not in page
    assert desk.mail.state == OutboundMail.State.CANCELLED


def test_reading_a_queue_is_not_enough_to_send_again(desk: Desk) -> None:
    client = signed_in(desk.elena)

    assert "Try again" not in client.get("/outgoing/").content.decode()
    client.post(f"/outgoing/{desk.mail.pk}/again/")

    desk.mail.refresh_from_db()
    assert desk.mail.state == OutboundMail.State.FAILED


def test_outgoing_mail_of_other_queues_is_not_shown(desk: Desk) -> None:
    assert "vera@site.example" not in signed_in(desk.ion).get("/outgoing/").content.decode()


def test_a_damaged_page_address_is_explained(desk: Desk, client: Client) -> None:
    answer = client.get("/?after=nonsense")
    assert answer.status_code == 400
    assert "damaged" in answer.content.decode()


def test_beside_each_colleague_stands_how_many_open_tickets_they_have(desk: Desk, client: Client) -> None:
    ticket = make_ticket(desk.support)

    def give(numbers: range) -> None:
        copies = [Ticket.objects.get(pk=ticket.pk) for _number in numbers]
        for number, one in zip(numbers, copies, strict=True):
            one.pk, one.number, one.owner = None, str(number), desk.elena
        Ticket.objects.bulk_create(copies)

    def told() -> dict[str, str]:
        page = client.get(f"/tickets/{desk.ticket.number}/").content.decode()
        found = re.findall(r'name="agent" value="(\d+)".*?class="people__count"[^>]*>([^<]+)<', page, re.DOTALL)
        return dict(found)

    give(range(4))
    assert told() == {str(desk.ana.pk): "1", str(desk.elena.pk): "4"}
    give(range(4, 1000))
    assert told() == {str(desk.ana.pk): "1", str(desk.elena.pk): "999+"}
