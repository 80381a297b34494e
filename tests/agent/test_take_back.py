"""Opening words, sending later, and taking back: what the agent sees is what leaves, and when."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.test import Client, override_settings
from django.utils import timezone

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.tickets.models import Article, Kind, QueueText
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import history_of

HTMX = {"HX-Request": "true"}
OPENING = "Bună ziua, Vera Moraru!\n\n\n\n-- \nAna Popescu, Support"


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.ana)


@pytest.fixture
def opening(desk: Desk) -> str:
    QueueText.objects.create(
        queue=desk.support, language="ro", salutation="Bună ziua, {customer}!", signature="{agent}, Support"
    )
    return OPENING


def newest(desk: Desk) -> Article:
    return desk.ticket.articles.order_by("-pk")[0]


def text(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def reply(client: Client, desk: Desk, **form: object) -> HttpResponse:
    answer = client.post(f"/tickets/{desk.ticket.number}/reply/", {"to": "vera@site.example"} | form)
    assert isinstance(answer, HttpResponse)
    return answer


def states(article: Article) -> list[str]:
    return sorted(OutboundMail.objects.filter(article=article).values_list("state", flat=True))


def test_the_box_opens_with_salutation_and_signature_which_are_nothing_typed(
    desk: Desk, client: Client, opening: str
) -> None:
    shown = text(client.get(f"/tickets/{desk.ticket.number}/?write=reply"))
    assert f"{opening}</textarea>" in shown
    assert "data-untouched" in shown

    refused = reply(client, desk, text=opening.replace("\n", "\r\n"))

    assert refused.status_code == 422
    assert "The answer is empty" in text(refused)
    assert "data-untouched" not in text(refused)


def test_a_note_opens_empty(desk: Desk, client: Client, opening: str) -> None:
    assert "Bună ziua" not in text(client.get(f"/tickets/{desk.ticket.number}/write/note/", headers=HTMX))


def test_an_answer_is_sent_later_by_the_agents_own_clock(desk: Desk, client: Client) -> None:
    desk.ana.time_zone = "America/New_York"
    desk.ana.save()
    at = (timezone.now() + dt.timedelta(days=3)).date()

    reply(client, desk, text="On Monday.", then="later", send_at=f"{at}T09:00")

    mail = OutboundMail.objects.get(article=newest(desk))
    shown = text(client.get(f"/tickets/{desk.ticket.number}/"))
    assert mail.next_try_at.astimezone(dt.UTC).hour in (13, 14)
    assert "leaves on " in shown
    assert f"/articles/{mail.article_id}/take-back/" in shown


def test_a_message_to_a_third_party_is_sent_later_too(desk: Desk, client: Client) -> None:
    at = (timezone.now() + dt.timedelta(days=3)).date()
    assert 'value="later"' in text(client.get(f"/tickets/{desk.ticket.number}/?write=ask"))

    form = {"kind": "ask", "text": "Whose?", "to": "help@nic.example", "then": "later", "send_at": f"{at}T09:00"}
    client.post(f"/tickets/{desk.ticket.number}/third-party/", form)

    article = newest(desk)
    assert OutboundMail.objects.get(article=article).next_try_at.date() == at
    assert not article.is_visible_to_customer
    refused = client.post(f"/tickets/{desk.ticket.number}/third-party/", form | {"send_at": "2020-01-01T09:00"})
    assert "The time to send at" in text(refused)
    assert newest(desk) == article


@pytest.mark.parametrize("at", ["", "soon", "2020-01-01T09:00", "9999-12-31T23:59"])
def test_a_time_that_makes_no_sense_sends_nothing(desk: Desk, client: Client, at: str) -> None:
    refused = reply(client, desk, text="On Monday.", then="later", send_at=at)

    assert refused.status_code == 422
    assert "The time to send at" in text(refused)
    assert "On Monday.</textarea>" in text(refused)
    assert newest(desk).text != "On Monday."


def test_a_time_in_its_field_delays_nothing_without_its_button(desk: Desk, client: Client) -> None:
    reply(client, desk, text="Now.", send_at="2199-01-01T09:00")

    assert OutboundMail.objects.get(article=newest(desk)).next_try_at <= timezone.now()


@override_settings(UNDO_SECONDS=60)
def test_what_was_sent_stands_in_the_box_again(desk: Desk, client: Client) -> None:
    file = SimpleUploadedFile("plan.pdf", b"%PDF", content_type="application/pdf")
    form = {"to": "Vera <vera@site.example>", "cc": "oleg@other.example", "bcc": "boss@site.example"}
    sent = reply(client, desk, text="Too early", files=[file], **form)
    article = newest(desk)
    page = text(client.get(sent.headers["Location"]))
    assert "<undo-bar" in page
    assert "Sent in <strong data-count>60</strong> s" in page

    back = client.post(f"/articles/{article.pk}/take-back/", follow=True)

    shown = text(back)
    assert states(article) == ["cancelled", "cancelled", "cancelled"]
    assert history_of(desk.ticket)[-1] == Kind.TAKEN_BACK
    assert "Too early</textarea>" in shown
    for value in ("Vera &lt;vera@site.example&gt;", "oleg@other.example", "boss@site.example"):
        assert f'value="{value}"' in shown
    assert "Taken back, never sent" in shown
    assert "<undo-bar" not in shown
    assert "data-untouched" not in shown

    kept = article.attachments.get().pk
    reply(client, desk, text="In time", kept=[kept])

    assert [(one.filename, one.size) for one in newest(desk).attachments.all()] == [("plan.pdf", 4)]


@override_settings(UNDO_SECONDS=60)
def test_with_htmx_the_bar_comes_with_the_answer_and_the_box_with_the_taking_back(desk: Desk, client: Client) -> None:
    address = f"/tickets/{desk.ticket.number}/reply/"
    sent = text(client.post(address, {"to": "vera@site.example", "text": "Too early"}, headers=HTMX))
    assert "<undo-bar" in sent
    assert "<answer-box" not in sent

    # The bar stays while something else is begun.
    assert "<undo-bar" in text(client.get(f"/tickets/{desk.ticket.number}/write/note/", headers=HTMX))

    back = client.post(f"/articles/{newest(desk).pk}/take-back/", headers=HTMX)

    assert "Too early</textarea>" in text(back)
    assert "live:ticket" in back.headers["HX-Trigger-After-Settle"]


@override_settings(UNDO_SECONDS=60)
def test_a_message_to_a_third_party_comes_back_into_its_own_box(desk: Desk, client: Client) -> None:
    form = {"kind": "forward", "article": desk.article.pk, "text": "Whose?", "to": "help@nic.example", "subject": "Q"}
    client.post(f"/tickets/{desk.ticket.number}/third-party/", form)

    shown = text(client.post(f"/articles/{newest(desk).pk}/take-back/", follow=True))

    piece = shown.split("<answer-box")[1].split("</answer-box>")[0]
    assert "box--third-party" in piece
    assert "Whose?</textarea>" in piece
    assert 'name="kept"' in piece


def test_what_has_left_is_not_taken_back(desk: Desk, client: Client) -> None:
    OutboundMail.objects.filter(pk=desk.mail.pk).update(state="sent", sent_at=timezone.now())

    refused = client.post(f"/articles/{desk.mail.article_id}/take-back/")

    assert refused.status_code == 422
    assert "It is too late" in text(refused)
    assert Article.objects.get(pk=desk.mail.article_id).taken_back_at is None


def test_a_customers_words_are_never_taken_back(desk: Desk, client: Client) -> None:
    client.post(f"/tickets/{desk.ticket.number}/redirect/", {"article": desk.article.pk, "to": "boss@far.example"})

    refused = client.post(f"/articles/{desk.article.pk}/take-back/")

    assert refused.status_code == 422
    assert Article.objects.get(pk=desk.article.pk).taken_back_at is None
    assert states(desk.article) == ["waiting"]


def test_only_files_of_a_message_taken_back_go_along_again(desk: Desk, client: Client) -> None:
    reply(client, desk, text="With a stolen file", kept=[desk.picture.pk, "x", 10**30])

    assert list(newest(desk).attachments.all()) == []


@override_settings(UNDO_SECONDS=60)
def test_only_the_writer_has_the_bar(desk: Desk) -> None:
    send_reply(desk.ticket, by=desk.ana, text="Mine", to="vera@site.example")

    assert "<undo-bar" not in text(signed_in(desk.elena).get(f"/tickets/{desk.ticket.number}/"))


def test_a_waiting_mail_is_cancelled(desk: Desk, client: Client) -> None:
    OutboundMail.objects.filter(pk=desk.mail.pk).update(state=OutboundMail.State.WAITING)

    shown = text(client.post(f"/outgoing/{desk.mail.pk}/cancel/", follow=True))

    desk.mail.refresh_from_db()
    assert "is cancelled, and will not leave" in shown
    assert desk.mail.state == OutboundMail.State.CANCELLED
    assert "vera@site.example" in text(client.get("/outgoing/?show=cancelled"))


def test_reading_a_queue_is_not_enough_to_cancel(desk: Desk) -> None:
    OutboundMail.objects.filter(pk=desk.mail.pk).update(state=OutboundMail.State.WAITING)
    client = signed_in(desk.elena)

    assert "/cancel/" not in text(client.get("/outgoing/"))
    client.post(f"/outgoing/{desk.mail.pk}/cancel/")

    desk.mail.refresh_from_db()
    assert desk.mail.state == OutboundMail.State.WAITING


def test_the_outgoing_page_says_what_each_mail_is_and_shows_no_agents_address(desk: Desk, client: Client) -> None:
    common = {"next_try_at": timezone.now() + dt.timedelta(days=1)}
    OutboundMail.objects.create(article=desk.article, kind="redirect", recipient="boss@far.example", **common)
    OutboundMail.objects.create(
        article=desk.article, kind="notification", agent=desk.elena, recipient="elena@private.example", **common
    )

    shown = text(client.get("/outgoing/"))

    assert [words for words in ("Answer", "Redirected mail", "Notification") if f'kind">{words}<' in shown] == [
        "Answer",
        "Redirected mail",
        "Notification",
    ]
    assert "leaves " in shown
    assert "Elena Ceban" in shown
    assert "elena@private.example" not in shown
    assert "elena@private.example" not in text(client.get(f"/tickets/{desk.ticket.number}/"))
