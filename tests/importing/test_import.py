"""Tickets of other programs come in whole: with their numbers, times and people, once, and in silence."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ghiseu.importing.errors import CannotImport
from ghiseu.importing.loading import IMPORT_LOCK
from ghiseu.mail.models import IMPORT, InboundMail, OutboundMail
from ghiseu.ops.database import connection_arguments
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import NewMessage, write_reply
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, Attachment, CustomField, Event, Kind, Priority, Queue, StateType, Ticket
from ghiseu.tickets.numbers import check_digit, next_number
from ghiseu.tickets.permissions import Right
from tests.factories import grant, history_of, make_customer, make_queue, make_ticket
from tests.importing.lines import ANSWERED, CREATED, a_ticket, an_answer, an_article, take

pytestmark = pytest.mark.django_db


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_a_ticket_comes_in_with_everything_that_its_line_says() -> None:
    closed = "2024-03-02T08:00:00+02:00"
    note = an_answer(direction="note", body="Disk was full.", created_at="2024-03-01T11:00:00Z", message_id="<n@x>")

    report, said = take(
        a_ticket(
            state="closed",
            closed_at=closed,
            owner="ana.popescu",
            domain="shop.example",
            articles=[an_article(), an_answer(), note],
        )
    )

    ticket = Ticket.objects.get()
    assert said == []
    assert (report.tickets, report.articles, report.is_complete) == (1, 3, True)
    assert (ticket.number, ticket.title, ticket.queue.name) == ("202403011000001", "Site down", "Support")
    assert (ticket.state.name, ticket.state_type) == ("closed successful", StateType.CLOSED)
    assert (ticket.priority, ticket.language, ticket.fields) == (Priority.HIGH, "ro", {"domain": "shop.example"})
    assert (ticket.created_at, ticket.closed_at, ticket.changed_at) == (at(CREATED), at(closed), at(closed))
    assert (ticket.first_answered_at, ticket.waiting_since) == (at(ANSWERED), None)
    assert (ticket.article_count, ticket.last_words) == (3, "Disk was full.")
    assert [address for (address,) in ticket.participants.values_list("address")] == ["vera@site.example"]
    assert history_of(ticket) == [Kind.CREATED, Kind.REPLY_WRITTEN, Kind.NOTE_WRITTEN, Kind.STATE_CHANGED]
    first, answer, internal = ticket.articles.order_by("pk")
    assert (first.customer, first.agent, first.text) == (ticket.customer, None, "My site is down.")
    assert (first.from_name, first.from_address, first.message_id) == (
        "Vera Moraru",
        "vera@site.example",
        "first@site.example",
    )
    assert answer.to == [{"name": "Vera Moraru", "address": "vera@site.example"}]
    assert (answer.agent, answer.in_reply_to) == (ticket.owner, "first@site.example")
    assert (internal.channel, internal.is_visible_to_customer) == ("note", False)


def test_who_is_named_is_made() -> None:
    report, _said = take(a_ticket(owner="ana.popescu", domain="shop.example", articles=[an_article(), an_answer()]))

    ana = Agent.objects.get()
    assert (ana.login, ana.name, ana.has_usable_password()) == ("ana.popescu", "Ana Popescu", False)
    assert Queue.objects.get().name == "Support"
    assert CustomField.objects.get().name == "domain"
    customer = Customer.objects.get()
    assert (customer.name, customer.language, customer.identities.get().value) == (
        "Vera Moraru",
        "ro",
        "vera@site.example",
    )
    assert dict(report.made) == {"queue": 1, "custom_field": 1, "agent": 1, "customer": 1}


def test_who_is_here_already_is_found_and_left_as_they_are(ana: Agent) -> None:
    queue = make_queue("Support", signature="Yours")
    vera = make_customer("vera@site.example", "Vera, the best")

    report, _said = take(
        a_ticket(owner="Ana", customer_email="VERA@site.example", articles=[an_article(), an_answer()])
    )

    ticket = Ticket.objects.get()
    assert (ticket.queue, ticket.owner, ticket.customer) == (queue, ana, vera)
    assert ticket.articles.latest("pk").agent == ana
    assert Customer.objects.get().name == "Vera, the best"
    assert not report.made


def test_an_import_may_be_repeated() -> None:
    line = a_ticket(articles=[an_article(), an_answer()])
    take(line)

    report, said = take(dict(reversed(line.items())))

    assert (report.tickets, report.known, report.refused, said) == (0, 1, 0, [])
    assert (Ticket.objects.count(), Article.objects.count(), Customer.objects.count()) == (1, 2, 1)


def test_a_ticket_that_was_worked_on_since_is_still_the_same(ana: Agent) -> None:
    queue = make_queue("Support", full=[ana])
    take(a_ticket())
    write_reply(
        Ticket.objects.get(), NewMessage(text="Solved.", to=({"name": "", "address": "vera@site.example"},)), by=ana
    )

    report, said = take(a_ticket())

    assert (report.known, said) == (1, [])
    assert (Ticket.objects.get(queue=queue).article_count, Ticket.objects.get().owner) == (2, ana)


def test_the_same_number_with_another_content_changes_nothing() -> None:
    take(a_ticket())

    report, said = take(a_ticket(title="Something else"), a_ticket("202403011000002", state="new"))

    assert said == ["line 1: number: 202403011000001 is here with another content; nothing was changed"]
    assert (report.tickets, report.conflicts, report.refused) == (1, 1, 1)
    assert set(Ticket.objects.values_list("title", flat=True)) == {"Site down"}


def test_a_ticket_of_this_desk_is_never_touched() -> None:
    ticket = make_ticket()

    report, _said = take(a_ticket(ticket.number))

    assert report.conflicts == 1
    assert Ticket.objects.get().title == ticket.title


def test_a_number_stands_once_in_a_file() -> None:
    report, said = take(a_ticket(), a_ticket(), a_ticket("2"))

    assert said == ["line 2: number: 202403011000001 stands in an earlier line of this import, too"]
    assert (report.tickets, report.refused) == (2, 1)


def test_nothing_leaves_the_desk() -> None:
    take(a_ticket(articles=[an_article(), an_answer()]))

    assert not OutboundMail.objects.exists()


def test_what_another_desk_had_still_to_send_or_to_file_does_no_harm_here() -> None:
    later = {"next_try_at": "2024-03-01T10:31:00Z"}
    waiting = {"recipient": "vera@site.example", "created_at": ANSWERED} | later
    received = {"mailbox": "support", "channel": "lmtp", "raw": {"data": "RnJvbTogeA0KDQp4"}} | later
    lines = [
        {"record": "queue", "name": "Support"},
        {"record": "mailbox", "name": "support", "address": "support@desk.example", "queue": "Support"},
        {"record": "blob", "data": "RnJvbTogeA0KDQp4"},
        a_ticket(articles=[an_article(), an_answer(outbound_mails=[waiting])]),
        {"record": "inbound_mail"} | received,
    ]

    report, said = take(*lines)

    assert said == []
    assert OutboundMail.objects.get().state == OutboundMail.State.CANCELLED
    assert (InboundMail.objects.get().state, InboundMail.objects.get().channel) == ("received", IMPORT)
    assert list(report.notes.values()) == [1, 1]
    again, nothing = take(*lines)
    assert (again.refused, nothing) == (0, [])


def test_files_and_raw_mails_come_along(tmp_path: Path) -> None:
    large = bytes(range(256)) * 200
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "shot.png").write_bytes(large)
    raw = b"From: vera@site.example\r\n\r\nMy site is down.\r\n"
    article = an_article(
        raw={"data": base64.b64encode(raw).decode()},
        attachments=[
            {"filename": "shot.png", "content_type": "image/png", "content": {"file": "files/shot.png"}},
            {"filename": "a.txt", "content_type": "text/plain", "content": {"data": "aGVsbG8="}, "inline": True},
        ],
    )

    report, said = take(a_ticket(articles=[article]), folder=tmp_path)

    shot, text = Attachment.objects.order_by("pk")
    assert (said, report.files) == ([], 2)
    assert (shot.filename, shot.size, bytes_of(shot.blob)) == ("shot.png", len(large), large)
    assert (text.is_inline, bytes_of(text.blob)) == (True, b"hello")
    kept = Article.objects.get().raw
    assert kept is not None
    assert bytes_of(kept) == raw


def test_what_a_ticket_does_not_say_is_worked_out() -> None:
    second = an_article(message_id="<3@x>", created_at="2024-03-02T09:00:00Z", body="Down again.")
    third = second | {"message_id": "<4@x>", "created_at": "2024-03-03T09:00:00Z"}
    note = an_answer(direction="note", created_at="2024-03-04T09:00:00Z", message_id="")

    take(a_ticket(articles=[an_article(), an_answer(), second, third, note]))

    ticket = Ticket.objects.get()
    assert ticket.waiting_since == at("2024-03-02T09:00:00Z")
    assert ticket.first_answered_at == at(ANSWERED)
    assert ticket.changed_at == at("2024-03-04T09:00:00Z")


def test_a_ticket_that_waits_without_saying_until_when_shows_up_again() -> None:
    report, _said = take(a_ticket(state="pending"))

    ticket = Ticket.objects.get()
    assert ticket.state_type == StateType.PENDING_REMINDER
    assert ticket.pending_until is not None
    assert [str(count) for count in report.notes.values()] == ["1"]


def test_a_ticket_closed_before_it_was_made_is_taken_with_a_report() -> None:
    report, _said = take(
        a_ticket(created_at="2024-03-02T09:00:07Z", state="closed", closed_at="2024-03-02T09:00:05Z", articles=[])
    )

    ticket = Ticket.objects.get()
    assert ticket.closed_at == ticket.created_at == ticket.changed_at == at("2024-03-02T09:00:07Z")
    assert [str(count) for count in report.notes.values()] == ["1"]
    assert "closed before they were made" in report.sentences()[-1]


def test_type_service_tags_company_and_own_fields_come_along() -> None:
    defined = {"record": "custom_field", "name": "plan", "label": "Plan", "kind": "choice", "choices": ["s", "m"]}

    _report, said = take(
        defined,
        a_ticket(
            type="Incident",
            service="Hosting::Mail",
            tags=["VIP", "late"],
            fields={"plan": "m"},
            customer_company="Moraru",
        ),
    )

    ticket = Ticket.objects.get()
    assert said == []
    assert ticket.type is not None
    assert ticket.service is not None
    assert (ticket.type.name, ticket.service.name, ticket.tags) == ("Incident", "Hosting::Mail", ["late", "vip"])
    assert ticket.fields == {"plan": "m"}
    assert ticket.customer.company is not None
    assert ticket.customer.company.name == "Moraru"


def test_null_means_that_there_is_none() -> None:
    nothing = dict.fromkeys(("subject", "body", "html", "from", "to", "cc", "message_id", "in_reply_to", "raw"))
    values = dict.fromkeys(
        ("priority", "owner", "language", "tags", "fields", "domain", "type", "customer_name", "related")
    )

    _report, said = take(a_ticket(articles=[an_article(**nothing)]) | values)

    ticket = Ticket.objects.get()
    assert said == []
    assert (ticket.priority, ticket.owner, ticket.language, ticket.tags) == (Priority.NORMAL, None, "", [])
    assert (ticket.articles.get().text, ticket.articles.get().to, ticket.articles.get().message_id) == ("", [], "")


def test_a_ticket_may_refer_to_one_that_comes_later() -> None:
    _report, said = take(a_ticket("1", related="2"), a_ticket("2"), a_ticket("3", related="none"))

    assert Ticket.objects.get(number="1").related == Ticket.objects.get(number="2")
    assert said == ["ticket 3: related: there is no ticket none; it refers to none now"]


def test_a_history_of_its_own_is_kept_as_it_is() -> None:
    events = [
        {"kind": "created", "actor": "customer", "article": 0, "data": {"queue": "Old"}, "at": CREATED},
        {
            "kind": "queue_changed",
            "actor": "agent",
            "agent": "ana",
            "data": {"old": "Old", "new": "Support"},
            "at": ANSWERED,
        },
    ]

    take(a_ticket(events=events))

    assert [(event.kind, event.actor, event.article_id is None) for event in Event.objects.order_by("pk")] == [
        ("created", "customer", False),
        ("queue_changed", "agent", True),
    ]
    assert Event.objects.latest("pk").agent == Agent.objects.get(login="ana")


def test_the_desk_never_gives_an_imported_number_again() -> None:
    drawn = next_number()
    ahead = int(drawn[8:-1]) + 777
    digits = f"{drawn[:8]}{ahead:05d}"

    take(a_ticket(digits + check_digit(digits)))

    assert int(next_number()[8:-1]) == ahead + 1


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    defined = {"record": "queue", "name": "Abuse", "address": "abuse@desk.example"}
    lines = [defined, a_ticket(queue="Abuse"), a_ticket(), a_ticket("2", state="nonsense"), b"{torn"]

    report, said = take(*lines, is_dry=True)

    assert (report.tickets, report.records, report.refused) == (1, 1, 3)
    assert not Ticket.objects.exists()
    assert not Queue.objects.exists()
    assert not Agent.objects.exists()
    assert not Customer.objects.exists()
    assert take(*lines)[1] == said


def test_two_imports_do_not_run_at_once() -> None:
    with psycopg.connect(**connection_arguments(connection.settings_dict)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [IMPORT_LOCK])

        with pytest.raises(CannotImport, match="Another import is under way"):
            take(a_ticket())
        # Given back here: the server notices a little later that a connection has gone.
        other.execute("SELECT pg_advisory_unlock(%s)", [IMPORT_LOCK])

    assert not Ticket.objects.exists()


def test_an_import_asks_few_questions_however_many_tickets_there_are() -> None:
    take(a_ticket())

    counts = []
    for many in (10, 200):
        with CaptureQueriesContext(connection) as queries:
            take(*(a_ticket(f"{many}-{one}", customer_email=f"{many}.{one}@site.example") for one in range(many)))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_right_on_the_queue_shows_what_was_imported(ana: Agent) -> None:
    take(a_ticket())
    grant(ana, Queue.objects.get(), Right.READ)

    assert [ticket.number for ticket in Ticket.objects.visible_to(ana)] == ["202403011000001"]
