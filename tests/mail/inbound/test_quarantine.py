"""What people do about a mail in quarantine. Nothing is lost by it, nothing doubled, and it is written down."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from ghiseu.lib import blobs
from ghiseu.mail.inbound.claim import MOST_TRIES
from ghiseu.mail.inbound.quarantine import (
    CannotBeFiled,
    Glimpse,
    NotInQuarantine,
    delete,
    file_by_hand,
    glimpse_of,
    try_again,
)
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import AutoResponse, Filter, InboundMail, Mailbox
from ghiseu.people.models import Agent
from ghiseu.tickets.blobs import bytes_of, sweep
from ghiseu.tickets.errors import DeskError, NotAdministrator
from ghiseu.tickets.models import Article, Blob, Ticket
from tests.factories import make_agent, make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db
State = InboundMail.State
ACTS = [try_again, lambda mail, by: file_by_hand(mail, queue=mail.mailbox.queue, by=by), delete]


@pytest.fixture
def boss(db: None) -> Agent:
    return make_agent("boss", "Doina Munteanu", is_administrator=True)


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana]))


@pytest.fixture
def rule(db: None) -> Filter:
    return Filter.objects.create(name="Prizes", query="subject:prize", actions={"quarantine": True})


@pytest.fixture
def mail(mailbox: Mailbox, rule: Filter) -> InboundMail:
    return in_quarantine(mailbox, "Your prize")


def in_quarantine(mailbox: Mailbox, subject: str, **fields: str) -> InboundMail:
    mail = keep(mailbox=mailbox, raw=mail_bytes(subject=subject, **fields), channel="pipe")
    file_waiting()
    mail.refresh_from_db()
    assert mail.state == State.QUARANTINED
    return mail


def without_bytes(mail: InboundMail) -> None:
    """Let the data folder lose what the mail is made of."""
    path = blobs.path_of(Path(settings.BLOBS_FOLDER), mail.raw.sha256)
    path.unlink(missing_ok=True)


def test_it_is_tried_again_and_asks_the_rules_as_they_are_now(mail: InboundMail, rule: Filter, boss: Agent) -> None:
    rule.delete()

    try_again(mail, by=boss)
    assert file_waiting() == 1

    mail.refresh_from_db()
    assert (mail.state, mail.error, mail.tries) == (State.FILED, "", 1)
    assert mail.trace[:3] == ["quarantined by rule “Prizes”", mail.trace[1], "new ticket"]
    assert mail.trace[1].startswith("tried again by boss, ")
    assert Ticket.objects.get().title == "Your prize"


def test_a_rule_that_is_still_there_puts_it_back(mail: InboundMail, boss: Agent) -> None:
    try_again(mail, by=boss)
    file_waiting()

    mail.refresh_from_db()
    assert mail.state == State.QUARANTINED
    assert not Ticket.objects.exists()


def test_filing_by_hand_makes_a_new_ticket_in_the_chosen_queue(mail: InboundMail, boss: Agent) -> None:
    sales = make_queue("Sales")

    article = file_by_hand(mail, queue=sales, by=boss)

    mail.refresh_from_db()
    assert (article.ticket.queue, article.ticket.title) == (sales, "Your prize")
    assert (mail.state, mail.article, mail.error) == (State.FILED, article, "")
    assert mail.filed_at is not None
    assert mail.trace[1].startswith("filed by hand into queue Sales by boss, ")
    assert mail.trace[-1] == "no automatic answer: the queue Sales has none for “a new ticket”"


def test_filed_by_hand_it_is_answered_as_every_new_ticket(mail: InboundMail, boss: Agent) -> None:
    queue = mail.mailbox.queue
    AutoResponse.objects.create(queue=queue, occasion="received", language="en", subject="Here", text="Thank you.")

    article = file_by_hand(mail, queue=queue, by=boss)

    assert [one.text for one in Article.objects.filter(ticket=article.ticket).exclude(pk=article.pk)] == ["Thank you."]


def test_filed_by_hand_it_joins_no_ticket_that_it_names(mailbox: Mailbox, rule: Filter, boss: Agent) -> None:
    first = keep(mailbox=mailbox, raw=mail_bytes(), channel="pipe")
    file_waiting()
    first.refresh_from_db()
    assert first.article is not None
    again = in_quarantine(mailbox, f"[#{first.article.ticket.number}] prize", message_id="second@site.example")

    article = file_by_hand(again, queue=mailbox.queue, by=boss)

    assert article.ticket_id != first.article.ticket_id


def test_what_is_deleted_stays_out_when_it_is_offered_again(mail: InboundMail, boss: Agent, rule: Filter) -> None:
    delete(mail, by=boss)
    rule.delete()

    same = keep(mailbox=mail.mailbox, raw=mail_bytes(subject="Your prize"), channel="lmtp")

    assert (same.pk, file_waiting()) == (mail.pk, 0)
    assert (same.state, same.error) == (State.IGNORED, "")
    assert same.trace[-1].startswith("deleted from quarantine by boss, ")
    assert not Ticket.objects.exists()


def test_the_bytes_of_what_is_deleted_are_gone_at_once(mail: InboundMail, boss: Agent) -> None:
    delete(mail, by=boss)

    with pytest.raises(FileNotFoundError):
        bytes_of(Blob.objects.get(pk=mail.raw_id))
    keep(mailbox=mail.mailbox, raw=mail_bytes(subject="Your prize"), channel="lmtp")
    sweep()
    with pytest.raises(FileNotFoundError):
        bytes_of(Blob.objects.get(pk=mail.raw_id))


def test_bytes_that_something_else_needs_stay(mail: InboundMail, boss: Agent) -> None:
    other = make_mailbox(mail.mailbox.queue, name="other", address="other@desk.example")
    raw = mail_bytes(subject="Your prize")
    keep(mailbox=other, raw=raw, channel="lmtp")

    delete(mail, by=boss)

    assert bytes_of(Blob.objects.get(pk=mail.raw_id)) == raw


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("first", ACTS)
def test_whatever_was_done_is_done_once(mail: InboundMail, boss: Agent, act: object, first: object) -> None:
    first(mail, by=boss)  # type: ignore[operator]
    trace = InboundMail.objects.get(pk=mail.pk).trace
    before = Ticket.objects.count()

    with pytest.raises(NotInQuarantine, match=f"Mail {mail.pk}"):
        act(mail, by=boss)  # type: ignore[operator]

    assert InboundMail.objects.get(pk=mail.pk).trace == trace
    assert Ticket.objects.count() == before


def test_refiling_doubles_nothing(mail: InboundMail, rule: Filter, boss: Agent) -> None:
    rule.delete()
    try_again(mail, by=boss)
    InboundMail.objects.update(next_try_at=timezone.now())

    assert [file_waiting(), file_waiting()] == [1, 0]
    keep(mailbox=mail.mailbox, raw=mail_bytes(subject="Your prize"), channel="lmtp")

    assert (file_waiting(), Ticket.objects.count(), Article.objects.count()) == (0, 1, 1)


@pytest.mark.parametrize("act", ACTS)
def test_only_administrators_decide(mail: InboundMail, ana: Agent, act: object) -> None:
    with pytest.raises(NotAdministrator):
        act(mail, by=ana)  # type: ignore[operator]

    mail.refresh_from_db()
    assert mail.state == State.QUARANTINED


def test_an_administrator_who_was_switched_off_decides_nothing(mail: InboundMail, boss: Agent) -> None:
    boss.is_active = False

    with pytest.raises(DeskError):
        delete(mail, by=boss)


def test_what_cannot_be_filed_stays_in_quarantine_and_says_why(mailbox: Mailbox, rule: Filter, boss: Agent) -> None:
    mail = in_quarantine(mailbox, "A large prize", text="x" * 40_000)
    without_bytes(mail)

    with pytest.raises(CannotBeFiled, match="FileNotFoundError"):
        file_by_hand(mail, queue=mailbox.queue, by=boss)

    mail.refresh_from_db()
    assert (mail.state, mail.article) == (State.QUARANTINED, None)
    assert not Ticket.objects.exists()


def test_after_a_try_again_it_has_all_its_tries(mailbox: Mailbox, rule: Filter, boss: Agent) -> None:
    mail = in_quarantine(mailbox, "A larger prize", text="y" * 40_000)
    without_bytes(mail)
    try_again(mail, by=boss)

    for _try in range(MOST_TRIES):
        mail.refresh_from_db()
        assert mail.state == State.RECEIVED
        InboundMail.objects.update(next_try_at=timezone.now())
        file_waiting()

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (State.QUARANTINED, MOST_TRIES)


def test_a_glimpse_tells_a_mail_from_others(mailbox: Mailbox, rule: Filter) -> None:
    mail = in_quarantine(mailbox, "Your large prize", text="z" * 100_000)

    glimpse = glimpse_of(mail)

    assert glimpse.subject == "Your large prize"
    assert glimpse.sender is not None
    assert glimpse.sender.address == "vera@site.example"
    without_bytes(mail)
    assert glimpse_of(mail) == Glimpse()
