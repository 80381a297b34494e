"""The clocks of a ticket: what its queue promises, and what becomes of it as the ticket goes its way."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import (
    close_ticket,
    move_ticket,
    open_ticket_for,
    receive_message,
    reopen_ticket,
    write_note,
    write_reply,
)
from ghiseu.tickets.models import Calendar, Channel, Queue, Sla, Ticket
from tests.factories import make_article, make_message, make_queue, make_ticket

pytestmark = pytest.mark.django_db
TO_VERA = [{"name": "Vera Moraru", "address": "vera@site.example"}]
HOUR = dt.timedelta(hours=1)
NEAR = dt.timedelta(seconds=20)


@pytest.fixture
def gold(db: None) -> Sla:
    return Sla.objects.create(name="Gold", first_answer_minutes=60, answer_minutes=120, solution_minutes=600)


@pytest.fixture
def queue(ana: Agent, gold: Sla) -> Queue:
    return make_queue("Gold", full=[ana], sla=gold)


def now_of(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def is_in(moment: dt.datetime | None, hours: float) -> bool:
    return moment is not None and abs(moment - timezone.now() - hours * HOUR) < NEAR


def test_a_queue_without_service_level_promises_nothing(ana: Agent) -> None:
    ticket = now_of(make_ticket(make_queue(full=[ana])))
    assert (ticket.first_answer_due_at, ticket.answer_due_at, ticket.solution_due_at, ticket.due_at) == (None,) * 4


def test_the_clocks_go_with_the_conversation(queue: Queue, ana: Agent, vera: Customer) -> None:
    ticket = now_of(make_ticket(queue, customer=vera))
    assert is_in(ticket.first_answer_due_at, 1)
    assert is_in(ticket.solution_due_at, 10)
    assert (ticket.answer_due_at, ticket.due_at) == (None, ticket.first_answer_due_at)

    write_note(ticket, text="Looking.", by=ana)
    receive_message(ticket, make_message(), customer=vera)
    assert now_of(ticket).first_answer_due_at == ticket.first_answer_due_at, "asking again starts nothing anew"

    write_reply(ticket, make_message(to=TO_VERA), by=ana)
    answered = now_of(ticket)
    assert (answered.first_answer_due_at, answered.answer_due_at) == (None, None)
    assert answered.due_at == ticket.solution_due_at

    receive_message(ticket, make_message(), customer=vera)
    asked = now_of(ticket)
    assert is_in(asked.answer_due_at, 2)
    assert asked.due_at == asked.answer_due_at
    receive_message(ticket, make_message(), customer=vera)
    assert now_of(ticket).answer_due_at == asked.answer_due_at, "the promise counts from the first of several messages"


def test_closing_ends_every_clock_and_opening_again_starts_the_last_one(
    queue: Queue, ana: Agent, vera: Customer
) -> None:
    ticket = make_ticket(queue, customer=vera)
    write_reply(ticket, make_message(to=TO_VERA), by=ana)
    close_ticket(ticket, by=ana)
    assert now_of(ticket).due_at is None

    reopen_ticket(ticket, by=ana)
    assert is_in(now_of(ticket).solution_due_at, 10)
    assert now_of(ticket).answer_due_at is None
    close_ticket(ticket, by=ana)

    receive_message(ticket, make_message(), customer=vera)
    assert is_in(now_of(ticket).answer_due_at, 2)


def test_another_queue_promises_its_own(queue: Queue, ana: Agent) -> None:
    ticket = make_ticket(queue)
    came = ticket.created_at - 5 * HOUR
    Ticket.objects.filter(pk=ticket.pk).update(created_at=came, waiting_since=came)
    bronze = Sla.objects.create(name="Bronze", solution_minutes=1200)

    move_ticket(ticket, to=make_queue("Bronze", full=[ana], sla=bronze), by=ana)
    moved = now_of(ticket)
    assert moved.first_answer_due_at is None
    assert moved.solution_due_at == came + 20 * HOUR, "counted from when it came"

    move_ticket(moved, to=make_queue("None", full=[ana]), by=ana)
    assert now_of(ticket).due_at is None


def test_a_ticket_that_opened_again_is_counted_from_then(queue: Queue, ana: Agent) -> None:
    ticket = make_ticket(queue)
    Ticket.objects.filter(pk=ticket.pk).update(created_at=ticket.created_at - 500 * HOUR)
    close_ticket(ticket, by=ana)
    reopen_ticket(ticket, by=ana)

    bronze = Sla.objects.create(name="Bronze", solution_minutes=1200)
    move_ticket(ticket, to=make_queue("Bronze", full=[ana], sla=bronze), by=ana)

    assert is_in(now_of(ticket).solution_due_at, 20)


def test_the_clock_runs_by_the_queue_s_calendar(queue: Queue) -> None:
    opens = timezone.localtime() + dt.timedelta(days=2)
    day = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[opens.weekday()]
    queue.calendar = Calendar.objects.create(name="One day", time_zone="Europe/Chisinau", hours=f"{day} 09:00-18:00")
    queue.save()

    due = now_of(make_ticket(queue)).first_answer_due_at

    assert due is not None
    assert timezone.localtime(due).replace(tzinfo=None) == dt.datetime.combine(opens.date(), dt.time(10))


def test_what_an_agent_begins_promises_an_answer_only_to_who_called(queue: Queue, ana: Agent, vera: Customer) -> None:
    mailed = open_ticket_for(queue, make_message(to=TO_VERA), customer=vera, by=ana).ticket
    called = open_ticket_for(queue, make_message(), customer=vera, by=ana, channel=Channel.PHONE).ticket

    assert now_of(mailed).first_answer_due_at is None
    assert is_in(now_of(mailed).solution_due_at, 10)
    assert is_in(now_of(called).first_answer_due_at, 1)


def test_old_mail_that_is_imported_is_promised_nothing(queue: Queue) -> None:
    ticket = make_article(queue, arrived_at=timezone.now() - dt.timedelta(days=900)).ticket
    assert now_of(ticket).due_at is None


def test_a_closed_ticket_with_a_clock_cannot_be_stored(queue: Queue, ana: Agent) -> None:
    ticket = close_ticket(make_ticket(queue), by=ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=timezone.now())
