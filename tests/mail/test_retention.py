"""Retention from end to end: a mail that came in, its answer, its files; the rule; and what is left of them."""

import datetime as dt
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.conf import settings as desk_settings
from django.core import serializers
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from ghiseu.lib import blobs as files
from ghiseu.mail.forgetting import forget_mails
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import InboundMail, Mailbox, OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.third_party import write_to_third_party
from ghiseu.people.customers import customer_for_address
from ghiseu.people.erasing import ANONYMOUS
from ghiseu.people.models import Agent, Customer, Identity
from ghiseu.tickets.actions import close_ticket, hold_customer, hold_ticket, release_ticket, write_note
from ghiseu.tickets.actions.erase import Act, Erased, erase_ticket
from ghiseu.tickets.actions.messages import NewFile
from ghiseu.tickets.blobs import bytes_of, sweep
from ghiseu.tickets.describe import describe
from ghiseu.tickets.errors import TicketErased
from ghiseu.tickets.models import Article, Attachment, Blob, Event, RetentionRule, RetentionRun, Ticket
from ghiseu.tickets.retention import retain_some, save_rule, switch_rule, try_out
from tests.factories import make_agent, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db
T = TypeVar("T")
LONG = "Long words of Vera's. " * 3000
NIGHT = dt.timedelta(hours=1)
TRACES = ("Vera", "vera", "site.example", "Moraru", "Secret", "nic@registry.example", "photo", "550 no such user")


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS_FOLDER = tmp_path / "blobs"


@pytest.fixture
def boss(db: None) -> Agent:
    return make_agent("boss", "Doina Munteanu", is_administrator=True)


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana], address="support@desk.example"))


def ticket_with_everything(mailbox: Mailbox, ana: Agent, *, number: int = 1, sender: str = "") -> Ticket:
    """A long mail filed, answered, asked about, noted, bounced; and closed two years ago."""
    raw = mail_bytes(
        sender=sender or "Vera Moraru <vera@site.example>",
        subject=f"Secret matter {number}",
        text=LONG,
        message_id=f"m{number}@site.example",
    )
    mail = keep(mailbox=mailbox, raw=raw, channel="pipe")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    ticket = mail.article.ticket
    send_reply(ticket, by=ana, text="Dear Vera, it is done.", to="Vera <vera@site.example>")
    write_to_third_party(ticket, by=ana, text="Whose is Vera's site?", to="nic@registry.example")
    write_note(ticket, text="Vera called.", by=ana, files=[NewFile("photo.txt", "text/plain", b"Vera's photo")])
    OutboundMail.objects.filter(article__ticket=ticket).update(state="sent", sent_at=timezone.now(), answer="250 ok")
    from ghiseu.tickets.history import record
    from ghiseu.tickets.models import Kind

    record(ticket, Kind.DELIVERY_FAILED, by=None, recipient="vera@site.example", reason="550 no such user")
    close_ticket(ticket, by=ana)
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=timezone.now() - dt.timedelta(days=730))
    return Ticket.objects.get(pk=ticket.pk)


