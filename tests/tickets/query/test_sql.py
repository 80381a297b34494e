from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import assign_ticket, close_ticket, move_ticket, set_priority, write_note, write_reply
from ghiseu.tickets.models import Priority, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.facts import TicketSubject
from ghiseu.tickets.query.memory import matches
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import context_of
from ghiseu.tickets.query.sql import cost_of, refuse_if_too_broad, select
from ghiseu.tickets.query.ticket_fields import TICKET_FIELDS, TICKETS, Reads
from tests.factories import grant, make_customer, make_message, make_queue, make_search_entries, make_ticket

pytestmark = pytest.mark.django_db


def found(text: str, agent: Agent) -> list[Ticket]:
    return list(select(parse(text, TICKETS), agent=agent).order_by("pk"))


def test_a_query_finds_nothing_that_one_may_not_see(ana: Agent, ion: Agent) -> None:
    secret, sales = make_queue("Secret", full=[ion]), make_queue("Sales", full=[ana, ion])
    make_ticket(secret, text="the merger")
    ticket = make_ticket(sales, text="the price")
    make_search_entries()

    for text in ("merger", "-price", "queue:Secret", "queue:Sec*", "-queue:Sales", "in:all", "", "state:new OR merger"):
        assert set(found(text, ana)) <= {ticket}
    assert len(found("in:all", ion)) == 2


def test_a_queue_one_may_not_see_is_like_one_that_does_not_exist(
    ana: Agent, ion: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_ticket(make_queue("Secret", full=[ion]))
    ticket = make_ticket(make_queue("Sales", full=[ana]))
    grant(ana, ticket.queue, Right.READ)
    found("queue:warm", ana)

    for name in ("Secret", "Nowhere"):
        with django_assert_num_queries(2):
            assert found(f"-queue:{name}", ana) == [ticket]
    assert str(select(parse("queue:Secret", TICKETS), agent=ana).explain()) == str(
        select(parse("queue:Nowhere", TICKETS), agent=ana).explain()
    )


def test_the_archive_is_asked_only_by_name(ana: Agent) -> None:
    queue = make_queue(full=[ana])
    ticket, old = make_ticket(queue), make_ticket(queue)
    close_ticket(old, by=ana)
    Ticket.objects.filter(pk=old.pk).update(archived_at=timezone.now())
    make_search_entries()

    assert found("site", ana) == [ticket]
    assert found("site in:archive", ana) == [old]
    assert found("site in:all", ana) == [ticket, old]
    assert found("site -in:archive", ana) == [ticket]


def test_the_history_is_asked(ana: Agent, ion: Agent) -> None:
    first, second = make_queue("First", full=[ana, ion]), make_queue("Second", full=[ana])
    ticket, other = make_ticket(first), make_ticket(first)
    assign_ticket(ticket, to=ion, by=ana)
    set_priority(ticket, Priority.URGENT, by=ana)
    set_priority(ticket, Priority.LOW, by=ana)
    move_ticket(ticket, to=second, by=ana)

    for text in ("was:owner=ion", "was:queue=First queue:Second", "was:priority>high", "was:owner:rusu", "owner:none"):
        assert ticket in found(text, ana)
    assert found("was:owner:none", ana) == []
    assert found("was:owner=ion", ana) == [ticket]
    assert found("was:priority=urgent -priority:urgent", ana) == [ticket]
    assert found("was:state:new", ana) == [ticket, other]


def test_what_happened_is_counted(ana: Agent) -> None:
    queue = make_queue(full=[ana])
    ticket, other = make_ticket(queue), make_ticket(queue)
    write_reply(ticket, make_message(to=[{"name": "Vera", "address": "vera@site.example"}]), by=ana)
    write_note(ticket, text="știe să aștepte", by=ana)
    make_search_entries()

    assert found("replies:1 notes:1 messages:1 articles:3", ana) == [ticket]
    assert found("replies:0", ana) == [other]
    assert found("is:unanswered", ana) == [other]
    assert found("astepte to:vera owner:me", ana) == [ticket]


def test_a_customer_is_found_by_any_address_of_theirs(ana: Agent) -> None:
    vera = make_customer("vera@site.example")
    vera.identities.create(value="v.moraru@home.example")
    ticket = make_ticket(make_queue(full=[ana]), customer=vera)

    for text in ("customer:v.moraru@home.example", "customer:@home.example", "customer:moraru", "customer:VERA*"):
        assert found(text, ana) == [ticket]
    assert found("customer:oleg", ana) == []


def test_every_field_answers_in_memory_and_in_the_database(ana: Agent) -> None:
    """One of each kind of question, so that no field is without an answer."""
    ticket = make_ticket(make_queue(full=[ana]))
    make_search_entries()
    subject, context = TicketSubject(ticket, timezone.now()), context_of(ana)
    samples = {"text": "a", "choice": "a", "number": "0..1", "duration": "..2d", "time": "today", "person": "me"}
    for one in TICKET_FIELDS.values():
        if one.field is TICKETS.anything:
            continue
        value = (one.field.choices or (samples.get(one.field.kind, "@site.example"),))[0]
        query = parse(f"{one.field.name}:{value} in:all", TICKETS)

        assert list(select(query, agent=ana)) == ([ticket] if matches(query, subject, context) else [])


def test_names_are_asked_for_once_however_often_they_are_used(
    ana: Agent, ion: Agent, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_ticket(make_queue(full=[ana]))
    queues, states = "queue:(Support,b) queue:Sup* was:queue:q", "(state:new OR state:open) was:state:new"
    found("", ana)

    with django_assert_num_queries(4):  # queues, states, agents, and the tickets
        found(f"{queues} {states} owner:ana lock:ion was:owner=me", ana)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "'; DROP TABLE tickets_ticket; --",
            "subject:~%' ",
            "text:~[^a-z]+$",
            "subject:~\\",
            "from:~(((",
            "text:~***=x",
        ),
        *("title:~]", "customer:~^", "filename:~-", "to:~[[:alpha:]]", "subject:~(?i)a", "number:~\\d", "text:~🙂"),
    ],
)
def test_signs_mean_themselves(ana: Agent, text: str) -> None:
    piece = text.rsplit("~", maxsplit=1)[-1].strip()
    person = {"name": piece, "address": "x@y.example"}
    vera = make_customer(name=piece)
    values = {"text": f"x{piece}y", "subject": f"x{piece}", "from_name": piece, "to": [person]}
    ticket = make_ticket(make_queue(full=[ana]), customer=vera, **values)
    make_search_entries()
    try:
        query = parse(text, TICKETS)
    except QueryError:
        return

    assert list(select(query, agent=ana)) in ([], [ticket])
    assert bool(select(query, agent=ana)) == matches(query, TicketSubject(ticket, timezone.now()), context_of(ana))
    assert make_ticket().pk


