"""How many tickets are in many views at once.

Most views are questions about open tickets that a ticket's own row answers. All of these are counted by one statement
that goes over the open tickets once and says for each queue how many are in each view; who may read which queues is
added up afterwards, so that one answer serves every agent. A second one does the same for what is asked of one's own
tickets, for each owner. Everything else is counted on its own, up to a bound and for a limited time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import Q
from django.db.models.sql import Query as Statement

from ghiseu.people.models import Agent
from ghiseu.tickets.models import OPEN_TYPES, Ticket
from ghiseu.tickets.query.fields import Kind
from ghiseu.tickets.query.names import Names
from ghiseu.tickets.query.only_open import is_only_open, without_open
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import Scope, context_of, zone_named
from ghiseu.tickets.query.sql import condition, select
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import And, Everything, FieldTest, IsMe, Node, Query
from ghiseu.tickets.views.bounded import TookTooLong, at_most

# Beyond this a view that is counted on its own says "999+".
MOST_COUNTED = 999
MILLISECONDS_FOR_ONE = 150
_MOST_TESTS = 25
# What a ticket's own row says without reading a text. A field is dear until it stands here.
_CHEAP = frozenset(
    {"queue", "state", "state.type", "priority", "owner", "lock", "type", "service", "tag", "language", "articles"}
    | {"created", "changed", "pending", "answered", "due", "due.first", "due.answer", "due.solution"}
    | {"age", "waiting", "idle", "is", "in"}
)
_OPEN_ONLY = "FROM tickets_ticket WHERE state_type = ANY(%s)"
_OWNED = f"""
    SELECT id, (SELECT count(*) FROM (SELECT {_OPEN_ONLY} AND owner_id = agent.id LIMIT %s) counted)
    FROM unnest(%s::bigint[]) agent (id)
"""  # noqa: S608  # words of our own
_ARCHIVED = """
    SELECT count(*) FROM (
        SELECT FROM tickets_ticket WHERE queue_id = ANY(%s) AND archived_at IS NOT NULL LIMIT %s
    ) counted
"""


class Way(Enum):
    """How a view is counted."""

    SHARED = auto()  # with all others, for all agents
    OWN = auto()  # the same, for each owner
    ALONE = auto()


def way_of(query: Query) -> Way:
    # By the text, which is all that a query is made of; a tree takes long to hash.
    return _way_of(query.text)


@lru_cache(maxsize=4096)
def _way_of(text: str) -> Way:
    query = parse(text, TICKETS)
    tests = list(query.tests())
    if not is_only_open(query) or len(tests) > _MOST_TESTS or not all(_is_cheap(test) for test in tests):
        return Way.ALONE
    if not is_personal(query):
        return Way.SHARED
    rest = _without_mine(query.root)
    return Way.ALONE if rest == query.root or is_personal(Query(query.text, rest)) else Way.OWN


def _is_cheap(test: FieldTest) -> bool:
    if test.field.name == "is":
        return all(getattr(predicate, "text", "") != "unverified" for predicate in test.predicates)
    return test.field.name in _CHEAP


def _is_owned_by_me(node: object) -> bool:
    return isinstance(node, FieldTest) and node.field.name == "owner" and node.predicates == (IsMe(),)


def is_personal(query: Query) -> bool:
    """Whether it means something else for each agent."""
    return any(isinstance(predicate, IsMe) for test in query.tests() for predicate in test.predicates)


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it is counted for everybody who reads the same clock; `zone` is empty where no day is asked for."""

    text: str
    zone: str

    @classmethod
    def of(cls, query: Query, agent: Agent) -> Question:
        return cls(query.text, agent.time_zone if _asks_for_days(query.text) else "")

    @property
    def query(self) -> Query:
        return parse(self.text, TICKETS)

    @property
    def is_own(self) -> bool:
        """Whether each agent asks it of their own tickets."""
        return _way_of(self.text) is Way.OWN


@lru_cache(maxsize=4096)
def _asks_for_days(text: str) -> bool:
    return any(test.field.kind is Kind.TIME for test in parse(text, TICKETS).tests())


