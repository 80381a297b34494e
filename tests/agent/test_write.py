"""Answering and noting through the page: what was seen is what happens, and what was typed is never lost."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.test import Client, override_settings

from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.actions import lock_ticket, receive_message
from ghiseu.tickets.models import Article, Channel, Kind, StateType, Ticket
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, history_of, make_message

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


def newest(desk: Desk) -> Article:
    article = desk.ticket.articles.order_by("-pk").first()
    assert article is not None
    return article


def page(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def test_an_answer_with_a_file_is_queued_for_each_recipient(desk: Desk, client: Client) -> None:
    file = SimpleUploadedFile("plan ș.pdf", b"%PDF-1.7", content_type="application/pdf")

    answer = client.post(
        f"/tickets/{desk.ticket.number}/reply/",
        {
            "text": "See the file.\r\nAna",
            "to": "Vera Moraru <vera@site.example>",
            "cc": "oleg@other.example",
            "bcc": "boss@site.example",
            "seen": newest(desk).pk,
            "files": [file],
        },
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/tickets/{desk.ticket.number}/")
    article = newest(desk)
    assert (article.text, article.channel, article.agent) == ("See the file.\nAna", Channel.EMAIL, desk.ana)
    assert [(a.filename, a.content_type, a.size) for a in article.attachments.all()] == [
        ("plan ș.pdf", "application/pdf", 8)
    ]
    assert sorted(OutboundMail.objects.filter(article=article).values_list("recipient", flat=True)) == [
        "boss@site.example",
        "oleg@other.example",
        "vera@site.example",
    ]


def test_a_note_never_makes_a_mail_whatever_the_form_says(desk: Desk, client: Client) -> None:
    before = OutboundMail.objects.count()

    client.post(
        f"/tickets/{desk.ticket.number}/note/",
        {"text": "She is angry.", "to": "vera@site.example", "bcc": "vera@site.example", "kind": "reply"},
    )

    article = newest(desk)
    assert (article.channel, article.is_visible_to_customer, article.to) == (Channel.NOTE, False, [])
    assert OutboundMail.objects.count() == before


def test_sending_and_closing_is_one_act(desk: Desk, client: Client) -> None:
    client.post(
        f"/tickets/{desk.ticket.number}/reply/",
        {"text": "Done.", "to": "vera@site.example", "then": "close"},
    )

    desk.ticket.refresh_from_db()
    assert desk.ticket.state_type == StateType.CLOSED
    assert history_of(desk.ticket)[-2:] == [Kind.REPLY_WRITTEN, Kind.STATE_CHANGED]


def test_who_may_not_close_sends_nothing_by_send_and_close(desk: Desk) -> None:
    grant(desk.elena, desk.support, Right.READ, Right.REPLY)
    before = history_of(desk.ticket)

    answer = signed_in(desk.elena).post(
        f"/tickets/{desk.ticket.number}/reply/",
        {"text": "Half done.", "to": "vera@site.example", "then": "close"},
    )

    assert answer.status_code == 403
    assert "Half done." in page(answer)
    assert history_of(desk.ticket) == before


def test_setting_aside_needs_a_time_that_can_be_read(desk: Desk, client: Client) -> None:
    form = {"text": "Wait.", "to": "vera@site.example", "then": "pending", "until": "soon"}

    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", form)

    assert answer.status_code == 422
    assert "Choose a day and an hour" in page(answer)
    assert newest(desk).text != "Wait."


def test_an_answer_past_something_new_is_refused_and_the_text_kept(desk: Desk, client: Client) -> None:
    seen = newest(desk).pk
    receive_message(desk.ticket, make_message(text="Wait, it works!"), customer=desk.ticket.customer)

    form = {"text": "A long <b>text</b> of mine", "to": "vera@site.example", "cc": "oleg@other.example", "seen": seen}
    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", form)

    shown = page(answer)
    assert answer.status_code == 409
    assert "Something new arrived" in shown
    assert "A long &lt;b&gt;text&lt;/b&gt; of mine</textarea>" in shown
    assert 'value="oleg@other.example"' in shown
    assert f'name="seen" value="{newest(desk).pk}"' in shown
    assert newest(desk).text == "Wait, it works!"


def test_with_htmx_a_refusal_touches_nothing_but_its_own_line(desk: Desk, client: Client) -> None:
    seen = newest(desk).pk
    receive_message(desk.ticket, make_message(text="Wait!"), customer=desk.ticket.customer)

    form = {"text": "Mine", "to": "vera@site.example", "seen": seen}
    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", form, headers=HTMX)

    assert answer.status_code == 409
    assert page(answer).strip().startswith('<p id="refusal"')
    assert f'data-seen-now="{newest(desk).pk}"' in page(answer)
    assert "<textarea" not in page(answer)


def test_a_locked_ticket_is_answered_by_its_holder_only(desk: Desk) -> None:
    lock_ticket(desk.ticket, by=desk.ana)
    grant(desk.elena, desk.support, Right.FULL)

    form = {"text": "Me too", "to": "vera@site.example"}
    answer = signed_in(desk.elena).post(f"/tickets/{desk.ticket.number}/reply/", form)

    assert answer.status_code == 409
    assert "locked by Ana Popescu" in page(answer)
    assert "Me too</textarea>" in page(answer)


def test_an_address_that_cannot_be_read_is_named(desk: Desk, client: Client) -> None:
    form = {"text": "Hello", "to": "vera at site"}

    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", form)

    assert answer.status_code == 422
    assert "vera at site" in page(answer)
    assert "Hello</textarea>" in page(answer)


@override_settings(MAIL_MAX_BYTES=1_000_000)
def test_files_too_large_for_a_mail_are_refused_with_their_size(desk: Desk, client: Client) -> None:
    file = SimpleUploadedFile("film.mp4", b"0" * 800_000, content_type="video/mp4")

    form = {"text": "See", "to": "vera@site.example", "files": [file]}
    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", form)

    assert answer.status_code == 422
    assert "800\xa0kB" in page(answer)
    assert newest(desk).text != "See"


def test_no_field_of_a_form_sets_what_it_does_not_offer(desk: Desk, client: Client) -> None:
    form = {
        "text": "Hello",
        "to": "vera@site.example",
        "agent": desk.ion.pk,
        "queue": desk.billing.pk,
        "created_at": "2020-01-01",
        "is_visible_to_customer": "false",
        "priority": 4,
    }
    client.post(f"/tickets/{desk.ticket.number}/reply/", form)

    article, ticket = newest(desk), Ticket.objects.get(pk=desk.ticket.pk)
    assert (article.agent, article.is_visible_to_customer) == (desk.ana, True)
    assert (ticket.queue, ticket.owner, ticket.priority) == (desk.support, desk.ana, 2)


def test_the_box_says_to_whom_an_answer_goes(desk: Desk, client: Client) -> None:
    receive_message(
        desk.ticket,
        make_message(
            cc=[{"name": "Oleg, the boss", "address": "oleg@other.example"}],
            to=[{"name": "", "address": "support@desk.example"}],
        ),
        customer=desk.ticket.customer,
    )

    reply = page(client.get(f"/tickets/{desk.ticket.number}/?write=reply"))
    everyone = page(client.get(f"/tickets/{desk.ticket.number}/write/all/", headers=HTMX))

    assert 'name="to" type="text" value="Vera Moraru &lt;vera@site.example&gt;"' in reply
    assert 'name="cc" type="text" value=""' in reply
    assert 'name="cc" type="text" value="&#34;Oleg, the boss&#34; &lt;oleg@other.example&gt;"' in everyone
