"""The small tables that queries name things of, all read by one statement, however many queries a page asks."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from django.db import connection

from ghiseu.tickets.models import State
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


# Small tables read as a whole, in no order; what a row says beside its name is its third column.
_STATEMENT = """
    SELECT 'queue', id, name, is_active::text FROM tickets_queue
    UNION ALL SELECT 'state', id, name, type FROM tickets_state
    UNION ALL SELECT 'agent', id, name, login FROM people_agent
    UNION ALL SELECT 'type', id, name, '' FROM tickets_tickettype
    UNION ALL SELECT 'service', id, name, '' FROM tickets_service
    UNION ALL SELECT 'field', id, name, label FROM tickets_customfield
"""
_TAGS = "UNION ALL SELECT 'tag', id, name, '' FROM tickets_tag"


def read_names(*, with_tags: bool) -> Names:
    """All names by one statement. Tags may be many, so they are left out unless a query asks for one."""
    rows: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT + _TAGS if with_tags else _STATEMENT)
        for kind, pk, name, extra in cursor.fetchall():
            rows[kind].append((pk, name, extra))
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
