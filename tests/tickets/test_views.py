"""Which views an agent sees, who may keep and share them, and that every way of counting gives the same number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ghiseu.people.models import Agent, Role
from ghiseu.tickets.actions import assign_ticket, change_tags, close_ticket, set_priority
from ghiseu.tickets.errors import InvalidInput, NotAdministrator
from ghiseu.tickets.models import Audience, Priority, Ticket, View
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.names import read_names
from ghiseu.tickets.query.only_open import is_only_open
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import Scope, context_of
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.views.counting import Question, Way, count_alone, count_open, way_of
from ghiseu.tickets.views.keeping import MOST_OF_ONE_AGENT, delete_view, move_view, save_view
from ghiseu.tickets.views.predefined import PREDEFINED
from ghiseu.tickets.views.reading import may_know, tickets_in, views_shared_with
from tests.factories import grant, make_agent, make_queue, make_ticket

pytestmark = pytest.mark.django_db

COUNTED = [
    "is:open",
    "is:open owner:me",
    "is:open owner:me priority>=high",
    "is:open owner:none",
    "is:open owner:ana,ion",
    "is:open is:waiting",
    "is:open -is:waiting",
    "is:open priority>=high age<1d",
    "is:new queue:Support",
    "is:open -queue:Secret",
    "is:open queue:Secret*",
    "is:open (tag:vip OR owner:ion)",
    "is:open tag:none created:today",
    "is:open is:open",
    "state.type:new,open",
    "(is:new OR is:pending) in:desk",
    "is:open in:archive",
    "is:open due<+4h",
    "is:open owner:me lock:me",
    "is:open lock:me",
    "is:open -owner:me",
    "is:open is:unverified",
    "is:open site",
    "-is:open",
    "is:closed",
    "priority:urgent",
    "customer:vera@site.example",
    "",
]


@pytest.fixture
def desk(ana: Agent, ion: Agent) -> tuple[Agent, Agent]:
    """Ana works in Support, Ion in Support and in Secret."""
    support, secret = make_queue("Support", full=[ana, ion]), make_queue("Secret::Cases", full=[ion])
    tickets = [make_ticket(support) for _ in range(6)] + [make_ticket(secret) for _ in range(3)]
    assign_ticket(tickets[0], to=ana, by=ana)
    assign_ticket(tickets[1], to=ion, by=ion)
    set_priority(tickets[2], Priority.URGENT, by=ana)
    close_ticket(tickets[3], by=ana)
    change_tags(tickets[4], add=["vip"], by=ana)
    assign_ticket(tickets[6], to=ion, by=ion)
    close_ticket(tickets[7], by=ion)
    Ticket.objects.filter(pk=tickets[5].pk).update(first_answer_due_at=timezone.now())
    return ana, ion


def make_view(owner: Agent, name: str = "A view", query: str = "is:open", **fields: Any) -> View:
    return save_view(View(name=name, query=query, owner=owner, **fields), by=owner)


@pytest.mark.parametrize("text", COUNTED)
def test_every_way_of_counting_gives_the_number_of_tickets_that_the_view_shows(
    desk: tuple[Agent, Agent], text: str
) -> None:
    query = parse(text, TICKETS)
    names = read_names(with_tags=True)
    for agent in desk:
        scope = Scope(agent, context_of(agent), names)
        shown = select(query, agent=agent).count()
        readable = {grant.queue_id for role in agent.roles.all() for grant in role.grants.all()}

        assert tickets_in(query, scope=scope).count() == shown
        assert count_alone(query, scope=scope) == shown
        if way_of(query) is not Way.ALONE:
            question = Question.of(query, agent)
            # Whoever asks for all lends a name and no rights.
            found = count_open([question], asker=desk[0], names=names)
            assert found.number(question, agent=agent, queues=readable) == shown


def test_most_views_are_counted_together() -> None:
    ways = {text: way_of(parse(text, TICKETS)) for text in COUNTED}
    assert {text for text, way in ways.items() if way is Way.OWN} == {
        "is:open owner:me",
        "is:open owner:me priority>=high",
    }
    assert {text for text, way in ways.items() if way is Way.ALONE} == {
        "is:open owner:me lock:me",
        "is:open lock:me",
        "is:open -owner:me",
        "is:open is:unverified",
        "is:open site",
        "-is:open",
        "is:closed",
        "priority:urgent",
        "customer:vera@site.example",
        "",
    }


def test_what_can_only_be_open_is_known_from_the_words() -> None:
    said = ["is:open", "is:new,pending", "x is:open", "is:open OR is:new", "state.type:open", "(is:open a) -b"]
    not_said = ["", "is:closed", "-is:closed", "is:open OR x", "is:open,closed", "is:waiting", "state.type:closed,open"]
    assert [is_only_open(parse(text, TICKETS)) for text in said] == [True] * len(said)
    assert [is_only_open(parse(text, TICKETS)) for text in not_said] == [False] * len(not_said)


def test_a_count_that_takes_too_long_is_given_up(
    desk: tuple[Agent, Agent], monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    monkeypatch.setattr("ghiseu.tickets.views.counting.MILLISECONDS_FOR_ONE", 1)
    monkeypatch.setattr("ghiseu.tickets.views.counting.MOST_COUNTED", 10**9)
    scope = Scope(desk[1], context_of(desk[1]))
    pattern = " ".join(f"text:~{'abcdefgh'[:n]}{n}" for n in range(1, 8))
    with_every_article_read = parse(f"-({pattern})", TICKETS)
    Ticket.objects.get(pk=Ticket.objects.latest("pk").pk).articles.update(text="abc " * 200_000)

    with django_assert_max_num_queries(8):
        assert count_alone(with_every_article_read, scope=scope) is None
    assert Ticket.objects.exists()


def test_the_predefined_views_are_understood(desk: tuple[Agent, Agent]) -> None:
    ana, _ion = desk
    scope = Scope(ana, context_of(ana))
    counts = {view.key: tickets_in(parse(view.query, TICKETS), scope=scope).count() for view in PREDEFINED}
    open_ones = {"mine": 1, "unassigned": 3, "waiting": 5, "due": 1, "customer": 0, "open": 5}
    assert counts == open_ones | {"closed": 1, "archive": 0}


def test_an_agent_sees_their_own_views_and_those_meant_for_them(desk: tuple[Agent, Agent]) -> None:
    ana, ion = desk
    boss = make_agent("boss", "Doina Munteanu", is_administrator=True)
    team = Role.objects.create(name="Team")
    ion.roles.add(team)
    ion = Agent.objects.get(pk=ion.pk)  # roles are asked for once in a request
    make_view(ana, "Ana's")
    make_view(boss, "All", audience=Audience.EVERYONE)
    make_view(boss, "The team's", audience=Audience.ROLE, role=team)
    make_view(ion, "Ion's")

    assert [view.name for view in views_shared_with(ana)] == ["All", "Ana's"]
    assert [view.name for view in views_shared_with(ion)] == ["All", "The team's", "Ion's"]
    assert [view.name for view in views_shared_with(boss)] == ["All", "The team's"]


@pytest.mark.parametrize(
    ("query", "is_known"),
    [
        ("is:open queue:Support", True),
        ("is:open queue:Nowhere", True),
        ("is:open queue:Secret::Cases", False),
        ("is:open queue:Secret::*", False),
        ("is:open (queue:Support OR was:queue:Secret*)", False),
        ("is:open -queue:(Support,Secret::Cases)", False),
        ('is:open "Secret::Cases"', True),
    ],
)
def test_a_shared_view_that_names_a_hidden_queue_is_not_shown(
    desk: tuple[Agent, Agent], query: str, is_known: bool
) -> None:
    ana, ion = desk
    boss = make_agent("boss", "Doina Munteanu", is_administrator=True)
    view = make_view(boss, query=query, audience=Audience.EVERYONE)
    names = read_names(with_tags=False)

    assert may_know(view, agent=ion, names=names)
    assert may_know(view, agent=boss, names=names)
    assert may_know(view, agent=ana, names=names) is is_known


def test_a_broken_shared_view_is_not_shown_where_it_could_name_a_queue(desk: tuple[Agent, Agent]) -> None:
    ana, ion = desk
    names = read_names(with_tags=False)
    broken = [
        View(name="a", query=text, owner=ion, audience="everyone") for text in ("gone:x", "gone:x queue:Secret::Cases")
    ]
    assert [may_know(view, agent=ana, names=names) for view in broken] == [True, False]
    assert [may_know(view, agent=ion, names=names) for view in broken] == [True, True]


def test_who_may_share_with_whom(desk: tuple[Agent, Agent]) -> None:
    ana, ion = desk
    boss = make_agent("boss", "Doina Munteanu", is_administrator=True)
    team = Role.objects.create(name="Team")
    ion.roles.add(team)
    refused = [(ana, Audience.EVERYONE, None), (ion, Audience.EVERYONE, None), (ana, Audience.ROLE, team)]
    allowed = [(boss, Audience.EVERYONE, None), (boss, Audience.ROLE, team), (ion, Audience.ROLE, team)]

    for agent, audience, role in refused:
        with pytest.raises(NotAdministrator):
            make_view(agent, audience=audience, role=role)
    for agent, audience, role in allowed:
        make_view(agent, audience=audience, role=role)
    assert View.objects.count() == len(allowed)


def test_only_its_owner_and_for_shared_ones_administrators_change_a_view(desk: tuple[Agent, Agent]) -> None:
    ana, ion = desk
    boss = make_agent("boss", "Doina Munteanu", is_administrator=True)
    role = ana.roles.get()
    ion.roles.add(role)
    private, shared = make_view(ana), make_view(ana, audience=Audience.ROLE, role=role)

    for view, agent in ((private, ion), (private, boss), (shared, ion)):
        # What the caller made of the object does not help.
        theirs = View.objects.get(pk=view.pk)
        theirs.owner = agent
        with pytest.raises(NotAdministrator):
            save_view(theirs, by=agent)
        with pytest.raises(NotAdministrator):
            delete_view(View.objects.get(pk=view.pk), by=agent)
        with pytest.raises(NotAdministrator):
            move_view(View.objects.get(pk=view.pk), up=True, by=agent)
    delete_view(shared, by=boss)
    delete_view(private, by=ana)
    assert not View.objects.exists()


def test_views_keep_the_order_that_people_give_them(desk: tuple[Agent, Agent]) -> None:
    ana, ion = desk
    make_view(ion, "Ion's")
    views = [make_view(ana, name) for name in "abc"]

    move_view(views[2], up=True, by=ana)
    assert [view.name for view in views_shared_with(ana)] == ["a", "c", "b"]
    move_view(views[0], up=True, by=ana)
    move_view(views[0], up=False, by=ana)
    assert [view.name for view in views_shared_with(ana)] == ["c", "a", "b"]


@pytest.mark.parametrize("query", ["gone:x", "is:opne", "(", "text:~a", "-(text:~a)"])
def test_a_question_that_cannot_be_asked_is_not_kept(desk: tuple[Agent, Agent], query: str) -> None:
    with pytest.raises(QueryError):
        make_view(desk[0], query=query)


def test_groups_are_for_open_tickets_and_days_for_orders_by_time(desk: tuple[Agent, Agent]) -> None:
    with pytest.raises(InvalidInput, match="is:open"):
        make_view(desk[0], query="is:closed", grouping="owner")
    with pytest.raises(InvalidInput, match="by time"):
        make_view(desk[0], grouping="day", order="priority")
    make_view(desk[0], query="is:closed", grouping="day")
    make_view(desk[0], grouping="owner", order="priority")


def test_views_of_one_agent_are_bounded(desk: tuple[Agent, Agent]) -> None:
    View.objects.bulk_create(View(name="v", query="", owner=desk[0]) for _ in range(MOST_OF_ONE_AGENT))
    with pytest.raises(InvalidInput, match="Delete one"):
        make_view(desk[0])


def test_a_right_that_is_taken_away_takes_the_tickets_out_of_the_view(desk: tuple[Agent, Agent]) -> None:
    ana, _ion = desk
    queue = make_queue("Third", full=[ana])
    make_ticket(queue)
    query = parse("is:open queue:Third", TICKETS)
    assert tickets_in(query, scope=Scope(ana, context_of(ana))).count() == 1
    grant(ana, queue, Right.CREATE)
    assert tickets_in(query, scope=Scope(ana, context_of(ana))).count() == 0
