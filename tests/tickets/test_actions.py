import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import (
    NewFile,
    assign_ticket,
    close_ticket,
    lock_ticket,
    move_ticket,
    receive_message,
    reopen_ticket,
    set_pending,
    set_priority,
    unlock_ticket,
    write_note,
    write_reply,
)
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.errors import ConversationMovedOn, InvalidInput, NotPermitted, TicketLocked, TicketNotFound
from ghiseu.tickets.models import Article, Kind, Priority, State, StateType, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, history_of, make_article, make_message, make_queue, make_ticket

pytestmark = pytest.mark.django_db
TO_VERA = [{"name": "Vera Moraru", "address": "vera@site.example"}]


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_a_first_message_opens_a_ticket(ana: Agent, vera: Customer) -> None:
    article = make_article(make_queue(), customer=vera, subject=" Site \n down ")

    ticket = fresh(article.ticket)
    assert (ticket.title, ticket.state.name, ticket.priority, ticket.owner) == (
        "Site down",
        "new",
        Priority.NORMAL,
        None,
    )
    assert ticket.waiting_since is not None
    assert (ticket.article_count, ticket.last_words) == (1, "My site is down.")
    assert list(ticket.participants.values_list("address", flat=True)) == ["vera@site.example"]
    assert history_of(ticket) == [Kind.CREATED]


def test_a_ticket_without_a_subject_gets_a_title() -> None:
    assert make_ticket(make_queue(), subject="").title == "(no subject)"


def test_who_is_only_copied_takes_no_part(vera: Customer) -> None:
    ticket = make_ticket(make_queue(), customer=vera, cc=[{"name": "", "address": "oleg@other.example"}])

    assert list(ticket.participants.values_list("address", flat=True)) == ["vera@site.example"]


def test_an_answer_ends_the_waiting_and_makes_the_writer_owner(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    article = write_reply(ticket, make_message(text="Fixed.", to=TO_VERA), by=ana)

    ticket = fresh(ticket)
    assert (ticket.state.type, ticket.waiting_since, ticket.owner) == (StateType.OPEN, None, ana)
    assert ticket.first_answered_at == article.created_at
    assert history_of(ticket) == [Kind.CREATED, Kind.REPLY_WRITTEN, Kind.STATE_CHANGED, Kind.OWNER_CHANGED]


def test_an_answer_past_a_newer_message_is_refused(ana: Agent, vera: Customer) -> None:
    first = make_article(make_queue(full=[ana]), customer=vera)
    receive_message(first.ticket, make_message(text="Wait, it works again."), customer=vera)

    with pytest.raises(ConversationMovedOn, match=first.ticket.number):
        write_reply(first.ticket, make_message(to=TO_VERA), by=ana, seen_article_id=first.pk)

    assert history_of(first.ticket) == [Kind.CREATED, Kind.MESSAGE_RECEIVED]


@pytest.mark.parametrize(("text", "to"), [("  \n ", TO_VERA), ("Hello", [])])
def test_an_answer_without_words_or_reader_is_refused(ana: Agent, text: str, to: list[dict[str, str]]) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    with pytest.raises(InvalidInput):
        write_reply(ticket, make_message(text=text, to=to), by=ana)

    assert history_of(ticket) == [Kind.CREATED]


def test_a_note_stays_inside_and_changes_neither_state_nor_waiting(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    before = fresh(ticket)

    note = write_note(ticket, text="Old friend.", by=ana, files=[NewFile("log.txt", "text/plain", b"x" * 40_000)])

    ticket = fresh(ticket)
    assert (note.is_visible_to_customer, note.is_note) == (False, True)
    assert (ticket.state, ticket.waiting_since, ticket.owner) == (before.state, before.waiting_since, None)
    assert bytes_of(note.attachments.get().blob) == b"x" * 40_000
    assert history_of(ticket) == [Kind.CREATED, Kind.NOTE_WRITTEN]


def test_a_customers_message_opens_a_closed_ticket_again(ana: Agent, vera: Customer) -> None:
    ticket = close_ticket(make_ticket(make_queue(full=[ana]), customer=vera), by=ana)

    article = receive_message(ticket, make_message(text="Still broken."), customer=vera)

    ticket = fresh(ticket)
    assert (ticket.state.type, ticket.closed_at, ticket.waiting_since) == (StateType.OPEN, None, article.created_at)
    assert history_of(ticket) == [Kind.CREATED, Kind.STATE_CHANGED, Kind.MESSAGE_RECEIVED, Kind.STATE_CHANGED]


def test_the_waiting_begins_with_the_first_unanswered_message(vera: Customer) -> None:
    first = make_article(make_queue(), customer=vera)

    receive_message(first.ticket, make_message(text="Hello?"), customer=vera)

    assert fresh(first.ticket).waiting_since == first.ticket.waiting_since


def test_a_ticket_is_handed_over_and_given_back(ana: Agent, ion: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana, ion]))

    assign_ticket(ticket, to=ion, by=ana)
    assign_ticket(ticket, to=ion, by=ana)
    assign_ticket(ticket, to=None, by=ana)

    assert fresh(ticket).owner is None
    assert history_of(ticket) == [Kind.CREATED, Kind.OWNER_CHANGED, Kind.OWNER_CHANGED]


