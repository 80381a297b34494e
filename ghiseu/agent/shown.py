"""What an address asks a list to show: a view, in a queue or in all, or a question that is not kept; and how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ghiseu.agent.rows import Row, rows_for
from ghiseu.agent.sidebar import Known, known_to
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.listing import ListedTicket
from ghiseu.tickets.models import Priority, Queue, View
from ghiseu.tickets.paging import TIME_OF, Grouping, Order
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import Scope, context_of
from ghiseu.tickets.query.sql import refuse_if_too_broad
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import Or, Query
from ghiseu.tickets.views.keeping import refuse_grouping
from ghiseu.tickets.views.predefined import BY_WORD, OPEN
from ghiseu.tickets.views.understanding import understand_again


@dataclass(frozen=True, slots=True)
class Shown:
    """`problem` says why the question cannot be asked; then there is no `query`."""

    view: View
    queue: Queue | None
    scope: Scope
    known: Known | None
    order: Order
    grouping: Grouping
    query: Query | None = None
    problem: QueryError | None = None

    @property
    def is_kept(self) -> bool:
        return self.view.pk is not None

    @property
    def is_unkept(self) -> bool:
        """A question out of the address, under no name."""
        return not self.view.key

    @property
    def question(self) -> str:
        """What the list asks, in words that say it without the queue's page."""
        text = self.view.query
        if self.queue is None:
            return text
        if self.query is not None and isinstance(self.query.root, Or):
            text = f"({text})"
        name = self.queue.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'queue="{name}" {text}'.strip()

    @property
    def as_new_view(self) -> str:
        """What a new view begins with that shows what this list shows."""
        asked = {"q": self.question, "order": self.order.value, "group": self.grouping.value, "like": self.view.key}
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Those that fit the question and the order."""
        return tuple(one for one in Grouping if self.query is not None and _fits(self.query, one, self.order))

    def address(self, **edge: str | None) -> str:
        """The same list, at a place in it."""
        return "?" + urlencode(self.place | {name: value for name, value in edge.items() if value})

    @property
    def asked(self) -> tuple[str, str]:
        """How an address asks for this: by the name of a parameter and its value."""
        return ("q", self.view.query) if self.is_unkept else ("view", self.view.key)

    @property
    def place(self) -> dict[str, str]:
        name, value = self.asked
        return {name: value, "order": self.order.value, "group": self.grouping.value}


def shown_for(agent: Agent, asked: QueryDict, *, queue: Queue | None, with_known: bool) -> Shown:
    """Raises Http404 for a view that is not there for this agent; an unknown word means the usual list.

    With `with_known` everything that the left column needs is read along.
    """
    key, text = asked.get("view", ""), asked.get("q")
    view = BY_WORD.get(key, OPEN) if text is None else View(query=text.strip())
    is_number = text is None and key.isascii() and key.isdigit()
    known = known_to(agent, also=view.query) if with_known or is_number else None
    if is_number:
        found = known.view(key) if known else None
        if found is None:
            raise Http404
        view = found
    wanted_order, wanted_groups = asked.get("order", ""), asked.get("group", view.grouping)
    order = Order(wanted_order if wanted_order in Order.values else view.order)
    grouping = Grouping(wanted_groups if wanted_groups in Grouping.values else view.grouping)
    scope = known.scope if known else Scope(agent, context_of(agent))
    try:
        query = understand_again(view.query, known.names.own_fields) if known else parse(view.query, TICKETS)
        refuse_if_too_broad(query)
    except QueryError as problem:
        return Shown(view, queue, scope, known, order, Grouping.NONE, problem=problem)
    if not _fits(query, grouping, order):
        grouping = Grouping.NONE
    return Shown(view, queue, scope, known, order, grouping, query=query)


def _fits(query: Query, grouping: Grouping, order: Order) -> bool:
    try:
        refuse_grouping(query, grouping, order)
    except InvalidInput:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets that stand together under a heading, each with its line; without groups the heading is empty."""

    heading: str
    pairs: list[tuple[ListedTicket, Row]]

    @property
    def rows(self) -> list[Row]:
        return [row for _ticket, row in self.pairs]


def in_groups(tickets: list[ListedTicket], shown: Shown) -> list[Group]:
    """The lines of a page under their headings, in the order in which they come."""
    groups: list[Group] = []
    last: object = None
    for pair in zip(tickets, rows_for(shown.scope.agent, tickets), strict=True):
        key, heading = _heading(pair[0], shown)
        if not groups or key != last:
            groups.append(Group(heading, []))
            last = key
        groups[-1].pairs.append(pair)
    return groups


def _heading(ticket: ListedTicket, shown: Shown) -> tuple[object, str]:
    """What tells its group from others, and how the group is called."""
    match shown.grouping:
        case Grouping.QUEUE:
            return ticket.queue_id, ticket.queue_name.replace("::", " › ")
        case Grouping.OWNER:
            return ticket.owner_id, ticket.owner_name or _("nobody")
        case Grouping.STATE:
            return ticket.state_name, _(ticket.state_name)
        case Grouping.PRIORITY:
            return ticket.priority, str(Priority(ticket.priority).label)
        case Grouping.CUSTOMER:
            return ticket.customer_id, ticket.customer_name
        case Grouping.DAY:
            moment: dt.datetime | None = getattr(ticket, TIME_OF[shown.order])
            day = timezone.localtime(moment).date() if moment else None
            return day, _day(day)
        case _:
            return None, ""


def _day(day: dt.date | None) -> str:
    if day is None:
        return _("no time")
    today = timezone.localdate()
    near: Mapping[int, Any] = {0: _("today"), -1: _("yesterday"), 1: _("tomorrow")}
    words: str = near.get((day - today).days) or date_format(day, "D, j N Y")
    return words
