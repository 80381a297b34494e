"""Fill a desk with the tickets of the workload, fast: rows made here, written by COPY in batches.

Only for measuring: no rights are asked, no history but the plain one is written, nobody is told.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bench import workload
from bench.desk import Desk

BATCH = 2000
PASSWORD = "measuring is knowing"  # noqa: S105  # of a desk that lives for minutes
EVERYWHERE, ONE_QUEUE = "everywhere", "one-queue"
LONG_TICKET = 300
_ADDRESS = re.compile(r'"?([^"<]*)"?\s*<([^>]+)>')
Ticket = dict[str, Any]


@dataclass
class Loaded:
    """What stands in the desk now, for choosing what to look at.

    `by_size` holds the numbers of some tickets by their count of articles.
    """

    tickets: int = 0
    articles: int = 0
    by_size: dict[int, list[str]] = field(default_factory=dict)
    busiest_customer: int = 0
    busiest_has: int = 0
    large_queue: int = 0
    small_queue: int = 0
    open_in_large: int = 0


class Table:
    """Rows waiting for one table; what is not given has the model's default."""

    def __init__(self, model: Any, connection: Any) -> None:
        described = model._meta  # noqa: SLF001  # Django's documented way to ask a model for its columns
        fields = [one for one in described.concrete_fields if not one.generated]
        self.name = described.db_table
        self.columns = [one.column for one in fields]
        self.defaults = {one.column: self._default(one, connection) for one in fields}
        self.rows: list[list[Any]] = []
        self.next_id = 1

    @staticmethod
    def _default(one: Any, connection: Any) -> Any:
        return None if one.primary_key else one.get_db_prep_save(one.get_default(), connection)

    def add(self, **values: Any) -> int:
        """Put a row in line; returns its id."""
        given = self.next_id
        values["id"] = given
        self.rows.append([values.get(column, default) for column, default in self.defaults.items()])
        self.next_id += 1
        return given

    def write(self, connection: psycopg.Connection) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(self.name), sql.SQL(", ").join(map(sql.Identifier, self.columns))
        )
        with connection.cursor().copy(statement) as copy:
            for row in self.rows:
                copy.write_row(row)
        self.rows.clear()

    def count_on(self, connection: psycopg.Connection) -> None:
        """Let the table's own counter go on behind our ids."""
        connection.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [f'"{self.name}"', self.next_id]
        )


class Loader:
    """Turns tickets of the workload into rows."""

    def __init__(self, desk: Desk) -> None:
        from django.db import connection

        from ghiseu.people.models import Agent, Customer, Identity
        from ghiseu.tickets.models import Article, Event, Participant, Queue, State, Ticket

        self.desk = desk
        models = (Customer, Identity, Ticket, Article, Participant, Event)
        tables = [Table(model, connection) for model in models]
        self.customers, self.identities, self.tickets, self.articles, self.participants, self.events = self.tables = (
            tables
        )
        self.states: dict[str, State] = {str(state.type): state for state in State.objects.order_by("-pk")}
        self.queues = {queue.name: queue.pk for queue in Queue.objects.all()}
        self.agents = {agent.name: agent.pk for agent in Agent.objects.all()}
        self.logins = {agent.login: agent.pk for agent in Agent.objects.all()}
        self.customer_ids: dict[str, int] = {}
        self.tickets_of: Counter[int] = Counter()
        self.open_in: Counter[int] = Counter()
        self.loaded = Loaded()

    def load(self, tickets: Iterable[Ticket]) -> Loaded:
        with self.desk.connect() as connection:
            # The rows are consistent by how they are made; the foreign keys need not look at each.
            connection.execute("SET session_replication_role = replica")
            stream = iter(tickets)
            while batch := list(itertools.islice(stream, BATCH)):
                for ticket in batch:
                    self.add(ticket)
                with connection.transaction():
                    for table in self.tables:
                        table.write(connection)
            for table in self.tables:
                table.count_on(connection)
            connection.execute("VACUUM ANALYZE")
        loaded = self.loaded
        loaded.busiest_customer, loaded.busiest_has = self.tickets_of.most_common(1)[0]
        ranked = self.open_in.most_common()
        loaded.large_queue, loaded.open_in_large = ranked[0]
        loaded.small_queue = ranked[-1][0]
        return loaded

    def add(self, ticket: Ticket) -> None:
        articles = ticket["articles"]
        created, closed = _time(ticket["created_at"]), _time(ticket["closed_at"])
        last = _time(articles[-1]["created_at"])
        customer = self.customer(ticket)
        queue = self.queues[ticket["queue"]]
        state = self.states["pending_reminder" if ticket["state"] == "pending" else ticket["state"]]
        answers = [one["created_at"] for one in articles if one["direction"] == "out"]
        waits = ticket["state"] != "closed" and articles[-1]["direction"] == "in"
        ticket_id = self.tickets.add(
            number=ticket["number"],
            title=ticket["title"][:500],
            queue_id=queue,
            state_id=state.pk,
            state_type=state.type,
            priority=("low", "normal", "high", "urgent").index(ticket["priority"]) + 1,
            owner_id=self.logins.get(ticket["owner"]),
            customer_id=customer,
            language=ticket["language"],
            pending_until=last + dt.timedelta(days=400) if ticket["state"] == "pending" else None,
            waiting_since=last if waits else None,
            first_answered_at=_time(answers[0]) if answers else None,
            closed_at=closed,
            created_at=created,
            changed_at=closed or last,
            article_count=len(articles),
            last_words=" ".join(articles[-1]["body"][:300].split())[:160],
        )
        self.participants.add(ticket_id=ticket_id, address=ticket["customer_email"].lower(), created_at=created)
        for position, article in enumerate(articles):
            self.add_article(ticket_id, customer, article, ticket["queue"] if position == 0 else "")
        if closed:
            closer = self.logins.get(ticket["owner"])
            self.event(ticket_id, "state_changed", closed, agent=closer, old="open", new=state.name, until="")
        self.note_what_it_is(ticket, ticket_id, customer, queue)

    def note_what_it_is(self, ticket: Ticket, ticket_id: int, customer: int, queue: int) -> None:
        size = len(ticket["articles"])
        known = self.loaded.by_size.setdefault(size, [])
        if len(known) < 50 or ticket_id % 7 == 0:
            known.append(ticket["number"])
            del known[:-50]
        self.tickets_of[customer] += 1
        if ticket["state"] != "closed":
            self.open_in[queue] += 1
        self.loaded.tickets += 1
        self.loaded.articles += size

    def customer(self, ticket: Ticket) -> int:
        address = ticket["customer_email"].lower()
        if address not in self.customer_ids:
            created = _time(ticket["created_at"])
            number = self.customers.add(
                name=ticket["customer_name"][:200], language=ticket["language"], created_at=created
            )
            self.identities.add(customer_id=number, kind="email", value=address, created_at=created)
            self.customer_ids[address] = number
        return self.customer_ids[address]

    def add_article(self, ticket_id: int, customer: int, article: dict[str, Any], opens: str) -> None:
        kind, created = article["direction"], _time(article["created_at"])
        name, address = _person(article["from"])
        to_name, to_address = _person(article["to"])
        is_customer = kind == "in"
        agent = None if is_customer else self.agents.get(name, next(iter(self.agents.values())))
        article_id = self.articles.add(
            ticket_id=ticket_id,
            sender_type="customer" if is_customer else "agent",
            channel="note" if kind == "note" else "email",
            is_visible_to_customer=kind != "note",
            sender_sign="unknown" if is_customer else "",
            agent_id=agent,
            customer_id=customer if is_customer else None,
            from_name=name,
            from_address=address.lower(),
            to=Jsonb([{"name": to_name, "address": to_address}]),
            subject=article["subject"],
            message_id=article["message_id"].strip("<>"),
            in_reply_to=(article["in_reply_to"] or "").strip("<>"),
            text=article["body"],
            written_at=created,
            created_at=created,
        )
        if opens:
            self.event(ticket_id, "created", created, article=article_id, agent=agent, queue=opens, related="")
        else:
            kinds = {"in": "message_received", "out": "reply_written", "note": "note_written"}
            self.event(ticket_id, kinds[kind], created, article=article_id, agent=agent)

    def event(
        self, ticket_id: int, kind: str, at: Any, *, article: int | None = None, agent: int | None, **data: str
    ) -> None:
        self.events.add(
            ticket_id=ticket_id,
            article_id=article,
            kind=kind,
            actor="agent" if agent else "customer" if article else "system",
            agent_id=agent,
            data=Jsonb(data),
            at=at,
        )


