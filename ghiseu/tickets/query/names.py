"""The small tables that queries name things of, all read by one statement, however many queries a page asks."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from django.db.models import CharField, Value
from django.db.models.functions import Cast

from ghiseu.people.models import Agent
from ghiseu.tickets.models import CustomField, Queue, Service, State, Tag, TicketType
from ghiseu.tickets.query.memory import Person


class KnownQueue(NamedTuple):
    pk: int
    name: str
    is_active: bool


class Names(NamedTuple):
    """Everything that has a name, whoever asks; `queues` are all there are, so they are cut down by rights later."""

    queues: list[KnownQueue]
    states: list[State]
    agents: list[tuple[int, Person]]
    types: list[tuple[int, str]]
    services: list[tuple[int, str]]
    # The desk's own fields: what each is called for reading, by its name.
    own_fields: dict[str, str]
    # None where they were not read.
    tags: list[str] | None


def read_names(*, with_tags: bool) -> Names:
    """All names by one statement. Tags may be many, so they are left out unless a query asks for one."""
    wanted: list[tuple[str, Any, str, str]] = [
        ("queue", Queue, "name", "is_active"),
        ("state", State, "name", "type"),
        ("agent", Agent, "name", "login"),
        ("type", TicketType, "name", "name"),
        ("service", Service, "name", "name"),
        ("field", CustomField, "name", "label"),
    ]
    if with_tags:
        wanted.append(("tag", Tag, "name", "name"))
    parts = [
        model.objects.order_by().values_list(Value(kind), "pk", Cast(name, CharField()), Cast(extra, CharField()))
        for kind, model, name, extra in wanted
    ]
    rows: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for kind, *row in parts[0].union(*parts[1:], all=True):
        rows[kind].append(tuple(row))  # type: ignore[arg-type]  # of three, as asked for
    return Names(
        queues=sorted((KnownQueue(pk, name, extra == "true") for pk, name, extra in rows["queue"]), key=_by_name),
        states=[State(pk=pk, name=name, type=extra) for pk, name, extra in sorted(rows["state"])],
        agents=[(pk, Person(name, login)) for pk, name, login in rows["agent"]],
        types=[(pk, name) for pk, name, _extra in rows["type"]],
        services=[(pk, name) for pk, name, _extra in rows["service"]],
        own_fields={name: label for _pk, name, label in rows["field"]},
        tags=[name for _pk, name, _extra in rows["tag"]] if with_tags else None,
    )


def _by_name(queue: KnownQueue) -> str:
    return queue.name
