"""The lines of a list: everything that one shows, as values, so that equal lines are drawn once (`ui.kept`)."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.translation import gettext

from ghiseu.people.models import Agent
from ghiseu.tickets.listing import ListedTicket
from ghiseu.tickets.models import StateType
from ghiseu.ui.words import ages


class Row(NamedTuple):
    """One line. `since` is when the customer began to wait or, with the turn theirs, when the ticket last changed."""

    number: str
    title: str
    last_words: str
    is_new: bool
    priority: int
    customer: str
    queue: str
    queue_short_name: str
    owner: str
    is_mine: bool
    locked_by: str
    state_type: str
    state: str
    is_waiting: bool
    since: dt.datetime
    age: str


def rows_for(reader: Agent, tickets: list[ListedTicket]) -> list[Row]:
    since = [ticket.waiting_since or ticket.changed_at for ticket in tickets]
    states = {name: gettext(name) for name in {ticket.state_name for ticket in tickets}}
    return [
        _row(ticket, reader, states[ticket.state_name], moment, told)
        for ticket, moment, told in zip(tickets, since, ages(since), strict=True)
    ]


def _row(ticket: ListedTicket, reader: Agent, state: str, since: dt.datetime, age: str) -> Row:
    return Row(
        number=ticket.number,
        title=ticket.title,
        last_words=ticket.last_words,
        is_new=ticket.state_type == StateType.NEW,
        priority=ticket.priority,
        customer=ticket.customer_name,
        queue=ticket.queue_name,
        queue_short_name=ticket.queue_short_name,
        owner=ticket.owner_name or "",
        is_mine=ticket.owner_id == reader.pk,
        locked_by=(ticket.locked_by_name or "") if ticket.is_locked else "",
        state_type=ticket.state_type,
        state=state,
        is_waiting=ticket.waiting_since is not None,
        since=since,
        age=age,
    )
