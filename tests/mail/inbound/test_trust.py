"""What a mail cannot do by itself, whatever it says (promises I3 to I5, I7, W7)."""

import datetime as dt
import re
from pathlib import Path

import pytest
import time_machine

import ghiseu
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent, Customer, Identity
from ghiseu.tickets.models import Article, Priority, Ticket
from tests.factories import make_mailbox, make_queue
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana]))


def arrive(mailbox: Mailbox, **fields: str) -> Article:
    mail = keep(mailbox=mailbox, raw=mail_bytes(**fields), channel="lmtp")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    return mail.article


def test_a_mail_never_changes_who_a_customer_is(mailbox: Mailbox, vera: Customer) -> None:
    arrive(mailbox, sender="Somebody Else <VERA@site.example>", extra="Reply-To: new@evil.example\r\n")

    vera.refresh_from_db()
    assert vera.name == "Vera Moraru"
    assert list(Identity.objects.values_list("customer__name", "value")) == [("Vera Moraru", "vera@site.example")]


def test_a_copied_stranger_cannot_join_by_the_number(mailbox: Mailbox) -> None:
    first = arrive(mailbox, cc="oleg@other.example")

    theirs = arrive(mailbox, sender="oleg@other.example", subject=f"Re: Site down [#{first.ticket.number}]")

    assert theirs.ticket != first.ticket


CONTROL = (
    "X-OTRS-Queue: Secret\r\nX-OTRS-Priority: 5 very high\r\nX-OTRS-Loop: yes\r\nX-Ghiseu-Queue: Secret\r\n"
    "X-Zammad-Ticket-Priority: 3 high\r\nX-RT-Queue: Secret\r\nX-Priority: 1\r\nImportance: high\r\n"
    "X-Ghiseu-Agent: ana\r\n"
)


def test_control_headers_and_command_words_have_no_effect(mailbox: Mailbox) -> None:
    make_queue("Secret")
    text = "#close\n#queue Secret\n@@owner ana\nQueue: Secret\nStatus: resolved\nPriority: 99"

    article = arrive(mailbox, subject="[close] #owner:ana Queue=Secret", text=text, extra=CONTROL)

    ticket = article.ticket
    assert (ticket.queue, ticket.priority, ticket.owner, ticket.state.name) == (
        mailbox.queue,
        Priority.NORMAL,
        None,
        "new",
    )


def test_there_is_one_address_parser() -> None:
    others = re.compile(r"\b(getaddresses|parseaddr|AddressHeader|email_validator)\b")
    sources = Path(ghiseu.__file__).parent.rglob("*.py")

    assert [source.name for source in sources if others.search(source.read_text())] == []


def test_a_clock_that_goes_back_makes_no_negative_times(mailbox: Mailbox, ana: Agent) -> None:
    with time_machine.travel("2026-11-22T10:00:00+00:00", tick=False) as clock:
        article = arrive(mailbox)
        clock.shift(dt.timedelta(hours=-3))
        reply = send_reply(article.ticket, by=ana, text="Done.", to="vera@site.example")

    ticket = Ticket.objects.get()
    assert ticket.first_answered_at is not None
    assert ticket.first_answered_at >= ticket.created_at
    assert ticket.changed_at >= ticket.created_at
    assert reply.created_at >= article.created_at
