"""What a list says of a ticket, read for a whole page in one statement.

A list shows fifty tickets with the names of their queues, owners and customers. Fifty model objects with five others
each would cost more than all the rest of the page; a line is a plain tuple that comes from the database as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models.expressions import OrderBy, RawSQL
from django.utils import timezone

from ghiseu.tickets.expressions import without_implied
from ghiseu.tickets.models.queue import short_name

if TYPE_CHECKING:
    from ghiseu.tickets.querysets import TicketQuerySet


class ListedTicket(NamedTuple):
    """One ticket of a list. `customer_name` is the first address where nobody gave a name."""

    pk: int
    number: str
    title: str
    last_words: str
    priority: int
    state_id: int
    state_type: str
    state_name: str
    queue_id: int
    queue_name: str
    owner_id: int | None
    owner_name: str | None
    locked_by_name: str | None
    locked_until: dt.datetime | None
    customer_id: int
    customer_name: str
    # As they gave it themselves, and as the database sorts it: empty where nobody gave one.
    customer_given_name: str
    waiting_since: dt.datetime | None
    due_at: dt.datetime | None
    pending_until: dt.datetime | None
    created_at: dt.datetime
    changed_at: dt.datetime
    article_count: int
    tags: list[str]
    fields: dict[str, Any]
    language: str
    type_name: str | None
    service_name: str | None
    company_name: str | None

    @property
    def queue_short_name(self) -> str:
        return short_name(self.queue_name)

    @property
    def is_locked(self) -> bool:
        """Whether somebody holds the ticket now; a lapsed lock is none."""
        return self.locked_by_name is not None and (self.locked_until is None or self.locked_until > timezone.now())


# In the order of the fields above; `page` are the ids to be shown. Names are asked for one by one instead of joined:
# for eleven tables PostgreSQL thinks longer about the order of joining them than it then needs to read fifty rows.
_COLUMNS = """
    ticket.id, ticket.number, ticket.title, ticket.last_words, ticket.priority, ticket.state_id, ticket.state_type,
    (SELECT name FROM tickets_state WHERE id = ticket.state_id),
    ticket.queue_id, (SELECT name FROM tickets_queue WHERE id = ticket.queue_id),
    ticket.owner_id, (SELECT name FROM people_agent WHERE id = ticket.owner_id),
    (SELECT name FROM people_agent WHERE id = ticket.locked_by_id), ticket.locked_until,
    ticket.customer_id, CASE WHEN customer.name <> '' THEN customer.name ELSE coalesce(
        (SELECT value FROM people_identity WHERE customer_id = customer.id ORDER BY id LIMIT 1),
        '#' || customer.id) END, customer.name,
    ticket.waiting_since, ticket.due_at, ticket.pending_until, ticket.created_at, ticket.changed_at,
    ticket.article_count, ticket.tags, ticket.fields, ticket.language,
    (SELECT name FROM tickets_tickettype WHERE id = ticket.type_id),
    (SELECT name FROM tickets_service WHERE id = ticket.service_id),
    (SELECT name FROM people_company WHERE id = customer.company_id)
"""
_TABLES = """
    JOIN tickets_ticket ticket ON ticket.id = page.id
    JOIN people_customer customer ON customer.id = ticket.customer_id
"""


def first_of(tickets: TicketQuerySet, by: Sequence[OrderBy], *, rows: int) -> list[ListedTicket]:
    """The first `rows` tickets in this order.

    One statement does it all, so that nothing is shown that was not asked for.

    Where the set says that it goes through queues, each queue gives its own first rows out of an index that has them in
    order, and the best of them are the answer. So it costs what its rows and the agent's queues cost, however many
    tickets lie behind them. A set that is small by itself, or an order that no index has, is sorted as a whole.
    """
    names = [f"key_{position}" for position in range(len(by))]
    columns = ", ".join(names)
    order = ", ".join(f"{name} {'DESC' if key.descending else 'ASC'}" for name, key in zip(names, by, strict=True))
    queues = tickets.queue_ids
    if queues is not None:
        tickets = tickets.filter(queue_id=RawSQL("every.queue_id", []))
        tickets.query.where = without_implied(tickets.query.where, "queue_id", queues)
    found = tickets.select_related(None).prefetch_related(None).order_by(*by)
    found = found.annotate(**{name: key.expression for name, key in zip(names, by, strict=True)})
    try:
        ids, params = found.values_list("pk", *names)[:rows].query.sql_with_params()
    except EmptyResultSet:
        # Django saw that nothing can be in it: an agent without a queue, for one.
        return []
    # Only names of ours are put together here; whatever came from outside stands in the parameters.
    if queues is not None:
        ids = f"""SELECT found.* FROM unnest(%s::bigint[]) every (queue_id)
            CROSS JOIN LATERAL ({ids}) found (id, {columns}) ORDER BY {order} LIMIT {rows:d}"""  # noqa: S608
        params = (queues, *params)
    statement = f"SELECT {_COLUMNS} FROM ({ids}) page (id, {columns}) {_TABLES} ORDER BY {order}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [ListedTicket._make(row) for row in cursor.fetchall()]
