"""What agents send besides answers: to third parties, redirected, as a new conversation, and taken back."""

import pytest
import time_machine
from django.test import override_settings

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox, OutboundMail
from ghiseu.mail.outbound.compose import compose
from ghiseu.mail.outbound.redirect import redirect_message
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.send import send_here
from ghiseu.mail.outbound.start import start_conversation
from ghiseu.mail.outbound.third_party import passed_on_text, write_to_third_party
from ghiseu.mail.outbound.undo import cancel_mail, take_back_message
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, write_note
from ghiseu.tickets.errors import InvalidInput, NotPermitted, TicketNotFound
from ghiseu.tickets.models import Article, Channel, Kind, SenderType, StateType, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, history_of, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db
REGISTRY = "Registry <help@nic.example>"


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana]))


def arrive(mailbox: Mailbox, **fields: str) -> Article:
    mail = keep(mailbox=mailbox, raw=mail_bytes(**fields), channel="lmtp")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    return mail.article


@pytest.fixture
def article(mailbox: Mailbox) -> Article:
    return arrive(mailbox)


def test_a_third_party_is_asked_and_answers_out_of_the_customers_sight(
    mailbox: Mailbox, article: Article, ana: Agent
) -> None:
    before = Ticket.objects.get()
    asked = write_to_third_party(article.ticket, by=ana, text="Whose is it?", to=REGISTRY, passing_on=article)

    answer = arrive(mailbox, sender=REGISTRY, text="Not ours.", in_reply_to=asked.message_id)

    ticket = Ticket.objects.get()
    assert (asked.is_visible_to_customer, answer.is_visible_to_customer) == (False, False)
    assert (answer.sender_type, answer.ticket) == (SenderType.THIRD_PARTY, article.ticket)
    assert (ticket.waiting_since, ticket.state) == (before.waiting_since, before.state)
    assert list(ticket.participants.values_list("address", flat=True)) == ["vera@site.example"]
    assert history_of(ticket) == [Kind.CREATED, Kind.THIRD_PARTY_ASKED, Kind.THIRD_PARTY_ANSWERED]
    assert ticket.number not in asked.subject


def test_what_a_third_party_wrote_is_not_named_to_the_customer(mailbox: Mailbox, article: Article, ana: Agent) -> None:
    asked = write_to_third_party(article.ticket, by=ana, text="Whose is it?", to=REGISTRY)
    arrive(mailbox, sender=REGISTRY, text="Not ours.", in_reply_to=asked.message_id, message_id="secret@nic.example")

    send_reply(article.ticket, by=ana, text="We asked.", to="vera@site.example")

    raw = compose(OutboundMail.objects.latest("pk")).decode()
    assert "secret@nic.example" not in raw
    assert asked.message_id not in raw


def test_a_third_party_learns_no_message_id_of_the_customers_conversation(
    mailbox: Mailbox, article: Article, ana: Agent
) -> None:
    send_reply(article.ticket, by=ana, text="We ask.", to="vera@site.example")
    asked = write_to_third_party(article.ticket, by=ana, text="Whose is it?", to=REGISTRY)
    answer = arrive(
        mailbox, sender=REGISTRY, text="Not ours.", in_reply_to=asked.message_id, message_id="1@nic.example"
    )
    write_to_third_party(article.ticket, by=ana, text="Sure?", to=REGISTRY, answering=answer)

    first, second = (compose(mail).decode() for mail in OutboundMail.objects.filter(recipient="help@nic.example"))
    assert "References" not in first
    assert "In-Reply-To: <1@nic.example>" in second
    assert "first@site.example" not in first + second


def test_a_note_is_never_passed_on(article: Article, ana: Agent) -> None:
    note = write_note(article.ticket, text="Careful.", by=ana)

    with pytest.raises(InvalidInput, match="note"):
        write_to_third_party(article.ticket, by=ana, text="See", to=REGISTRY, passing_on=note)

    assert not OutboundMail.objects.exists()


def test_files_go_along_with_a_message_passed_on(article: Article, ana: Agent) -> None:
    reply = send_reply(
        article.ticket, by=ana, text="x", to="vera@site.example", files=[NewFile("a.txt", "text/plain", b"hi")]
    )

    passed = write_to_third_party(article.ticket, by=ana, text="See", to=REGISTRY, passing_on=reply)

    assert [file.filename for file in passed.attachments.all()] == ["a.txt"]
    assert "My site is down." in passed_on_text(article)


def test_a_mail_is_redirected_as_it_came(article: Article, ana: Agent) -> None:
    redirect_message(article, to="other@desk.example, third@desk.example", by=ana)
    redirect_message(article, to="other@desk.example", by=ana)

    mails = OutboundMail.objects.order_by("pk")
    assert [(mail.kind, mail.recipient) for mail in mails] == [
        ("redirect", "other@desk.example"),
        ("redirect", "third@desk.example"),
    ]
    raw = compose(mails[0])
    assert raw.endswith(mail_bytes())
    head = raw.removesuffix(mail_bytes()).decode()
    assert [line.split(":")[0] for line in head.splitlines()] == [
        "Resent-Date",
        "Resent-From",
        "Resent-To",
        "Resent-Message-ID",
    ]
    assert raw == compose(mails[0])