def everything_kept() -> str:
    """Every row of every table of the desk, and every file, as text."""
    from django.apps import apps

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tickets_searchdue")
    models = [model for room in ("people", "tickets", "mail") for model in apps.get_app_config(room).get_models()]
    rows = [row for model in models for row in model._default_manager.all()]
    kept = json.loads(serializers.serialize("json", rows))
    folder = Path(desk_settings.BLOBS_FOLDER)
    names = [str(path) for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    blobs = [bytes_of(blob).decode("latin-1") for blob in Blob.objects.filter(data__isnull=False)]
    # The desk's words for guessing what was misspelt belong to no ticket.
    return json.dumps([row for row in kept if row["model"] != "tickets.searchword"], ensure_ascii=False) + str(
        [*names, *blobs]
    )


def erase(ticket: Ticket, act: Act) -> Erased | None:
    return erase_ticket(ticket.pk, act=act, rule="Two years", forget=forget_mails)


@pytest.mark.django_db(transaction=True)
def test_a_customer_who_writes_at_that_moment_is_not_forgotten(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    vera = ticket.customer
    with ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
        assert customer_for_address("vera@site.example") == vera
        # Their mail is being filed, and no ticket is there yet.
        assert elsewhere.submit(_by_itself, lambda: erase(ticket, Act.DELETE)).result() is None

    assert erase(ticket, Act.DELETE) is not None
    assert list(vera.identities.all()) == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_comes_while_its_customer_is_forgotten_makes_a_new_one(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            assert erase(ticket, Act.DELETE) is not None
            found = elsewhere.submit(_by_itself, lambda: customer_for_address("vera@site.example", name="Vera"))
            _wait_until_somebody_waits()
        new = found.result()

    assert (new.pk != ticket.customer_id, new.name) == (True, "Vera")
    assert [identity.customer for identity in Identity.objects.filter(value="vera@site.example")] == [new]


def _by_itself(act: Callable[[], T]) -> T:
    """In a thread with a connection of its own."""
    try:
        return act()
    finally:
        connection.close()


def _wait_until_somebody_waits() -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits for the lock.")


def finish() -> None:
    while sweep():
        pass


@pytest.mark.parametrize("act", list(Act))
def test_nothing_of_the_person_is_left_and_every_count_is(mailbox: Mailbox, ana: Agent, act: Act) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    customer = ticket.customer
    kinds = list(Event.objects.filter(ticket=ticket).order_by("pk").values_list("kind", flat=True))
    before = everything_kept()
    assert [trace for trace in TRACES if trace not in before] == []

    erased = erase(ticket, act)
    finish()

    assert erased == Erased(articles=4, files=1, mails=3)
    after = everything_kept()
    assert [trace for trace in TRACES if trace in after] == []
    left = Ticket.objects.get(pk=ticket.pk)
    same = ("number", "queue", "created_at", "closed_at", "first_answered_at", "article_count", "owner", "priority")
    assert [getattr(left, name) for name in same] == [getattr(ticket, name) for name in same]
    assert left.customer.identities.get().value == ANONYMOUS
    assert left.archived_at is not None
    assert (left.state_type, left.title) == (
        ("removed", "(deleted)") if act == Act.DELETE else ("closed", "(anonymised)")
    )
    customer.refresh_from_db()
    assert (customer.name, customer.identities.count()) == ("", 0)
    articles = Article.objects.filter(ticket=ticket)
    assert articles.count() == (0 if act == Act.DELETE else 4)
    assert set(articles.values_list("text", "subject", "raw")) <= {("", "", None)}
    assert Attachment.objects.count() == 0
    events = Event.objects.filter(ticket=ticket).order_by("pk")
    assert [event.kind for event in events] == [*kinds, "deleted" if act == Act.DELETE else "anonymised"]
    assert "An answer did not reach …: …" in [describe(event) for event in events]
    assert "Two years" in describe(list(events)[-1])


def test_the_bytes_go_from_the_disk_and_the_fingerprint_stays(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    mail = InboundMail.objects.select_related("raw").get()
    path = files.path_of(Path(desk_settings.BLOBS_FOLDER), mail.raw.sha256)
    raw = path.read_bytes()

    erase(ticket, Act.DELETE)
    finish()

    mail.refresh_from_db()
    assert not path.exists()
    assert (mail.state, mail.article, mail.raw.erased_at is None) == ("filed", None, False)
    assert Blob.objects.count() == 1

    again = keep(mailbox=mailbox, raw=raw, channel="imap")
    finish()

    assert (again.pk, file_waiting(), path.exists()) == (mail.pk, 0, False)


def test_bytes_that_another_ticket_needs_stay(mailbox: Mailbox, ana: Agent) -> None:
    ticket, other = ticket_with_everything(mailbox, ana), ticket_with_everything(mailbox, ana, number=2)

    erase(ticket, Act.DELETE)
    finish()

    note = Article.objects.get(ticket=other, channel="note")
    assert [bytes_of(file.blob) for file in note.attachments.select_related("blob")] == [b"Vera's photo"]
    assert Identity.objects.filter(value="vera@site.example").exists()


def test_what_waits_to_leave_keeps_its_ticket(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    OutboundMail.objects.filter(recipient="vera@site.example").update(state="waiting", sent_at=None)

    assert erase(ticket, Act.DELETE) is None

    assert OutboundMail.objects.count() == 2


def test_an_open_ticket_is_left_alone(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    keep(
        mailbox=mailbox, raw=mail_bytes(subject=f"Re: [{ticket.number}]", message_id="re@site.example"), channel="pipe"
    )
    file_waiting()

    assert erase(ticket, Act.ANONYMISE) is None


def test_a_legal_hold_stops_erasing_until_it_is_lifted(mailbox: Mailbox, ana: Agent, boss: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)

    hold_ticket(ticket, reason="Claim 17", by=ana)
    assert erase(ticket, Act.DELETE) is None
    release_ticket(ticket, by=ana)
    hold_customer(ticket.customer, reason="Claim 18", by=boss)
    assert erase(ticket, Act.DELETE) is None
    assert Article.objects.filter(ticket=ticket).count() == 4


def test_an_erased_ticket_is_worked_on_no_more(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    erase(ticket, Act.ANONYMISE)

    with pytest.raises(TicketErased, match=ticket.number):
        write_note(ticket, text="Vera called again.", by=ana)


def test_what_was_anonymised_may_be_deleted_later_and_not_the_other_way_round(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)

    assert [erase(ticket, Act.ANONYMISE) is None, erase(ticket, Act.ANONYMISE) is None] == [False, True]
    assert [erase(ticket, Act.DELETE) is None, erase(ticket, Act.ANONYMISE) is None] == [False, True]

    assert Ticket.objects.get(pk=ticket.pk).state_type == "removed"


class Killed(BaseException):
    """Stands for a process that is killed: nothing of ours catches it."""


def steps_of_erasing(ticket: Ticket, stop_at: int) -> int:
    """Erase, and be killed at the statement `stop_at`; returns how many statements there were."""
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == stop_at:
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        erase(ticket, Act.DELETE)
    return seen


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_statement_it_is_there_whole_or_not_at_all(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    before = everything_kept()
    stop_at, is_killed = 0, True
    while is_killed:
        stop_at += 1
        try:
            steps_of_erasing(ticket, stop_at)
            is_killed = False
        except Killed:
            assert everything_kept() == before
    finish()

    assert stop_at > 20
    assert [trace for trace in TRACES if trace in everything_kept()] == []


@pytest.fixture
def rule(mailbox: Mailbox, boss: Agent) -> RetentionRule:
    rule = save_rule(RetentionRule(name="Two years", query="queue:Support", after_months=12, act="delete"), by=boss)
    try_out(rule, by=boss)
    switch_rule(rule, on=True, by=boss)
    return rule


def one_night(limit: int = 10) -> int:
    night, steps = timezone.now() - NIGHT, 0
    while retain_some(night=night, limit=limit, forget=forget_mails):
        steps += 1
    return steps


def test_a_night_erases_what_the_rule_means_and_counts_it(rule: RetentionRule, mailbox: Mailbox, ana: Agent) -> None:
    due = [ticket_with_everything(mailbox, ana, number=number) for number in range(3)]
    young, held = ticket_with_everything(mailbox, ana, number=4), ticket_with_everything(mailbox, ana, number=5)
    Ticket.objects.filter(pk=young.pk).update(closed_at=timezone.now() - dt.timedelta(days=300))
    hold_ticket(held, reason="Claim 17", by=ana)

    assert one_night(limit=2) == 3
    assert one_night() == 0

    erased = Ticket.objects.filter(erased_at__isnull=False)
    assert set(erased) == set(due)
    run = RetentionRun.objects.get()
    counts = (run.ticket_count, run.article_count, run.file_count, run.mail_count, run.held_count)
    assert counts == (3, 12, 3, 9, 1)
    assert (run.rule_name, run.query, run.finished_at is None) == ("Two years", "queue:Support", False)


@pytest.mark.django_db(transaction=True)
def test_a_night_that_is_cut_off_goes_on_and_the_audit_counts_each_ticket_once(
    rule: RetentionRule, mailbox: Mailbox, ana: Agent
) -> None:
    for number in range(3):
        ticket_with_everything(mailbox, ana, number=number)
    calls = 0

    def forget_and_die(article_ids: Any) -> int | None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        return forget_mails(article_ids)

    night = timezone.now() - NIGHT
    with pytest.raises(Killed):
        retain_some(night=night, limit=10, forget=forget_and_die)
    assert RetentionRun.objects.get().ticket_count == Ticket.objects.filter(erased_at__isnull=False).count() == 1

    while retain_some(night=night, limit=10, forget=forget_mails):
        pass

    run = RetentionRun.objects.get()
    assert (run.ticket_count, run.finished_at is None) == (3, False)


def test_a_rule_that_is_switched_off_in_the_night_stops(
    rule: RetentionRule, mailbox: Mailbox, ana: Agent, boss: Agent
) -> None:
    for number in range(3):
        ticket_with_everything(mailbox, ana, number=number)
    night = timezone.now() - NIGHT
    retain_some(night=night, limit=1, forget=forget_mails)

    switch_rule(RetentionRule.objects.get(pk=rule.pk), on=False, by=boss)
    while retain_some(night=night, limit=1, forget=forget_mails):
        pass

    assert Ticket.objects.filter(erased_at__isnull=False).count() == 1


def test_a_customer_with_another_ticket_is_still_known(mailbox: Mailbox, ana: Agent) -> None:
    ticket, other = ticket_with_everything(mailbox, ana), ticket_with_everything(mailbox, ana, number=2)

    erase(ticket, Act.DELETE)

    customer = Customer.objects.get(pk=other.customer_id)
    assert (customer.name, customer.identities.get().value) == ("Vera Moraru", "vera@site.example")


def test_numbers_of_reports_do_not_change(mailbox: Mailbox, ana: Agent) -> None:
    tickets = [ticket_with_everything(mailbox, ana, number=number) for number in range(3)]
    answers = Event.objects.filter(kind="reply_written", agent=ana)
    counts = (Ticket.objects.filter(queue=mailbox.queue).count(), answers.count())

    with transaction.atomic():
        erase(tickets[0], Act.ANONYMISE)
        erase(tickets[1], Act.DELETE)

    assert (Ticket.objects.filter(queue=mailbox.queue).count(), answers.count()) == counts == (3, 3)


def test_no_ticket_points_to_an_erased_one(mailbox: Mailbox, ana: Agent) -> None:
    ticket, other = ticket_with_everything(mailbox, ana), ticket_with_everything(mailbox, ana, number=2)
    Ticket.objects.filter(pk=other.pk).update(related=ticket)

    erase(ticket, Act.ANONYMISE)

    assert Ticket.objects.get(pk=other.pk).related is None


def test_an_answer_to_an_erased_ticket_begins_a_new_one_that_does_not_name_it(mailbox: Mailbox, ana: Agent) -> None:
    ticket = ticket_with_everything(mailbox, ana)
    ours = Article.objects.get(ticket=ticket, sender_type="agent", is_visible_to_customer=True).message_id
    erase(ticket, Act.ANONYMISE)

    fields = {"subject": f"Re: [{ticket.number}] Secret", "in_reply_to": ours, "message_id": "late@site.example"}
    keep(mailbox=mailbox, raw=mail_bytes(**fields), channel="pipe")
    file_waiting()

    new = Ticket.objects.exclude(pk=ticket.pk).get()
    assert (new.related, new.customer.identities.get().value) == (None, "vera@site.example")
    assert Ticket.objects.get(pk=ticket.pk).state_type == "closed"
