"""Factories without surprises: valid and dull by default, whatever matters to a test is spelled in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ghiseu.mail.models import Mailbox
from ghiseu.people.customers import customer_for_address
from ghiseu.people.models import Agent, Customer, Role
from ghiseu.tickets.actions import NewMessage, open_ticket
from ghiseu.tickets.models import Article, Event, Queue, QueueGrant, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.search.indexing import index_due


def make_queue(name: str = "Support", *, full: Iterable[Agent] = (), **fields: Any) -> Queue:
    """A queue, in which the agents `full` may do everything."""
    queue = Queue.objects.create(name=name, **fields)
    for agent in full:
        grant(agent, queue, Right.FULL)
    return queue


def grant(agent: Agent, queue: Queue, *rights: Right) -> None:
    """Give rights in one queue, by a role of the agent's own."""
    role, _ = Role.objects.get_or_create(name=f"role of {agent.login}")
    agent.roles.add(role)
    QueueGrant.objects.update_or_create(role=role, queue=queue, defaults={"rights": list(rights)})
    # An agent's rights are asked for once in a request; in a test the object lives longer.
    agent.__dict__.pop("_granted", None)


def make_agent(login: str, name: str, **fields: Any) -> Agent:
    return Agent.objects.create_agent(
        login=login, name=name, email=f"{login}@desk.example", password="window-42", **fields
    )


def make_customer(address: str = "vera@site.example", name: str = "Vera Moraru") -> Customer:
    return customer_for_address(address, name=name, language="ro")


def make_message(**fields: Any) -> NewMessage:
    values: dict[str, Any] = {
        "text": "My site is down.",
        "subject": "Site down",
        "from_name": "Vera Moraru",
        "from_address": "vera@site.example",
        "message_id": "first@site.example",
    }
    return NewMessage(**(values | fields))


def make_article(queue: Queue | None = None, *, customer: Customer | None = None, **fields: Any) -> Article:
    """The first article of a new ticket."""
    queue = queue or Queue.objects.get_or_create(name="Support")[0]
    return open_ticket(queue, make_message(**fields), customer=customer or make_customer())


def make_ticket(queue: Queue | None = None, *, customer: Customer | None = None, **fields: Any) -> Ticket:
    return make_article(queue, customer=customer, **fields).ticket


def make_mailbox(
    queue: Queue, *, name: str = "support", address: str = "support@desk.example", **fields: Any
) -> Mailbox:
    return Mailbox.objects.create(name=name, address=address, queue=queue, **fields)


def make_search_entries() -> None:
    """What the worker does: bring the full-text index up to date."""
    while index_due():
        pass


def history_of(ticket: Ticket) -> list[str]:
    """The kinds of a ticket's events, in order."""
    return [event.kind for event in Event.objects.filter(ticket=ticket).order_by("pk")]
