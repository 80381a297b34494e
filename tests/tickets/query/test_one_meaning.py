"""The two evaluators mean the same: random queries over random tickets, each asked in memory and of the database."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghiseu.people.models import Agent
from ghiseu.tickets.models import SearchEntry
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.facts import TicketSubject
from ghiseu.tickets.query.memory import Evaluation
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.search import walk
from tests.factories import make_queue, make_search_entries
from tests.tickets.query.drawing import NOW, QUEUES, Desk, make_random_ticket, queries

pytestmark = pytest.mark.django_db
# How a walk goes over a desk that is small, or so large that these three tickets are many slices.
WAYS: tuple[dict[str, int], ...] = (
    {},
    {"FIRST_SLICE": 1, "SLICES_BEFORE_ALL": 1},
    {"FIRST_SLICE": 1, "SLICES_BEFORE_ALL": 1000},
    {"FIRST_SLICE": 1, "SLICES_BEFORE_ALL": 1, "MOST_ONE_BY_ONE": 2, "FEW_ONE_BY_ONE": 1},
)
CONTEXT = Context(now=NOW, zone=ZoneInfo("Europe/Chisinau"), me="ana")


@pytest.fixture
def desk(ana: Agent, ion: Agent) -> Desk:
    return Desk.made([ana, ion], [make_queue(name, full=[ana]) for name in QUEUES])


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_memory_and_database_choose_the_same_tickets(desk: Desk, data: st.DataObject) -> None:
    with transaction.atomic():
        tickets = [make_random_ticket(data.draw, desk) for _ in range(data.draw(st.integers(1, 3), label="tickets"))]
        make_search_entries()
        in_memory = {ticket.pk: Evaluation(TicketSubject(ticket, NOW), CONTEXT) for ticket in tickets}
        for text in data.draw(st.lists(queries(), min_size=3, max_size=8), label="queries"):
            _compare(text, in_memory, desk.agents[0])
        transaction.set_rollback(True)


def _compare(text: str, in_memory: dict[int, Evaluation], agent: Agent) -> None:
    try:
        query = parse(text if "in:" in text else f"({text}) in:all", TICKETS)
    except QueryError:
        return
    chosen = {pk for pk, evaluation in in_memory.items() if evaluation.matches(query)}

    assert set(select(query, agent=agent, context=CONTEXT).values_list("pk", flat=True)) == chosen, text
    for way in WAYS:
        with pytest.MonkeyPatch.context() as patch:
            # However busy the machine is: a walk that stops early is no other meaning.
            for name, value in ({"LONG_SECONDS": 60.0, "TIMEOUT_MS": 60_000} | way).items():
                patch.setattr(walk, name, value)
            places = walk.Walk(query, agent, context=CONTEXT).places(10)
        assert [place.ticket_id for place in places] == _in_order(chosen), f"walking by {way}: {text}"


def _in_order(tickets: set[int]) -> list[int]:
    """The newest first, as the entries say it."""
    entries = SearchEntry.objects.filter(ticket__in=tickets).order_by("-at", "-ticket")
    return list(entries.values_list("ticket", flat=True))
