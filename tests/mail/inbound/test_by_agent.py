"""Speaking as an agent by mail: only with a token made for that agent, and only while they may (promise I2)."""

import pytest
import time_machine

from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import InboundMail, Mailbox, OutboundMail
from ghiseu.mail.outbound.compose import compose
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import write_note
from ghiseu.tickets.models import Article, SenderType, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    ana.wants_mail = True
    ana.save()
    return make_mailbox(make_queue(full=[ana]))


def arrive(mailbox: Mailbox, raw: bytes) -> Article:
    mail = keep(mailbox=mailbox, raw=raw, channel="lmtp")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    return mail.article


@pytest.fixture
def notified(mailbox: Mailbox, ana: Agent) -> str:
    """The Message-ID of the notification that Ana gets of Vera's second message."""
    first = arrive(mailbox, mail_bytes())
    reply = send_reply(first.ticket, by=ana, text="Which site?", to="vera@site.example")
    write_note(first.ticket, text="An old friend.", by=ana)
    arrive(mailbox, mail_bytes(text="The blue one.", in_reply_to=reply.message_id))
    mail = OutboundMail.objects.get(kind="notification")
    assert (mail.recipient, mail.agent) == ("ana@desk.example", ana)
    read = parse_mail(compose(mail))
    assert "The blue one." in read.text
    assert "old friend" not in read.text
    assert read.auto_submitted
    assert compose(mail) == compose(mail)
    assert read.message_id is not None
    return read.message_id


def answer(notification: str, **fields: str) -> bytes:
    values = {"sender": "Ana <Ana@desk.example>", "text": "It works again.", "message_id": "ana.1@desk.example"}
    return mail_bytes(**(values | {"in_reply_to": notification} | fields))


def test_an_agent_answers_from_the_own_mail_program(mailbox: Mailbox, notified: str, ana: Agent) -> None:
    article = arrive(mailbox, answer(notified))

    assert (article.sender_type, article.agent, article.text.strip()) == (SenderType.AGENT, ana, "It works again.")
    mail = OutboundMail.objects.latest("pk")
    assert (mail.recipient, mail.sender, mail.article) == ("vera@site.example", "support@desk.example", article)
    assert b"ana@desk.example" not in compose(mail).lower()
    assert Ticket.objects.count() == 1


def test_nobody_else_speaks_as_the_agent(mailbox: Mailbox, notified: str, ana: Agent, ion: Agent) -> None:
    grant(ion, mailbox.queue, Right.FULL)
    for number, sender in enumerate(("vera@site.example", "ion@desk.example", "ana@desk.example.evil.example")):
        article = arrive(mailbox, answer(notified, sender=sender, message_id=f"{number}@x.example"))
        assert article.sender_type == SenderType.CUSTOMER
        assert article.ticket.related is not None
    guessed = notified[:-20] + "0" * 4 + notified[-16:]
    assert arrive(mailbox, answer(guessed)).sender_type == SenderType.CUSTOMER


def test_a_forged_sender_does_not_speak_as_the_agent(mailbox: Mailbox, notified: str) -> None:
    mailbox.trusted_server = "mx.desk.example"
    mailbox.save()

    article = arrive(mailbox, answer(notified, extra="Authentication-Results: mx.desk.example; dmarc=fail\r\n"))

    assert article.sender_type == SenderType.CUSTOMER


@pytest.mark.parametrize("loss", ["disabled", "role", "reply"])
def test_a_right_that_was_lost_is_lost_by_mail_too(mailbox: Mailbox, notified: str, ana: Agent, loss: str) -> None:
    if loss == "disabled":
        ana.is_active = False
        ana.save()
    elif loss == "role":
        ana.roles.clear()
    else:
        grant(ana, mailbox.queue, Right.READ, Right.NOTE)

    assert arrive(mailbox, answer(notified)).sender_type == SenderType.CUSTOMER


def test_a_notification_is_good_for_a_month(mailbox: Mailbox, notified: str) -> None:
    with time_machine.travel("2027-03-01T10:00:00+00:00"):
        article = arrive(mailbox, answer(notified))

    trace = InboundMail.objects.get(article=article).trace
    assert article.sender_type == SenderType.CUSTOMER
    assert "too old" in trace[0]


def test_an_agents_out_of_office_reply_is_kept_and_ignored(mailbox: Mailbox, notified: str) -> None:
    before = OutboundMail.objects.count(), Article.objects.count()

    mail = keep(
        mailbox=mailbox,
        raw=answer(notified, text="I am away.", extra="Auto-Submitted: auto-replied\r\n"),
        channel="lmtp",
    )
    file_waiting()

    mail.refresh_from_db()
    assert (mail.state, mail.article) == (InboundMail.State.IGNORED, None)
    assert "machine" in mail.trace[0]
    assert (OutboundMail.objects.count(), Article.objects.count()) == before


def test_who_wants_no_mail_gets_none(mailbox: Mailbox, ana: Agent) -> None:
    ana.wants_mail = False
    ana.save()
    first = arrive(mailbox, mail_bytes())
    reply = send_reply(first.ticket, by=ana, text="Which site?", to="vera@site.example")
    arrive(mailbox, mail_bytes(text="The blue one.", in_reply_to=reply.message_id))

    assert not OutboundMail.objects.filter(kind="notification").exists()