ByQueue = dict[int, int]


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Of each queue: all open tickets, those without an owner, and how many of them each question finds.

    `owned` says the last for what is asked of one's own tickets: by question, then by owner.
    """

    every: ByQueue
    unassigned: ByQueue
    found: dict[Question, ByQueue]
    owned: dict[Question, dict[int, ByQueue]] = field(default_factory=dict)

    def covers(self, questions: Iterable[Question]) -> bool:
        return all(question in self.found or question in self.owned for question in questions)

    def number(self, question: Question, *, agent: Agent, queues: Iterable[int]) -> int:
        """How many tickets the question finds for this agent in these queues."""
        owned = self.owned.get(question)
        found = self.found[question] if owned is None else owned.get(agent.pk, {})
        return sum(found.get(queue, 0) for queue in queues)


def count_open(questions: Sequence[Question], *, asker: Agent, names: Names) -> OpenCounts:
    """At most two statements over the open tickets, whoever may read them. Not for questions whose way is ALONE.

    The asker lends a name and no rights: no number of it may be shown but that of a queue one reads.
    """
    shared = [question for question in questions if not question.is_own]
    own = [question for question in questions if question.is_own]
    columns = ["queue_id", "count(*)", "count(*) FILTER (WHERE owner_id IS NULL)"]
    rows = _counted(columns, shared, "", asker=asker, names=names)
    counts = OpenCounts(
        every={row[0]: row[1] for row in rows},
        unassigned={row[0]: row[2] for row in rows},
        found={
            question: {row[0]: row[place] for row in rows if row[place]} for place, question in enumerate(shared, 3)
        },
        owned={question: defaultdict(dict) for question in own},
    )
    if own:
        for queue, owner, *numbers in _counted(["queue_id", "owner_id"], own, ", owner_id", asker=asker, names=names):
            for question, number in zip(own, numbers, strict=True):
                counts.owned[question][owner][queue] = number
    return counts


def _counted(
    columns: Sequence[str], questions: Sequence[Question], more: str, *, asker: Agent, names: Names
) -> list[tuple[Any, ...]]:
    """These columns and a number for each question, by queue and `more`."""
    filters, params = [], list[Any]()
    for question in questions:
        root = without_open(question.query.root)
        root = _without_mine(root) if question.is_own else root
        sql, values = _as_sql(condition(Query(question.text, root), _scope_of(question, asker, names)))
        filters.append(f"count(*) FILTER (WHERE {sql})")
        params.extend(values)
    statement = f"SELECT {', '.join([*columns, *filters])} {_OPEN_ONLY} GROUP BY queue_id{more}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, list(OPEN_TYPES)])
        return list(cursor.fetchall())


def _scope_of(question: Question, asker: Agent, names: Names) -> Scope:
    context = context_of(asker)
    if question.zone:
        context = type(context)(now=context.now, zone=zone_named(question.zone), me=context.me)
    return Scope(asker, context, names, everywhere=True)


def _as_sql(asked: Q) -> tuple[str, Sequence[Any]]:
    """A condition on the ticket's own columns as SQL. Django raises FieldError where it needs another table."""
    statement = Statement(Ticket)
    try:
        sql, params = statement.get_compiler(connection=connection).compile(statement.build_where(asked))
    except EmptyResultSet:
        return "FALSE", ()
    except FullResultSet:
        return "TRUE", ()
    return sql, params


def count_owned(agent_ids: Sequence[int]) -> dict[int, int]:
    """How many open tickets each of these agents has, in all queues; at most one more than MOST_COUNTED."""
    with connection.cursor() as cursor:
        cursor.execute(_OWNED, [list(OPEN_TYPES), MOST_COUNTED + 1, list(agent_ids)])
        return dict(cursor.fetchall())


def count_in_archive(queue_ids: Sequence[int]) -> int:
    """How many tickets of these queues are in the archive; at most one more than MOST_COUNTED."""
    with connection.cursor() as cursor:
        cursor.execute(_ARCHIVED, [list(queue_ids), MOST_COUNTED + 1])
        return int((cursor.fetchone() or (0,))[0])


def _without_mine(root: Node) -> Node:
    """The same where only tickets of one's own are looked at."""
    parts = root.parts if isinstance(root, And) else (root,)
    rest = tuple(part for part in parts if not _is_owned_by_me(part))
    return And(rest) if len(rest) > 1 else next(iter(rest), Everything())


def count_alone(query: Query, *, scope: Scope) -> int | None:
    """How many tickets it finds, at most one more than MOST_COUNTED; None where the database cannot say in time."""
    tickets = select(query, agent=scope.agent, scope=scope).values("pk")[: MOST_COUNTED + 1]
    try:
        with at_most(MILLISECONDS_FOR_ONE):
            return tickets.count()
    except TookTooLong:
        return None
