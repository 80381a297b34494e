"""What a page for administrators asks of the database does not grow with what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ghiseu.mail.models import AutoResponse, Filter, InboundMail
from ghiseu.people.models import Language
from ghiseu.tickets.blobs import keep_bytes
from ghiseu.tickets.models import QueueText
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, make_mailbox, make_queue, make_ticket
from tests.mail.mails import mail_bytes

AssertQueries = Callable[..., Any]
# Each includes two for the session and its agent, and two for the alarms in the navigation.
COUNTS = {
    "incoming/": 9,
    "incoming/?words=decided": 10,
    "quarantine/": 8,
    "mailboxes/": 6,
    "rules/": 6,
    "queues/": 5,
}


def one_of_each(desk: Desk) -> None:
    """A mail in quarantine, and one whose ticket the administrator may see."""
    grant(desk.boss, desk.support, Right.READ)
    InboundMail.objects.update(trace=["decided"])
    Filter.objects.create(name="To a queue", actions={"queue": desk.support.pk})
    now = timezone.now()
    InboundMail.objects.create(
        mailbox=desk.mailbox,
        raw=keep_bytes(mail_bytes()),
        channel="pipe",
        state=InboundMail.State.FILED,
        article=desk.article,
        filed_at=now,
        next_try_at=now,
        trace=["decided"],
    )


def grow(desk: Desk) -> None:
    for number in range(8):
        now = timezone.now()
        InboundMail.objects.create(
            mailbox=make_mailbox(make_queue(f"Q{number}"), name=f"m{number}", address=f"m{number}@desk.example"),
            raw=keep_bytes(mail_bytes(subject=f"Mail {number}")),
            channel="pipe",
            state=InboundMail.State.FILED if number % 2 else InboundMail.State.QUARANTINED,
            article=make_ticket(desk.support).articles.get() if number % 2 else None,
            filed_at=now,
            next_try_at=now,
            trace=["decided"],
        )
        Filter.objects.create(name=f"Rule {number}", actions={"queue": desk.support.pk}, mailbox=desk.mailbox)
        language = Language.values[number % 4]
        AutoResponse.objects.create(
            queue=desk.support,
            occasion="received" if number < 4 else "follow_up",
            language=language,
            subject="S",
            text="T",
        )
    for language in Language.values:
        QueueText.objects.create(queue=desk.support, language=language, salutation="Hello")


@pytest.mark.parametrize("address", COUNTS)
def test_a_list(desk: Desk, address: str, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.boss)
    one_of_each(desk)
    with django_assert_num_queries(COUNTS[address]):
        assert client.get(f"/administration/{address}").status_code == 200

    grow(desk)

    with django_assert_num_queries(COUNTS[address]):
        assert client.get(f"/administration/{address}").status_code == 200


@pytest.mark.parametrize("what", ["queues", "rules"])
def test_a_form(desk: Desk, what: str, django_assert_num_queries: AssertQueries) -> None:
    client = signed_in(desk.boss)
    address = f"/administration/{what}/{desk.support.pk if what == 'queues' else desk.rule.pk}/"
    count = {"queues": 9, "rules": 10}[what]
    with django_assert_num_queries(count):
        assert client.get(address).status_code == 200

    grow(desk)

    with django_assert_num_queries(count):
        assert client.get(address).status_code == 200
