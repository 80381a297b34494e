"""Writing to others than the customer through the page: told apart at every step, and never with a note in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseBase
from django.test import Client

from ghiseu.mail.models import OutboundMail
from ghiseu.tickets.actions import (
    NewMessage,
    answer_automatically,
    note_delivery_failure,
    receive_from_third_party,
    write_note,
)
from ghiseu.tickets.models import Article, Kind, SenderType
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import history_of, make_article, make_customer, make_ticket

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


def newest(desk: Desk) -> Article:
    return desk.ticket.articles.order_by("-pk")[0]


def text(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def box(client: Client, desk: Desk, kind: str, article: Article) -> str:
    return text(client.get(f"/tickets/{desk.ticket.number}/?write={kind}&article={article.pk}"))


def send(client: Client, desk: Desk, **form: object) -> HttpResponse:
    answer = client.post(f"/tickets/{desk.ticket.number}/third-party/", form)
    assert isinstance(answer, HttpResponse)
    return answer


def from_third_party(desk: Desk, **fields: str) -> Article:
    values: dict[str, Any] = {
        "text": "Not ours.",
        "from_name": "Registry",
        "from_address": "help@nic.example",
        "subject": "Re: Whose?",
        "message_id": "a1@nic.example",
    }
    return receive_from_third_party(desk.ticket, NewMessage(**(values | fields)))


def test_a_message_is_passed_on_with_its_text_and_files(desk: Desk, client: Client) -> None:
    shown = box(client, desk, "forward", desk.article)
    assert "The customer does not see this." in shown
    assert "---- Forwarded message ----" in shown
    assert "My site is down.</textarea>" in shown
    assert "logo.png" in shown.split('class="box__along"')[1]

    send(client, desk, kind="forward", article=desk.article.pk, text="Whose is it?", to="help@nic.example")

    article = newest(desk)
    assert (article.sender_type, article.is_visible_to_customer) == (SenderType.AGENT, False)
    assert [file.filename for file in article.attachments.all()] == ["logo.png"]
    assert OutboundMail.objects.get(article=article).recipient == "help@nic.example"
    assert history_of(desk.ticket)[-1] == Kind.THIRD_PARTY_ASKED


def test_a_third_party_is_asked_with_a_subject_of_ones_own(desk: Desk, client: Client) -> None:
    send(client, desk, kind="ask", subject="A question", text="Whose is it?", to="help@nic.example", cc="b@nic.example")

    article = newest(desk)
    assert (article.subject, article.cc) == ("A question", [{"name": "", "address": "b@nic.example"}])


def test_a_third_partys_message_is_answered_out_of_the_customers_sight(desk: Desk, client: Client) -> None:
    theirs = from_third_party(desk)
    shown = box(client, desk, "answer", theirs)
    assert 'name="to" type="text" value="Registry &lt;help@nic.example&gt;"' in shown
    assert 'value="Re: Whose?"' in shown

    send(client, desk, kind="answer", article=theirs.pk, text="Thank you.", to="help@nic.example")

    article = newest(desk)
    assert (article.in_reply_to, article.is_visible_to_customer) == ("a1@nic.example", False)


def test_an_answer_to_the_customer_never_goes_to_the_third_party(desk: Desk, client: Client) -> None:
    from_third_party(desk)

    shown = text(client.get(f"/tickets/{desk.ticket.number}/?write=all"))

    assert "help@nic.example" not in shown.split("<answer-box")[1].split("</answer-box>")[0]


@pytest.mark.parametrize("kind", ["forward", "redirect", "answer", "again"])
def test_a_note_is_offered_to_nobody(desk: Desk, client: Client, kind: str) -> None:
    note = write_note(desk.ticket, text="She is angry.", by=desk.ana)

    assert "<answer-box" not in box(client, desk, kind, note)


def test_a_note_is_not_passed_on_whatever_the_form_says(desk: Desk, client: Client) -> None:
    note = write_note(desk.ticket, text="She is angry.", by=desk.ana)
    before = OutboundMail.objects.count()

    refused = send(client, desk, kind="forward", article=note.pk, text="See below", to="help@nic.example")

    assert refused.status_code == 422
    assert "See below</textarea>" in text(refused)
    assert OutboundMail.objects.count() == before


def test_a_message_of_another_ticket_is_not_passed_on(desk: Desk, client: Client) -> None:
    other = make_article(desk.billing, customer=make_customer("oleg@other.example", "Oleg"), text="Secret of Oleg")

    shown = box(client, desk, "forward", other)
    refused = send(client, desk, kind="forward", article=other.pk, text="See", to="help@nic.example")

    assert "Secret of Oleg" not in shown
    assert refused.status_code == 422


def test_a_refusal_keeps_what_was_typed_and_the_files_that_go_along(desk: Desk, client: Client) -> None:
    refused = send(
        client,
        desk,
        kind="forward",
        article=desk.article.pk,
        text="My question",
        to="help at nic",
        cc="boss@nic.example",
        subject="About it",
    )

    shown = text(refused)
    assert refused.status_code == 422
    assert "“help at nic” cannot be read" in shown
    assert "My question</textarea>" in shown
    assert 'value="boss@nic.example"' in shown
    assert 'value="About it"' in shown
    assert "logo.png" in shown.split('class="box__along"')[1]


def test_a_mail_is_redirected_as_it_came(desk: Desk, client: Client) -> None:
    answer = client.post(
        f"/tickets/{desk.ticket.number}/redirect/", {"article": desk.article.pk, "to": "boss@far.example"}
    )

    mail = OutboundMail.objects.get(recipient="boss@far.example")
    shown = text(client.get(answer.headers["Location"]))
    assert (mail.kind, mail.article) == (OutboundMail.Kind.REDIRECT, desk.article)
    assert "Ana Popescu redirected the message to boss@far.example" in shown
    assert "redirected: boss@far.example: waiting" in shown


def test_what_did_not_come_as_a_mail_is_not_redirected(desk: Desk, client: Client) -> None:
    ours = desk.mail.article
    refused = client.post(f"/tickets/{desk.ticket.number}/redirect/", {"article": ours.pk, "to": "boss@far.example"})

    assert refused.status_code == 422
    assert 'value="boss@far.example"' in text(refused)
    assert not OutboundMail.objects.filter(kind=OutboundMail.Kind.REDIRECT).exists()


def test_an_open_page_sees_what_became_of_a_message(desk: Desk, client: Client) -> None:
    page = f"/tickets/{desk.ticket.number}/"
    event = desk.ticket.events.order_by("-pk")[0].pk
    client.post(f"{page}redirect/", {"article": desk.article.pk, "to": "boss@far.example"})

    news = text(client.get(f"{page}news/?article={newest(desk).pk}&event={event}", headers=HTMX))

    piece = news.split(f'<li id="article-{desk.article.pk}"')[1]
    assert 'hx-swap-oob="true"' in piece.split(">")[0]
    assert "boss@far.example" in piece


def test_every_kind_of_message_says_what_it_is(desk: Desk, client: Client) -> None:
    from_third_party(desk, sender_sign="proven")
    system: dict[str, Any] = {"from_name": "Postmaster", "from_address": "daemon@mx.example"}
    note_delivery_failure(
        desk.ticket, NewMessage(text="Sorry.", **system), recipient="old@site.example", reason="550 no such user"
    )
    answer_automatically(desk.ticket, NewMessage(text="We got it.", **system))

    shown = text(client.get(f"/tickets/{desk.ticket.number}/"))

    for kind, words in {
        "third-party": "From a third party, unseen by the customer",
        "notice": "Delivery notice",
        "automatic": "Automatic answer",
    }.items():
        piece = shown.split(f'class="message message--{kind} ')[1].split("</li>")[0]
        assert words in piece
    assert "An answer did not reach old@site.example: 550 no such user" in shown
    assert "Sender proven" in shown


@pytest.mark.parametrize(
    ("sign", "is_verified", "words"),
    [
        ("proven", True, ["Sender proven"]),
        ("unknown", True, ["Sender not proven"]),
        ("unknown", False, ["Sender not verified"]),
        ("forged", False, ["Sender not verified", "Sender forged"]),
        ("", True, []),
    ],
)
def test_one_plain_sign_says_how_far_a_sender_is_proven(
    desk: Desk, client: Client, sign: str, is_verified: bool, words: list[str]
) -> None:
    ticket = make_ticket(desk.support, sender_sign=sign, is_verified=is_verified)

    shown = text(client.get(f"/tickets/{ticket.number}/"))

    known = ["Sender proven", "Sender not proven", "Sender not verified", "Sender forged"]
    assert [sentence for sentence in known if f"{sentence}</span>" in shown] == sorted(words, key=known.index)
