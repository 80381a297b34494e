"""Mails filed together leave behind what they would have left one after the other."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.db import connection, models, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from ghiseu.mail.inbound.claim import MOST_DEATHS
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import AutomaticMail, AutoResponse, Filter, InboundMail, Mailbox, OutboundMail
from ghiseu.mail.outbound.notify import notification
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.third_party import write_to_third_party
from ghiseu.people.models import Agent, Customer, Identity
from ghiseu.tickets.actions import assign_ticket, close_ticket
from ghiseu.tickets.models import Article, Attachment, Blob, Event, FollowUp, Participant, Queue, State, Ticket
from tests.factories import make_customer, make_mailbox, make_queue, make_ticket
from tests.mail.mails import bounce_bytes, mail_bytes

pytestmark = pytest.mark.django_db

NOON = "2026-11-22T10:00:00+00:00"
SENDERS = [f"c{number}@site.example" for number in range(4)]
COMPARED: dict[type[models.Model], tuple[str, ...]] = {
    Ticket: ("pk",),
    Article: ("pk",),
    Attachment: ("pk",),
    Event: ("pk",),
    Participant: ("ticket", "address"),
    Customer: ("pk",),
    Identity: ("kind", "value"),
    InboundMail: ("pk",),
    OutboundMail: ("pk",),
    AutomaticMail: ("pk",),
}


@dataclass(frozen=True)
class Desk:
    mailbox: Mailbox
    other: Mailbox
    tickets: list[Ticket]
    # Message-IDs of ours that a mail may answer, by what they are.
    ours: dict[str, list[str]]


@pytest.fixture
def clock() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def desk(clock: None, ana: Agent) -> Desk:
    """Queues of every policy, each with an open and a closed ticket that Ana answered."""
    ana.wants_mail = True
    ana.save()
    queues = [
        make_queue(f"{policy.name.title()}", full=[ana], follow_up=policy, address=f"{policy.value}@desk.example")
        for policy in FollowUp
    ]
    _write_texts(queues)
    mailbox = make_mailbox(queues[0], trusted_server="mx.desk.example")
    other = make_mailbox(queues[1], name="other", address="other@desk.example")
    _make_rules(queues[2])
    tickets, replies, asked, told = [], [], [], []
    for number, queue in enumerate(queues * 2):
        ticket = make_ticket(queue, customer=make_customer(SENDERS[number % 4]), from_address=SENDERS[number % 4])
        ticket = assign_ticket(ticket, to=ana, by=ana)
        replies.append(send_reply(ticket, by=ana, text="Which site?", to=SENDERS[number % 4]).message_id)
        asked.append(write_to_third_party(ticket, by=ana, text="Whose?", to="help@nic.example").message_id)
        _arrive(mailbox, mail_bytes(sender=SENDERS[number % 4], text=f"It is {number}.", in_reply_to=replies[-1]))
        told.append(notification(OutboundMail.objects.filter(kind="notification").latest("pk"))[0])
        tickets.append(close_ticket(ticket, by=ana) if number >= 3 else ticket)
    return Desk(mailbox, other, tickets, {"reply": replies, "asked": asked, "told": told})


def _write_texts(queues: list[Queue]) -> None:
    for queue in queues:
        for occasion in AutoResponse.Occasion.values:
            AutoResponse.objects.create(
                queue=queue, occasion=occasion, language="en", subject=f"{occasion} {{number}}", text="{queue}"
            )


def _make_rules(queue: Queue) -> None:
    closed = State.objects.get(name="closed successful")
    everything = {"queue": queue.pk, "priority": "high", "state": closed.pk, "tags": ["bank"]}
    Filter.objects.create(name="Spam", position=1, query="header.x-spam:yes", actions={"ignore": True})
    Filter.objects.create(name="Odd", position=2, query="header.x-odd:yes", actions={"quarantine": True})
    Filter.objects.create(name="Bank", position=3, query="header.x-bank:yes", actions=everything)


def _arrive(mailbox: Mailbox, raw: bytes) -> None:
    keep(mailbox=mailbox, raw=raw, channel="lmtp")
    file_waiting()


def some_mails(desk: Desk, chance: random.Random, count: int) -> list[bytes]:
    """Whatever can come: new matters, answers of every kind, to each other too, notices, rubbish."""
    made: list[bytes] = []
    for number in range(count):
        kind = chance.random()
        if kind < 0.05:
            made.append(bytes(chance.randrange(256) for _ in range(60)))
        elif kind < 0.12:
            reply, recipient = chance.choice(desk.ours["reply"]), chance.choice(SENDERS)
            made.append(bounce_bytes(message_id=reply, recipient=recipient).replace(b"dsn.1@", b"dsn.%d@" % number))
        else:
            made.append(_mail(desk, chance, number))
    return made


def _mail(desk: Desk, chance: random.Random, number: int) -> bytes:
    what = chance.choice(list(desk.ours))
    ours = chance.choice(desk.ours[what])
    # Who may answer it, next to anybody who may not.
    rightly = {"reply": SENDERS[0], "asked": "help@nic.example", "told": "Ana <ana@desk.example>"}[what]
    earlier = f"m{chance.randrange(max(1, number))}@site.example"
    extra = [
        *["", "", "", "", "Auto-Submitted: auto-replied\r\n", "X-Spam: yes\r\n", "X-Odd: yes\r\n", "X-Bank: yes\r\n"],
        *[f"Authentication-Results: mx.desk.example; dmarc={word}\r\n" for word in ("pass", "fail")],
    ]
    fields = {
        "sender": chance.choice([*SENDERS, *SENDERS, rightly, rightly, f"n{number}@x.example"]),
        "to": chance.choice(["support@desk.example", "Reject <reject@desk.example>, a@b.example"]),
        "subject": chance.choice(["Hello", "", f"Re: Site [#{chance.choice(desk.tickets).number}]"]),
        "text": f"Mail {number}. Привет, the site is down.",
        # Now and then one Message-ID for two mails.
        "message_id": f"m{number - (chance.random() < 0.1)}@site.example",
        "in_reply_to": chance.choice(["", "", earlier, ours, ours]),
        "extra": chance.choice(extra),
    }
    raw = mail_bytes(**fields)
    return _with_file(raw, chance) if chance.random() < 0.2 else raw


def _with_file(raw: bytes, chance: random.Random) -> bytes:
    """Two different files in all, one of them too large for a row."""
    size = chance.choice([30, 40_000])
    head, _, text = raw.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Type:.*", b'Content-Type: multipart/mixed; boundary="edge"', head)
    head = head.replace(b"Content-Transfer-Encoding: 8bit\r\n", b"").replace(
        b"\r\nContent-Transfer-Encoding: 8bit", b""
    )
    part = b"--edge\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text
    file = b"--edge\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\n" + b"x" * size
    return head + b"\r\n\r\n" + part + file + b"\r\n--edge--\r\n"


def left_behind() -> dict[str, list[dict[str, Any]]]:
    """Every column of every row, with numbers in order in the place of ids and of what is drawn by chance."""
    places = {
        kind: {
            pk: place for place, pk in enumerate(kind._default_manager.order_by(*order).values_list("pk", flat=True))
        }
        for kind, order in COMPARED.items()
    }
    numbers = {
        number: f"T{place}"
        for place, number in enumerate(Ticket.objects.order_by("pk").values_list("number", flat=True))
    }
    hashes = dict(Blob.objects.values_list("pk", "sha256"))

    def plain(value: Any) -> Any:
        text = re.sub(r"\d{14,}", lambda match: numbers.get(match[0], match[0]), repr(value))
        return re.sub(r"[tp]\d+\.[0-9a-f]{16}\.[0-9a-f]{32}@", "ours@", text)

    def shown(row: models.Model, field: models.Field[Any, Any]) -> Any:
        value = getattr(row, field.attname)
        if field.primary_key:
            return None
        if field.related_model is Blob:
            return hashes.get(value)
        return places[field.related_model].get(value) if field.related_model in places else plain(value)

    return {
        kind.__name__: [
            {field.name: shown(row, field) for field in kind._meta.concrete_fields}
            for row in kind._default_manager.order_by(*order)
        ]
        for kind, order in COMPARED.items()
    }


def filed(desk: Desk, mails: list[bytes], *, limit: int) -> dict[str, list[dict[str, Any]]]:
    """What the mails leave behind when at most so many are filed together; taken back at the end."""
    before = transaction.savepoint()
    for number, raw in enumerate(mails):
        keep(mailbox=desk.other if number % 7 == 3 else desk.mailbox, raw=raw, channel="lmtp")
    while file_waiting(limit=limit):
        pass
    assert not InboundMail.objects.filter(state=InboundMail.State.RECEIVED).exists()
    found = left_behind()
    transaction.savepoint_rollback(before)
    return found


@pytest.mark.parametrize("seed", range(6))
@override_settings(AUTOMATIC_MAILS_PER_HOUR=12)
def test_it_makes_no_difference_how_many_are_filed_together(desk: Desk, seed: int) -> None:
    mails = some_mails(desk, random.Random(seed), 45)

    one_by_one, together = filed(desk, mails, limit=1), filed(desk, mails, limit=50)

    for table, rows in one_by_one.items():
        assert together[table] == rows, table


def test_a_mail_that_the_database_refuses_stops_no_other_of_its_batch(desk: Desk) -> None:
    connection.check_constraints()  # a table with checks still to come cannot be altered
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tickets_article ADD CONSTRAINT no_evil CHECK (subject <> 'Evil')")
    before = Ticket.objects.count()
    kept = [
        keep(
            mailbox=desk.mailbox,
            raw=mail_bytes(subject=subject, sender=SENDERS[0], text=f"Mail {number}"),
            channel="pipe",
        )
        for number, subject in enumerate(["Good", "Evil", "Good too"])
    ]

    file_waiting()

    states = [InboundMail.objects.get(pk=mail.pk).state for mail in kept]
    assert states == ["filed", "received", "filed"]
    assert Ticket.objects.count() == before + 2
    assert "no_evil" in InboundMail.objects.get(pk=kept[1].pk).error


def test_fifty_mails_ask_the_database_about_as_much_as_one(desk: Desk) -> None:
    def asked(count: int) -> int:
        for number in range(count):
            keep(mailbox=desk.mailbox, raw=mail_bytes(sender=f"{count}.{number}@x.example"), channel="pipe")
        with CaptureQueriesContext(connection) as queries:
            file_waiting()
        return len(queries)

    assert asked(50) <= asked(1) + 5 < 50


def test_what_was_tried_before_is_claimed_alone(desk: Desk) -> None:
    tried, *fresh = [
        keep(mailbox=desk.mailbox, raw=mail_bytes(text=f"Mail {number}"), channel="pipe") for number in range(4)
    ]
    InboundMail.objects.filter(pk=tried.pk).update(tries=1)

    assert [file_waiting(), file_waiting(), file_waiting()] == [1, len(fresh), 0]


def test_a_mail_that_kills_its_worker_each_time_ends_in_quarantine(desk: Desk) -> None:
    mail = keep(mailbox=desk.mailbox, raw=mail_bytes(), channel="pipe")
    InboundMail.objects.filter(pk=mail.pk).update(tries=MOST_DEATHS)

    file_waiting()

    mail.refresh_from_db()
    assert (mail.state, mail.article) == (InboundMail.State.QUARANTINED, None)
    assert f"died {MOST_DEATHS} times" in mail.error


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_the_same_people_and_tickets_wait_for_each_other_and_no_more(ana: Agent) -> None:
    queue = make_queue(full=[ana], address="queue@desk.example")
    _write_texts([queue])
    mailbox, customer = make_mailbox(queue), make_customer(SENDERS[0])
    tickets = [make_ticket(queue, customer=customer, from_address=SENDERS[0]) for _ in range(5)]
    ours = [send_reply(ticket, by=ana, text="Which?", to=SENDERS[0]).message_id for ticket in tickets]
    chance = random.Random(7)
    for number in range(120):
        sender, quoted = f"new{chance.randrange(20)}@x.example", chance.choice(["", "", *ours])
        raw = mail_bytes(sender=SENDERS[0] if quoted else sender, text=f"Mail {number}", in_reply_to=quoted)
        keep(mailbox=mailbox, raw=raw, channel="lmtp")

    _in_threads(4, lambda: sum(iter(lambda: file_waiting(limit=12), 0)))

    assert set(InboundMail.objects.values_list("state", "tries")) == {("filed", 1)}
    assert Article.objects.filter(raw__isnull=False).count() == 120
    assert Identity.objects.filter(value__startswith="new").count() == Customer.objects.count() - 1
    for ticket in Ticket.objects.all():
        assert ticket.article_count == ticket.articles.count()
    heard = AutomaticMail.objects.values_list("address").annotate(models.Count("pk"))
    assert {count for address, count in heard if address.startswith("new")} == {1}


def _in_threads(count: int, work: Callable[[], int]) -> None:
    def one(_: int) -> int:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))
