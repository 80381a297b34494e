import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ghiseu.lib import blobs
from ghiseu.mail.errors import EmptyMail, MailTooLarge, UnknownMailbox
from ghiseu.mail.inbound.claim import MOST_TRIES
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep, keep_for
from ghiseu.mail.models import Filter, InboundMail, Mailbox
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import close_ticket
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import (
    Article,
    CustomField,
    FollowUp,
    Priority,
    Service,
    State,
    StateType,
    Ticket,
    TicketType,
)
from tests.factories import history_of, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana]))


def file(mailbox: Mailbox, **fields: str) -> Article:
    """Offer a mail, file what waits, and return the article it became."""
    mail = keep(mailbox=mailbox, raw=mail_bytes(**fields), channel="pipe")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    return mail.article


def test_a_mail_becomes_a_ticket(mailbox: Mailbox) -> None:
    raw = mail_bytes(subject="Domeniu expirat", text="Bună ziua, domeniul a expirat.")

    mail = keep(mailbox=mailbox, raw=raw, channel="lmtp")
    handled = file_waiting()

    mail.refresh_from_db()
    article = Article.objects.get()
    assert (handled, mail.state, mail.article) == (1, InboundMail.State.FILED, article)
    assert (article.ticket.title, article.ticket.queue) == ("Domeniu expirat", mailbox.queue)
    assert (article.text.strip(), article.from_address) == ("Bună ziua, domeniul a expirat.", "vera@site.example")
    assert article.raw is not None
    assert bytes_of(article.raw) == raw
    assert mail.trace == [
        "new ticket",
        "sender not proven: no server is trusted to judge",
        "queue Support by mailbox support",
        "no automatic answer: the queue Support has none for “a new ticket”",
    ]


def test_the_same_bytes_make_one_ticket_however_often_they_come(mailbox: Mailbox) -> None:
    raw = mail_bytes()

    first = keep(mailbox=mailbox, raw=raw, channel="lmtp")
    file_waiting()
    again = keep(mailbox=mailbox, raw=raw, channel="imap")
    file_waiting()

    assert first == again
    assert Ticket.objects.count() == 1


def test_two_mails_with_one_message_id_are_two_tickets(mailbox: Mailbox) -> None:
    file(mailbox, text="One.", message_id="same@site.example")
    file(mailbox, text="Two.", message_id="same@site.example")

    assert Ticket.objects.count() == 2


def test_one_mail_to_two_mailboxes_is_two_mails(mailbox: Mailbox) -> None:
    other = make_mailbox(make_queue("Sales"), name="sales", address="sales@desk.example")
    raw = mail_bytes()

    keep(mailbox=mailbox, raw=raw, channel="lmtp")
    keep(mailbox=other, raw=raw, channel="lmtp")
    file_waiting()

    assert {ticket.queue.name for ticket in Ticket.objects.all()} == {"Support", "Sales"}


@pytest.mark.parametrize("raw", [b"", b"\r\n \r\n"])
def test_an_empty_mail_is_refused(mailbox: Mailbox, raw: bytes) -> None:
    with pytest.raises(EmptyMail):
        keep(mailbox=mailbox, raw=raw, channel="pipe")

    assert not InboundMail.objects.exists()


def test_a_mail_above_the_limit_is_refused(mailbox: Mailbox) -> None:
    with pytest.raises(MailTooLarge, match="GHISEU_MAIL_MAX_BYTES"):
        keep(mailbox=mailbox, raw=b"x" * (settings.MAIL_MAX_BYTES + 1), channel="pipe")


def test_an_unknown_mailbox_is_named_with_the_known_ones(mailbox: Mailbox) -> None:
    with pytest.raises(UnknownMailbox, match=r"'sale'.*support"):
        keep_for(mailbox_name="sale", raw=mail_bytes(), channel="pipe")


@pytest.mark.parametrize("raw", [b"no mail at all", b"\x00\xff\xfe" * 300, b"From: \r\n\r\n", b"Subject: only\r\n\r\n"])
def test_what_is_no_mail_is_filed_all_the_same(mailbox: Mailbox, raw: bytes) -> None:
    mail = keep(mailbox=mailbox, raw=raw, channel="pipe")
    file_waiting()

    mail.refresh_from_db()
    assert mail.state == InboundMail.State.FILED
    assert Ticket.objects.count() == 1


def test_one_bad_mail_is_tried_again_then_put_aside_and_never_stops_the_rest(mailbox: Mailbox) -> None:
    bad = keep(mailbox=mailbox, raw=mail_bytes(text="x" * 60_000), channel="pipe")
    stored = blobs.path_of(Path(settings.BLOBS_FOLDER), bad.raw.sha256)
    hidden = stored.rename(stored.with_suffix(".gone"))
    good = keep(mailbox=mailbox, raw=mail_bytes(), channel="pipe")

    for _ in range(MOST_TRIES):
        InboundMail.objects.filter(state="received").update(next_try_at=timezone.now() - dt.timedelta(seconds=1))
        file_waiting()

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (InboundMail.State.QUARANTINED, InboundMail.State.FILED)
    assert "FileNotFoundError" in bad.error
    assert len(bad.trace) == MOST_TRIES
    hidden.rename(stored)