@pytest.mark.parametrize(
    ("text", "reads", "is_affordable"),
    [
        ("", Reads.ROW, True),
        ("is:open priority:high", Reads.ROW, True),
        ("has:attachment replies>3", Reads.ROWS, True),
        ("invoice", Reads.ROWS, True),
        ("text:~voic", Reads.TEXTS, False),
        ("text:~voic queue:Billing", Reads.TEXTS, True),
        ("text:~voic is:open", Reads.TEXTS, True),
        ("text:~voic is:(open,closed)", Reads.TEXTS, False),
        ("text:~voic -is:open", Reads.TEXTS, False),
        ("text:~voic OR queue:Billing", Reads.TEXTS, False),
        ("text:~voic OR invoice", Reads.TEXTS, False),
        ("(text:~voic queue:A) OR (text:~fund created>-30d)", Reads.TEXTS, True),
        ("text:~voic customer:vera@site.example", Reads.TEXTS, True),
        ("text:~voic invoice", Reads.TEXTS, True),
    ],
)
def test_the_cost_is_known_before_it_is_paid(text: str, reads: Reads, is_affordable: bool) -> None:
    cost = cost_of(parse(text, TICKETS))

    assert (cost.reads, cost.is_affordable) == (reads, is_affordable)


def test_what_is_too_broad_is_refused_with_the_way_out() -> None:
    with pytest.raises(QueryError, match="Add a queue") as caught:
        refuse_if_too_broad(parse("text:~voic", TICKETS))

    refuse_if_too_broad(parse(caught.value.instead[0], TICKETS))
