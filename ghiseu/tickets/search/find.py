"""What a query finds, cut into pages: newest first, or best first of the newest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.query.sql import select
from ghiseu.tickets.query.tree import Query

ROWS = 25


class SearchOrder(StrEnum):
    NEWEST = "newest"  # by the ticket's last message
    BEST = "best"  # how well it fits, among the newest that fit


@dataclass(frozen=True, slots=True)
class Hit:
    """A ticket (loaded for lists) and where in it the query fits best: an article, a file, or neither."""

    ticket: Ticket
    article_id: int | None = None
    attachment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits. `next` asks for the page behind it, None at the end.

    Where `is_complete` is false, the search stopped at its limit of cost before the page was full: everything newer
    than `reached` was looked through, and `next` goes on from there.
    """

    hits: list[Hit]
    next: str | None
    is_complete: bool = True
    reached: dt.datetime | None = None


def find(
    query: Query, *, agent: Agent, order: SearchOrder = SearchOrder.NEWEST, after: str = "", rows: int = ROWS
) -> Found:
    """The tickets that the query means, of those this agent may see.

    `after` is the `next` of the page before. Archived tickets only where the query asks for them (`in:`). Raises
    QueryError where the query costs too much, InvalidInput where `after` is not one of ours.
    """
    if after and not after.isdigit():
        raise InvalidInput(f"{order} {after}")
    start = int(after or 0)
    found = list(select(query, agent=agent).newest_first().for_list()[start : start + rows + 1])
    more = str(start + rows) if len(found) > rows else None
    return Found([Hit(ticket) for ticket in found[:rows]], more)