def test_nobody_gets_a_ticket_they_cannot_see(ana: Agent, ion: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    with pytest.raises(InvalidInput, match="Ion Rusu"):
        assign_ticket(ticket, to=ion, by=ana)

    assert history_of(ticket) == [Kind.CREATED]


def test_a_second_agent_cannot_lock_a_locked_ticket_nor_answer_it(ana: Agent, ion: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana, ion], unlock_after_minutes=30))
    lock_ticket(ticket, by=ana)
    lock_ticket(ticket, by=ana)

    with pytest.raises(TicketLocked, match="Ana Popescu"):
        lock_ticket(ticket, by=ion)
    with pytest.raises(TicketLocked, match="Ana Popescu"):
        write_reply(ticket, make_message(to=TO_VERA), by=ion)

    assert history_of(ticket) == [Kind.CREATED, Kind.LOCKED]


def test_a_lapsed_lock_holds_nobody_back(ana: Agent, ion: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana, ion], unlock_after_minutes=30))
    lock_ticket(ticket, by=ana)
    Ticket.objects.filter(pk=ticket.pk).update(locked_until=timezone.now() - dt.timedelta(seconds=1))

    assert lock_ticket(ticket, by=ion).is_locked_by(ion)


def test_unlocking_a_free_ticket_changes_nothing(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    unlock_ticket(ticket, by=ana)
    lock_ticket(ticket, by=ana)
    unlock_ticket(ticket, by=ana)

    assert history_of(ticket) == [Kind.CREATED, Kind.LOCKED, Kind.UNLOCKED]


def test_moving_takes_the_ticket_from_an_owner_who_may_not_follow(ana: Agent, ion: Agent) -> None:
    support, abuse = make_queue("Support", full=[ana, ion]), make_queue("Abuse", full=[ana])
    ticket = assign_ticket(make_ticket(support), to=ion, by=ana)

    move_ticket(ticket, to=abuse, by=ana)

    ticket = fresh(ticket)
    assert (ticket.queue, ticket.owner) == (abuse, None)
    assert history_of(ticket) == [Kind.CREATED, Kind.OWNER_CHANGED, Kind.QUEUE_CHANGED, Kind.OWNER_CHANGED]


def test_a_ticket_can_be_handed_to_a_queue_one_does_not_see(ana: Agent) -> None:
    support, abuse = make_queue("Support", full=[ana]), make_queue("Abuse")
    grant(ana, abuse, Right.MOVE_INTO)
    ticket = make_ticket(support)

    move_ticket(ticket, to=abuse, by=ana)

    assert not Ticket.objects.visible_to(ana).filter(pk=ticket.pk).exists()


def test_the_same_priority_again_leaves_no_history(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    set_priority(ticket, Priority.HIGH, by=ana)
    set_priority(ticket, Priority.HIGH, by=ana)

    assert fresh(ticket).priority == Priority.HIGH
    assert history_of(ticket) == [Kind.CREATED, Kind.PRIORITY_CHANGED]


def test_a_ticket_is_closed_with_a_state_and_opened_again(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    unsuccessful = State.objects.get(name="closed unsuccessful")

    close_ticket(ticket, by=ana, state=unsuccessful)
    closed = fresh(ticket)
    reopen_ticket(ticket, by=ana)

    assert (closed.state, closed.is_open, closed.waiting_since) == (unsuccessful, False, None)
    assert closed.closed_at is not None
    assert fresh(ticket).closed_at is None
    assert history_of(ticket) == [Kind.CREATED, Kind.STATE_CHANGED, Kind.STATE_CHANGED]


def test_only_closed_states_close(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))

    with pytest.raises(InvalidInput, match="merged"):
        close_ticket(ticket, by=ana, state=State.objects.get(name="merged"))


def test_a_ticket_waits_for_a_time_to_come_only(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    tomorrow = timezone.now() + dt.timedelta(days=1)

    with pytest.raises(InvalidInput, match="past"):
        set_pending(ticket, until=timezone.now() - dt.timedelta(minutes=1), by=ana)
    set_pending(ticket, until=tomorrow, by=ana)

    ticket = fresh(ticket)
    assert (ticket.state_type, ticket.pending_until) == (StateType.PENDING_REMINDER, tomorrow)


@pytest.mark.parametrize("act", ["assign", "lock", "priority", "close", "reopen", "note", "reply", "move", "pending"])
@pytest.mark.parametrize("rights", [[], [Right.READ]])
def test_every_act_asks_for_its_right(ana: Agent, act: str, rights: list[Right]) -> None:
    queue = make_queue()
    ticket = make_ticket(queue)
    if rights:
        grant(ana, queue, *rights)
    acts: dict[str, Callable[[], object]] = {
        "assign": lambda: assign_ticket(ticket, to=ana, by=ana),
        "lock": lambda: lock_ticket(ticket, by=ana),
        "priority": lambda: set_priority(ticket, Priority.HIGH, by=ana),
        "close": lambda: close_ticket(ticket, by=ana),
        "reopen": lambda: reopen_ticket(ticket, by=ana),
        "note": lambda: write_note(ticket, text="x", by=ana),
        "reply": lambda: write_reply(ticket, make_message(to=TO_VERA), by=ana),
        "move": lambda: move_ticket(ticket, to=make_queue("Elsewhere"), by=ana),
        "pending": lambda: set_pending(ticket, until=timezone.now() + dt.timedelta(days=1), by=ana),
    }

    with pytest.raises(NotPermitted if rights else TicketNotFound):
        acts[act]()

    assert history_of(ticket) == [Kind.CREATED]
    assert Article.objects.filter(ticket=ticket).count() == 1


def test_a_disabled_agent_sees_nothing(ana: Agent) -> None:
    make_ticket(make_queue(full=[ana]))
    ana.is_active = False

    assert not Ticket.objects.visible_to(ana).exists()
