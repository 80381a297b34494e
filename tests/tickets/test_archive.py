import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import (
    archive_ticket,
    bring_back_ticket,
    close_ticket,
    receive_from_third_party,
    receive_message,
    reopen_ticket,
    write_note,
)
from ghiseu.tickets.actions.archive import archive_some
from ghiseu.tickets.errors import InvalidInput, NotPermitted, TicketNotFound
from ghiseu.tickets.models import Event, Kind, Queue, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, history_of, make_message, make_queue, make_ticket

pytestmark = pytest.mark.django_db


def closed_ticket(queue: Queue, by: Agent, *, days_ago: int = 0, customer: Customer | None = None) -> Ticket:
    ticket = close_ticket(make_ticket(queue, customer=customer), by=by)
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=timezone.now() - dt.timedelta(days=days_ago))
    return fresh(ticket)


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_a_closed_ticket_goes_into_the_archive_and_comes_out_again(ana: Agent) -> None:
    ticket = closed_ticket(make_queue(full=[ana]), ana)
    changed_at = ticket.changed_at

    archive_ticket(ticket, by=ana)
    archive_ticket(ticket, by=ana)
    archived = fresh(ticket)
    bring_back_ticket(ticket, by=ana)
    bring_back_ticket(ticket, by=ana)

    assert archived.archived_at is not None
    assert (fresh(ticket).archived_at, fresh(ticket).is_open, fresh(ticket).changed_at) == (None, False, changed_at)
    assert history_of(ticket) == [Kind.CREATED, Kind.STATE_CHANGED, Kind.ARCHIVED, Kind.BROUGHT_BACK]


def test_an_open_ticket_is_not_archived(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    with pytest.raises(InvalidInput, match="Close it first"):
        archive_ticket(ticket, by=ana)

    assert history_of(ticket) == [Kind.CREATED]


@pytest.mark.parametrize("act", [archive_ticket, bring_back_ticket])
@pytest.mark.parametrize(("rights", "refusal"), [([], TicketNotFound), ([Right.READ, Right.NOTE], NotPermitted)])
def test_it_takes_the_right_to_close(
    ana: Agent, ion: Agent, act: Callable[..., object], rights: list[Right], refusal: type[Exception]
) -> None:
    queue = make_queue(full=[ana])
    ticket = closed_ticket(queue, ana)
    if rights:
        grant(ion, queue, *rights)

    with pytest.raises(refusal):
        act(ticket, by=ion)

    assert history_of(ticket) == [Kind.CREATED, Kind.STATE_CHANGED]


def test_the_customers_next_mail_brings_it_back_open(ana: Agent, vera: Customer) -> None:
    ticket = archive_ticket(closed_ticket(make_queue(full=[ana]), ana, customer=vera), by=ana)

    receive_message(ticket, make_message(text="Still broken."), customer=vera)

    ticket = fresh(ticket)
    assert (ticket.archived_at, ticket.is_open) == (None, True)
    assert history_of(ticket)[-3:] == [Kind.MESSAGE_RECEIVED, Kind.BROUGHT_BACK, Kind.STATE_CHANGED]


@pytest.mark.parametrize("how", [{"reopens": False}, {"asks": False}])
def test_a_mail_that_opens_nothing_leaves_it_in_the_archive(ana: Agent, vera: Customer, how: dict[str, bool]) -> None:
    ticket = archive_ticket(closed_ticket(make_queue(full=[ana]), ana, customer=vera), by=ana)

    receive_message(ticket, make_message(text="Thank you."), customer=vera, **how)

    assert fresh(ticket).archived_at is not None
    assert history_of(ticket)[-2:] == [Kind.ARCHIVED, Kind.MESSAGE_RECEIVED]


def test_an_agent_who_opens_it_again_brings_it_back(ana: Agent) -> None:
    ticket = archive_ticket(closed_ticket(make_queue(full=[ana]), ana), by=ana)

    reopen_ticket(ticket, by=ana)

    assert history_of(ticket)[-2:] == [Kind.BROUGHT_BACK, Kind.STATE_CHANGED]


def test_the_answer_of_a_third_party_brings_it_back_closed(ana: Agent) -> None:
    ticket = archive_ticket(closed_ticket(make_queue(full=[ana]), ana), by=ana)

    receive_from_third_party(ticket, make_message(text="It was ours."))

    assert (fresh(ticket).archived_at, fresh(ticket).is_open) == (None, False)
    assert history_of(ticket)[-2:] == [Kind.BROUGHT_BACK, Kind.THIRD_PARTY_ANSWERED]


def test_a_note_leaves_it_where_it_is(ana: Agent) -> None:
    ticket = archive_ticket(closed_ticket(make_queue(full=[ana]), ana), by=ana)

    write_note(ticket, text="For the record.", by=ana)

    assert fresh(ticket).archived_at is not None


def test_the_desk_archives_what_is_closed_for_as_long_as_its_queue_says(ana: Agent) -> None:
    queue, other = make_queue(full=[ana], archive_after_days=30), make_queue("Other", full=[ana])
    old, young = closed_ticket(queue, ana, days_ago=31), closed_ticket(queue, ana, days_ago=29)
    elsewhere, still_open = closed_ticket(other, ana, days_ago=400), make_ticket(queue)

    assert archive_some(queue, limit=10) == 1
    assert archive_some(queue, limit=10) == 0
    assert archive_some(other, limit=10) == 0

    assert [fresh(one).archived_at is not None for one in (old, young, elsewhere, still_open)] == [True, *[False] * 3]
    assert history_of(old)[-1] == Kind.ARCHIVED
    assert Event.objects.filter(ticket=old).latest("pk").actor == "system"


def test_what_was_brought_back_stays_as_long_as_what_was_just_closed(ana: Agent) -> None:
    queue = make_queue(full=[ana], archive_after_days=30)
    ticket = closed_ticket(queue, ana, days_ago=300)
    archive_some(queue, limit=10)

    bring_back_ticket(ticket, by=ana)
    assert archive_some(queue, limit=10) == 0

    Ticket.objects.filter(pk=ticket.pk).update(brought_back_at=timezone.now() - dt.timedelta(days=31))
    assert archive_some(queue, limit=10) == 1


def test_a_step_is_as_small_as_it_is_told_to_be(ana: Agent) -> None:
    queue = make_queue(full=[ana], archive_after_days=1)
    for _number in range(5):
        closed_ticket(queue, ana, days_ago=3)

    assert [archive_some(queue, limit=2) for _step in range(4)] == [2, 2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_works_on_is_passed_over_and_nobody_waits(ana: Agent) -> None:
    queue = make_queue(full=[ana], archive_after_days=1)
    taken, free = closed_ticket(queue, ana, days_ago=3), closed_ticket(queue, ana, days_ago=2)
    held, done = threading.Event(), threading.Event()

    def work_on_it() -> None:
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=taken.pk)
            held.set()
            done.wait(30)
        connection.close()

    agent = threading.Thread(target=work_on_it)
    agent.start()
    try:
        assert held.wait(30)
        assert archive_some(queue, limit=10) == 1
    finally:
        done.set()
        agent.join()

    assert (fresh(taken).archived_at, fresh(free).archived_at is None) == (None, False)
    assert archive_some(queue, limit=10) == 1
