"""Changing the rules on incoming mail, and trying one before it holds."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from ghiseu.mail.inbound import dry_run
from ghiseu.mail.inbound.dry_run import MOST_SHOWN, would_hit
from ghiseu.mail.inbound.mail_fields import MAILS
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.rules import delete_rule, move_rule, save_rule, switch_rule
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Filter, InboundMail, Mailbox
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import NotAdministrator
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.query.reading import parse
from tests.factories import make_agent, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> Agent:
    return make_agent("boss", "Doina Munteanu", is_administrator=True)


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return make_mailbox(make_queue())


def rule(name: str, query: str = "", **fields: object) -> Filter:
    return Filter(name=name, query=query, actions={"ignore": True}, **fields)


def names() -> list[str]:
    return list(Filter.objects.order_by("position", "pk").values_list("name", flat=True))


def test_a_new_rule_is_asked_last_and_holds_from_the_next_mail_on(mailbox: Mailbox, boss: Agent) -> None:
    Filter.objects.create(name="First", query="subject:x", actions={"ignore": True}, position=700)

    save_rule(rule("Second", "subject:prize"), by=boss)
    mail = keep(mailbox=mailbox, raw=mail_bytes(subject="A prize"), channel="pipe")
    file_waiting()

    mail.refresh_from_db()
    assert names() == ["First", "Second"]
    assert (mail.state, mail.trace) == (InboundMail.State.IGNORED, ["ignored by rule “Second”"])
    assert not Ticket.objects.exists()


def test_a_rule_that_cannot_be_understood_is_refused_by_field(boss: Agent) -> None:
    with pytest.raises(ValidationError) as refused:
        save_rule(Filter(name="Wrong", query="form:@bank.example", actions={}), by=boss)

    assert set(refused.value.message_dict) == {"query", "actions"}
    assert names() == []


def test_rules_change_places_with_their_neighbours(boss: Agent) -> None:
    a, b, c = (save_rule(rule(name), by=boss) for name in "ABC")
    Filter.objects.update(position=100)  # as the command line leaves them

    move_rule(c, up=True, by=boss)
    assert names() == ["A", "C", "B"]
    move_rule(a, up=False, by=boss)
    assert names() == ["C", "A", "B"]
    move_rule(c, up=True, by=boss)
    move_rule(b, up=False, by=boss)
    assert names() == ["C", "A", "B"]


def test_a_rule_is_switched_off_and_on_and_deleted(mailbox: Mailbox, boss: Agent) -> None:
    kept = save_rule(rule("Prizes", "subject:prize"), by=boss)

    switch_rule(kept, on=False, by=boss)
    off = keep(mailbox=mailbox, raw=mail_bytes(subject="A prize"), channel="pipe")
    file_waiting()
    switch_rule(kept, on=True, by=boss)
    on = keep(mailbox=mailbox, raw=mail_bytes(subject="Another prize"), channel="pipe")
    file_waiting()
    delete_rule(kept, by=boss)

    off.refresh_from_db()
    on.refresh_from_db()
    assert (off.state, on.state, names()) == (InboundMail.State.FILED, InboundMail.State.IGNORED, [])


def test_only_administrators_change_rules(ana: Agent, boss: Agent) -> None:
    kept = save_rule(rule("Prizes"), by=boss)

    for change in (
        lambda: save_rule(rule("Mine"), by=ana),
        lambda: move_rule(kept, up=True, by=ana),
        lambda: switch_rule(kept, on=False, by=ana),
        lambda: delete_rule(kept, by=ana),
    ):
        with pytest.raises(NotAdministrator):
            change()

    assert [(row.name, row.is_active) for row in Filter.objects.all()] == [("Prizes", True)]


def test_a_dry_run_counts_and_shows_the_newest_and_changes_nothing(mailbox: Mailbox) -> None:
    other = make_mailbox(make_queue("Sales"), name="sales", address="sales@desk.example")
    for number in range(MOST_SHOWN + 5):
        keep(mailbox=mailbox, raw=mail_bytes(subject=f"Prize {number}"), channel="pipe")
    keep(mailbox=other, raw=mail_bytes(subject="A prize for sales"), channel="pipe")
    keep(mailbox=mailbox, raw=mail_bytes(subject="Invoice"), channel="pipe")
    before = list(InboundMail.objects.values())

    everywhere = would_hit(parse("subject:prize", MAILS))
    here = would_hit(parse("subject:prize", MAILS), mailbox=mailbox)

    assert (everywhere.asked_count, everywhere.hit_count, everywhere.is_complete) == (27, 26, True)
    assert [hit.subject for hit in everywhere.hits][:2] == ["A prize for sales", "Prize 24"]
    assert (here.asked_count, here.hit_count, len(here.hits)) == (26, 25, MOST_SHOWN)
    assert list(InboundMail.objects.values()) == before


def test_a_dry_run_asks_no_more_mails_than_it_says(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(dry_run, "MOST_MAILS", 2)
    monkeypatch.setattr(dry_run, "_AT_A_TIME", 2)
    for number in range(5):
        keep(mailbox=mailbox, raw=mail_bytes(subject=f"Prize {number}"), channel="pipe")

    with django_assert_num_queries(1):
        run = would_hit(parse("", MAILS))

    assert (run.asked_count, [hit.subject for hit in run.hits]) == (2, ["Prize 4", "Prize 3"])


def test_a_dry_run_ends_when_its_time_is_over(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(mailbox=mailbox, raw=mail_bytes(), channel="pipe")
    monkeypatch.setattr(dry_run, "MOST_SECONDS", -1.0)

    run = would_hit(parse("", MAILS))

    assert (run.asked_count, run.is_complete) == (0, False)
