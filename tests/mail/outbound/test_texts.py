"""Changing what the desk says for a queue."""

from __future__ import annotations

from typing import Any

import pytest

from ghiseu.mail.models import AutoResponse
from ghiseu.mail.outbound.draft import opening_text
from ghiseu.mail.outbound.texts import Manner, set_auto_response, set_manner, set_queue_text
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput, NotAdministrator
from ghiseu.tickets.models import Calendar, Queue, QueueText, Sla
from tests.factories import make_agent, make_queue, make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db: None) -> Agent:
    return make_agent("boss", "Doina Munteanu", is_administrator=True)


@pytest.fixture
def queue(db: None) -> Queue:
    return make_queue()


def answer(queue: Queue, subject: str, text: str) -> AutoResponse:
    return AutoResponse(queue=queue, occasion="received", language="ro", subject=subject, text=text)


def test_an_automatic_answer_is_written_changed_and_removed(queue: Queue, boss: Agent) -> None:
    set_auto_response(answer(queue, "Primit", "Numărul {number}, coada {queue}."), by=boss)
    set_auto_response(answer(queue, "Primit!", "Numărul {number}."), by=boss)
    assert [(row.subject, row.text) for row in queue.auto_responses.all()] == [("Primit!", "Numărul {number}.")]

    set_auto_response(answer(queue, "", ""), by=boss)
    assert not queue.auto_responses.exists()


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("Hello {customer}", "Text", "{customer}"),
        ("Hello", "Dear {name}", "{name}"),
        ("", "Text", "subject and a text"),
    ],
)
def test_an_answer_that_would_read_wrong_is_refused(
    queue: Queue, boss: Agent, subject: str, text: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        set_auto_response(answer(queue, subject, text), by=boss)

    assert not queue.auto_responses.exists()


def test_texts_of_a_language_stand_in_the_next_answer(queue: Queue, boss: Agent, ana: Agent) -> None:
    ticket = make_ticket(queue)

    set_queue_text(QueueText(queue=queue, language="ro", salutation="Bună, {customer}!", signature="{agent}"), by=boss)
    assert opening_text(ticket, by=ana) == "Bună, Vera Moraru!\n\n\n\n-- \nAna Popescu"

    set_queue_text(QueueText(queue=queue, language="ro"), by=boss)
    assert (opening_text(ticket, by=ana), QueueText.objects.count()) == ("", 0)


def test_a_salutation_knows_no_ticket_number(queue: Queue, boss: Agent) -> None:
    with pytest.raises(InvalidInput, match=r"\{customer\}, \{agent\}"):
        set_queue_text(QueueText(queue=queue, language="ro", salutation="Ticket {number}"), by=boss)


def manner(**fields: Any) -> Manner:
    plain: dict[str, Any] = {"follow_up": "reopen", "calendar": None, "sla": None, "languages": [], "signature": ""}
    return Manner(**(plain | fields))


def test_how_a_queue_takes_mail(queue: Queue, boss: Agent) -> None:
    calendar = Calendar.objects.create(name="Office", time_zone="UTC", hours="Mo-Fr 09:00-18:00")
    sla = Sla.objects.create(name="Gold", first_answer_minutes=60)

    asked = manner(follow_up="reject", calendar=calendar, sla=sla, languages=["ro", "ru"], signature="The desk")
    set_manner(queue, asked, by=boss)

    queue.refresh_from_db()
    assert (queue.follow_up, queue.calendar, queue.sla) == ("reject", calendar, sla)
    assert (queue.languages, queue.signature) == (["ro", "ru"], "The desk")
    with pytest.raises(InvalidInput, match="number"):
        set_manner(queue, manner(signature="{number}"), by=boss)
    queue.refresh_from_db()
    assert queue.follow_up == "reject"


def test_only_administrators_change_what_the_desk_says(queue: Queue, ana: Agent) -> None:
    with pytest.raises(NotAdministrator):
        set_auto_response(answer(queue, "Hi", "Hello"), by=ana)
    with pytest.raises(NotAdministrator):
        set_queue_text(QueueText(queue=queue, language="ro", salutation="Hi"), by=ana)
    with pytest.raises(NotAdministrator):
        set_manner(queue, manner(follow_up="reject"), by=ana)
