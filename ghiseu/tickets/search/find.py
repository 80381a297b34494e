"""What a query finds, cut into pages: newest first, or best first of the newest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.query.sql import refuse_if_too_broad
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.search.best import best_articles, ranked
from ghiseu.tickets.search.marking import terms_of
from ghiseu.tickets.search.walk import NEWEST as FROM_THE_START
from ghiseu.tickets.search.walk import Place, Walk, remember

ROWS = 25
# A page comes after so long with what was found by then; its rest is looked for by whoever shows it, see `Found`.
SECONDS_FOR_A_PAGE = 0.08
# Best first means: of so many of the newest.
MOST_RANKED = 500


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
    query: Query,
    *,
    agent: Agent,
    order: SearchOrder = SearchOrder.NEWEST,
    after: str = "",
    rows: int = ROWS,
    seconds: float | None = None,
    tries_all: bool = True,
) -> Found:
    """The tickets that the query means, of those this agent may see; by default it takes the time a walk has.

    `after` is the `next` of the page before, and `tries_all` as in `Walk`. Archived tickets only where the query asks
    for them (`in:`). Raises QueryError where the query costs too much, InvalidInput where `after` is not one of ours.
    """
    refuse_if_too_broad(query)
    if order == SearchOrder.BEST:
        return _best(query, agent, after, rows)
    walk = Walk(query, agent, _read_place(after), seconds=seconds, tries_all=tries_all)
    places = walk.places(rows + 1)
    if not after:
        remember(walk, places, rows + 1)
    following = None
    if len(places) > rows:
        following = _place_text(places[rows - 1])
    elif not walk.is_complete:
        following = _place_text(walk.reached)
    reached = None if walk.is_complete or walk.reached == FROM_THE_START else walk.reached.at
    hits = hits_of([place.ticket_id for place in places[:rows]], query, agent)
    return Found(hits, following, walk.is_complete, reached)


def _best(query: Query, agent: Agent, after: str, rows: int) -> Found:
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 5 else 0
    if after and not start:
        raise InvalidInput(_("This page address is damaged. Start again from the first page."))
    walk = Walk(query, agent)
    ids = ranked([place.ticket_id for place in walk.places(MOST_RANKED)], terms_of(query))
    following = str(start + rows) if len(ids) > start + rows else None
    hits = hits_of(ids[start : start + rows], query, agent)
    is_whole = walk.is_complete and len(ids) < MOST_RANKED
    return Found(hits, following, is_whole, None)


def hits_of(ticket_ids: list[int], query: Query, agent: Agent) -> list[Hit]:
    """These tickets in this order, with the place in each that fits best."""
    tickets = {one.pk: one for one in Ticket.objects.visible_to(agent).filter(pk__in=ticket_ids).for_list()}
    terms = terms_of(query)
    best = best_articles(list(tickets), terms) if terms else {}
    return [
        Hit(tickets[ticket_id], *best.get(ticket_id, (None, None))) for ticket_id in ticket_ids if ticket_id in tickets
    ]


def _place_text(place: Place) -> str:
    return f"{place.at.isoformat()}~{place.ticket_id}"


def _read_place(text: str) -> Place:
    if not text:
        return FROM_THE_START
    at, _sign, ticket_id = text.partition("~")
    try:
        moment, number = dt.datetime.fromisoformat(at), int(ticket_id)
    except ValueError:
        moment, number = None, 0
    if moment is None or moment.tzinfo is None or not 0 <= number < 2**63:
        raise InvalidInput(_("This page address is damaged. Start again from the first page."))
    return Place.of(moment, number)