def load(desk: Desk, count: int) -> Loaded:
    """Set up queues and agents, then fill in `count` tickets of the workload and one very long one.

    Two agents can sign in: EVERYWHERE with every right on all queues, ONE_QUEUE with the same on the smallest queue.
    """
    _set_up(workload.directory())
    loader = Loader(desk)
    loaded = loader.load(_with_a_long_one(workload.tickets(count)))
    _give_one_queue(loaded.small_queue)
    return loaded


def _with_a_long_one(tickets: Iterable[Ticket]) -> Iterable[Ticket]:
    """Behind them all, a ticket with the articles of many."""
    bodies: list[dict[str, Any]] = []
    last: Ticket = {}
    for last in tickets:
        if len(bodies) < LONG_TICKET:
            bodies += last["articles"]
        yield last
    articles = [
        {**body, "created_at": last["created_at"], "message_id": f"<{position}.long@ghiseu.example>"}
        for position, body in enumerate(bodies[:LONG_TICKET])
    ]
    yield {**last, "number": "20251231990001", "state": "open", "closed_at": None, "articles": articles}


def _set_up(directory: workload.Directory) -> None:
    from ghiseu.people.models import Agent, Role
    from ghiseu.tickets.models import Queue, QueueGrant

    queues = Queue.objects.bulk_create(Queue(name=name) for name in directory.queues)
    everywhere = Role.objects.create(name=EVERYWHERE)
    QueueGrant.objects.bulk_create(QueueGrant(role=everywhere, queue=queue, rights=["full"]) for queue in queues)
    for login, name in directory.agents.items():
        Agent.objects.create(login=login, name=name, email=f"{login}@ghiseu.example")
    one = Agent.objects.create_agent(
        login=EVERYWHERE, name="Everywhere", email="everywhere@ghiseu.example", password=PASSWORD
    )
    one.roles.add(everywhere)


def _give_one_queue(queue_id: int) -> None:
    from ghiseu.people.models import Agent, Role
    from ghiseu.tickets.models import QueueGrant

    role = Role.objects.create(name=ONE_QUEUE)
    QueueGrant.objects.create(role=role, queue_id=queue_id, rights=["full"])
    Agent.objects.create_agent(
        login=ONE_QUEUE, name="One Queue", email="one@ghiseu.example", password=PASSWORD
    ).roles.add(role)


def _time(text: str | None) -> Any:
    return dt.datetime.fromisoformat(text) if text else None


def _person(text: str) -> tuple[str, str]:
    match = _ADDRESS.match(text)
    return (match[1].strip(), match[2]) if match else ("", text)