def test_only_a_mail_that_came_in_is_redirected(article: Article, ana: Agent) -> None:
    with pytest.raises(InvalidInput, match="Forward"):
        redirect_message(write_note(article.ticket, text="x", by=ana), to="a@b.example", by=ana)


@override_settings(UNDO_SECONDS=10)
def test_an_answer_can_be_taken_back_for_ten_seconds(article: Article, ana: Agent) -> None:
    with time_machine.travel("2026-11-25T10:00:00+00:00", tick=False) as clock:
        reply = send_reply(article.ticket, by=ana, text="Oops", to="vera@site.example")
        clock.shift(9)
        assert send_here() == 0
        take_back_message(reply, by=ana)
        clock.shift(60)
        assert send_here() == 0

    ticket = Ticket.objects.get()
    assert OutboundMail.objects.get().state == "cancelled"
    assert ticket.waiting_since == article.created_at
    assert ticket.first_answered_at is None
    assert history_of(ticket)[-1] == Kind.TAKEN_BACK
    assert Article.objects.get(pk=reply.pk).taken_back_at is not None


@override_settings(UNDO_SECONDS=10)
def test_a_message_that_has_left_cannot_be_taken_back(article: Article, ana: Agent) -> None:
    reply = send_reply(article.ticket, by=ana, text="Hello", to="vera@site.example, boss@site.example")
    first = OutboundMail.objects.order_by("pk")[0]
    first.state, first.tries = OutboundMail.State.FAILED, 1
    first.save()

    with pytest.raises(InvalidInput, match="too late"):
        take_back_message(reply, by=ana)

    assert set(OutboundMail.objects.values_list("state", flat=True)) == {"failed", "waiting"}


def test_an_answer_waits_until_the_time_it_was_given(article: Article, ana: Agent) -> None:
    import datetime as dt

    with time_machine.travel("2026-11-25T10:00:00+00:00", tick=False) as clock:
        send_at = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
        send_reply(article.ticket, by=ana, text="Good morning", to="vera@site.example", send_at=send_at)
        assert send_here() == 0
        clock.move_to("2026-11-26T08:00:00+00:00")
        assert send_here() == 1


def test_a_waiting_mail_is_cancelled_and_a_sent_one_is_not(article: Article, ana: Agent) -> None:
    send_reply(article.ticket, by=ana, text="Hello", to="vera@site.example")
    mail = cancel_mail(OutboundMail.objects.get(), by=ana)

    assert mail.state == "cancelled"
    with pytest.raises(InvalidInput, match="waiting"):
        cancel_mail(mail, by=ana)


def test_an_agent_begins_a_conversation(mailbox: Mailbox, ana: Agent) -> None:
    first = start_conversation(
        mailbox.queue, by=ana, subject="Your domain expires", text="In a week.", to="Oleg <oleg@other.example>"
    )

    ticket = Ticket.objects.get()
    assert (ticket.owner, ticket.state_type, ticket.waiting_since) == (ana, StateType.OPEN, None)
    assert first.subject == f"Your domain expires [#{ticket.number}]"
    assert OutboundMail.objects.get().recipient == "oleg@other.example"
    assert ticket.customer.identities.get().value == "oleg@other.example"
    answer = arrive(mailbox, sender="oleg@other.example", text="Renew it.", in_reply_to=first.message_id)
    assert (answer.ticket, answer.is_verified) == (ticket, True)


def test_a_call_is_written_down_and_nothing_is_sent(mailbox: Mailbox, ana: Agent) -> None:
    call = start_conversation(
        mailbox.queue,
        by=ana,
        subject="Call",
        text="He says it is slow.",
        to="oleg@other.example",
        channel=Channel.PHONE,
    )

    assert (call.channel, call.sender_type, call.agent) == (Channel.PHONE, SenderType.CUSTOMER, ana)
    assert Ticket.objects.get().waiting_since is not None
    assert not OutboundMail.objects.exists()


@pytest.mark.parametrize("fields", [{"subject": " "}, {"text": " "}, {"to": ""}, {"to": "nobody"}])
def test_a_conversation_needs_a_subject_a_text_and_somebody(
    mailbox: Mailbox, ana: Agent, fields: dict[str, str]
) -> None:
    values = {"subject": "Hello", "text": "Hello", "to": "oleg@other.example"} | fields

    with pytest.raises(InvalidInput):
        start_conversation(mailbox.queue, by=ana, subject=values["subject"], text=values["text"], to=values["to"])

    assert not Ticket.objects.exists()


def test_every_way_out_asks_for_its_right(mailbox: Mailbox, article: Article, ion: Agent) -> None:
    def ways() -> list[object]:
        return [
            lambda: write_to_third_party(article.ticket, by=ion, text="x", to=REGISTRY),
            lambda: redirect_message(article, to=REGISTRY, by=ion),
            lambda: start_conversation(mailbox.queue, by=ion, subject="x", text="x", to=REGISTRY),
            lambda: take_back_message(article, by=ion),
        ]

    for way in ways():
        with pytest.raises(TicketNotFound):
            way()  # type: ignore[operator]
    grant(ion, mailbox.queue, Right.READ)
    for way in ways():
        with pytest.raises(NotPermitted):
            way()  # type: ignore[operator]
    assert not OutboundMail.objects.exists()