def test_a_claimed_mail_comes_back_after_its_worker_died(mailbox: Mailbox) -> None:
    keep(mailbox=mailbox, raw=mail_bytes(), channel="pipe")
    InboundMail.objects.update(tries=1, next_try_at=timezone.now() + dt.timedelta(seconds=30))

    assert file_waiting() == 0
    InboundMail.objects.update(next_try_at=timezone.now() - dt.timedelta(seconds=1))
    assert file_waiting() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_beside_each_other_file_every_mail_once(mailbox: Mailbox) -> None:
    for index in range(30):
        keep(mailbox=mailbox, raw=mail_bytes(text=f"Mail {index}"), channel="lmtp")

    def work(_: int) -> int:
        try:
            return sum(iter(lambda: file_waiting(limit=3), 0))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        handled = sum(pool.map(work, range(4)))

    assert (handled, Ticket.objects.count(), Article.objects.count()) == (30, 30, 30)
    assert InboundMail.objects.filter(state="filed").count() == 30


def test_a_closed_ticket_is_opened_again_or_not_as_its_queue_says(mailbox: Mailbox, ana: Agent) -> None:
    from ghiseu.mail.outbound.reply import send_reply

    article = file(mailbox)
    reply = send_reply(article.ticket, by=ana, text="Done.", to="vera@site.example")
    close_ticket(article.ticket, by=ana)

    file(mailbox, text="No.", in_reply_to=reply.message_id)
    assert Ticket.objects.get().state_type == StateType.OPEN

    close_ticket(article.ticket, by=ana)
    mailbox.queue.follow_up = FollowUp.NEW_TICKET
    mailbox.queue.save()
    second = file(mailbox, text="Still no.", in_reply_to=reply.message_id)

    assert second.ticket != article.ticket
    assert second.ticket.related == article.ticket


def test_a_mail_goes_to_the_queue_whose_address_it_names(mailbox: Mailbox) -> None:
    billing = make_queue("Billing", address="billing@desk.example")

    assert file(mailbox, to="Billing <Billing@desk.example>, x@y.example").ticket.queue == billing


def test_the_word_of_the_trusted_server_is_kept_with_the_article(mailbox: Mailbox) -> None:
    mailbox.trusted_server = "mx.desk.example"
    mailbox.save()

    proven = file(mailbox, extra="Authentication-Results: mx.desk.example; dmarc=pass\r\n")
    forged = file(mailbox, text="Mine!", extra="Authentication-Results: mx.desk.example; dmarc=fail\r\n")

    assert (proven.sender_sign, forged.sender_sign) == ("proven", "forged")


def test_an_out_of_office_reply_opens_nothing_and_waits_for_nothing(mailbox: Mailbox, ana: Agent) -> None:
    from ghiseu.mail.outbound.reply import send_reply

    article = file(mailbox)
    reply = send_reply(article.ticket, by=ana, text="Done.", to="vera@site.example")
    close_ticket(article.ticket, by=ana)

    away = file(mailbox, text="I am away.", in_reply_to=reply.message_id, extra="Auto-Submitted: auto-replied\r\n")

    ticket = Ticket.objects.get()
    assert (away.ticket, ticket.is_open, ticket.waiting_since) == (ticket, False, None)


def test_a_rule_sets_priority_queue_and_state_and_says_so(mailbox: Mailbox) -> None:
    bank = make_queue("Bank")
    closed = State.objects.get(name="closed successful")
    actions = {"queue": bank.pk, "priority": "urgent", "state": closed.pk}
    Filter.objects.create(name="Bank mail", position=1, query="from:@bank.example", actions=actions)

    article = file(mailbox, sender="a@bank.example")
    other = file(mailbox)

    assert (article.ticket.queue, article.ticket.priority, article.ticket.state) == (bank, Priority.URGENT, closed)
    assert (other.ticket.queue, other.ticket.priority) == (mailbox.queue, Priority.NORMAL)
    assert any("Bank mail" in line for line in InboundMail.objects.get(article=article).trace)


def test_a_rule_says_what_a_new_ticket_is_about(mailbox: Mailbox) -> None:
    kind, service = TicketType.objects.create(name="Transfer"), Service.objects.create(name="Bank")
    CustomField.objects.create(name="plan", label="Plan", kind="text")
    actions = {"type": kind.pk, "service": service.pk, "tags": ["bank"], "fields": {"plan": "Gold"}}
    Filter.objects.create(name="Bank mail", query="from:@bank.example", actions=actions)

    ticket = Ticket.objects.get(pk=file(mailbox, sender="a@bank.example").ticket_id)

    assert (ticket.type, ticket.service, ticket.tags, ticket.fields) == (kind, service, ["bank"], {"plan": "Gold"})
    kinds = {"type_changed", "service_changed", "tags_changed", "field_changed"}
    assert kinds < set(history_of(ticket))


@pytest.mark.parametrize(("action", "state"), [("ignore", "ignored"), ("quarantine", "quarantined")])
def test_a_rule_keeps_a_mail_out(mailbox: Mailbox, action: str, state: str) -> None:
    Filter.objects.create(name="Spam", position=1, query="header.x-spam:yes", actions={action: True})

    mail = keep(mailbox=mailbox, raw=mail_bytes(extra="X-Spam: yes\r\n"), channel="pipe")
    file_waiting()

    mail.refresh_from_db()
    assert (mail.state, mail.article) == (state, None)
    assert "Spam" in mail.trace[-1]
    assert not Ticket.objects.exists()
