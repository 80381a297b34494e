"""The search page; how its answer divides, and how much the same question finds in the archive, come after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.search.asking import address_of, has_piece, ticket_of_number, with_piece, without_piece
from ghiseu.agent.search.completion import values_for
from ghiseu.agent.search.hits import shown_hits
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.hints import unknown_names
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.search.facets import Facet, facets
from ghiseu.tickets.search.find import ROWS, SECONDS_FOR_A_PAGE, Found, SearchOrder, find
from ghiseu.tickets.search.marking import terms_of
from ghiseu.tickets.search.words import suggest
from ghiseu.ui.render import render_fragment, render_page

TEMPLATE = "agent/search/page.html"
ORDERS = {SearchOrder.NEWEST: gettext_lazy("Newest first"), SearchOrder.BEST: gettext_lazy("Best first")}
# With fewer hits than this somebody may have meant another word.
_FEW = 5
_MOST_HINTS = 5
_MOST_OF_A_FACET = 8
IN_ARCHIVE = "in:archive"
# A page that is not full looks on by itself so many times, each for a fraction of a second; then somebody must wish it.
MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a facet: a click narrows the question to it, or widens it again."""

    value: str
    count: int
    href: str
    is_on: bool


@require_safe
def search(request: AgentRequest) -> HttpResponse:
    typed = request.GET.get("q", "").strip()
    if ticket := ticket_of_number(typed, agent=request.user):
        return redirect("ticket", number=ticket.number)
    context: dict[str, Any] = {
        "typed": typed,
        "query": None,
        "refused": None,
        "orders": ORDERS,
        "order": _order(request),
    }
    if not typed:
        return render_page(request, TEMPLATE, context)
    try:
        context |= _answer(request, parse(typed, TICKETS), context["order"])
    except QueryError as error:
        return render_page(request, TEMPLATE, context | {"refused": _wrong(error, typed)}, status=422)
    return render_page(request, TEMPLATE, context)


@require_safe
def more(request: AgentRequest) -> HttpResponse:
    """What a search that stopped early finds further back, for the end of the page that shows what it had."""
    shown, past_rounds = _number(request, "shown", ROWS - 1), _number(request, "rounds", MOST_ROUNDS)
    after = request.GET.get("after", "")
    try:
        query = parse(request.GET.get("q", "").strip(), TICKETS)
        # The first time it may take three times as long as the page had; if that was not enough, more will not be.
        found = find(query, agent=request.user, after=after, rows=ROWS - shown, tries_all=not past_rounds)
    except QueryError:
        return HttpResponse()
    context = _hits(request, query, found, SearchOrder.NEWEST) | {
        "query": query,
        "is_fragment": True,
        "groups": None,
        "is_first_page": "first" in request.GET,
    }
    context |= _end(request, query, found, shown=shown, rounds=past_rounds + 1, is_first="first" in request.GET)
    return render_fragment(request, TEMPLATE, ["rest", "count", "meant", "pager"], context)


def _number(request: AgentRequest, name: str, most: int) -> int:
    text = request.GET.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 4 else 0


@require_safe
def numbers(request: AgentRequest) -> HttpResponse:
    """How the answer divides by queue, state, year and customer: the page does not wait for that."""
    try:
        query = parse(request.GET.get("q", "").strip(), TICKETS)
        context = {"groups": _groups(request, query, _order(request)), "total": None}
    except QueryError:
        return HttpResponse()
    return render_fragment(request, TEMPLATE, ["numbers", "count"], context | {"is_fragment": True})


@require_safe
def in_archive(request: AgentRequest) -> HttpResponse:
    """A line that says how much more there is in the archive; empty where that is nothing or cannot be said."""
    typed = request.GET.get("q", "").strip()
    try:
        text = with_piece(parse(typed, TICKETS), IN_ARCHIVE)
        found = facets(parse(text, TICKETS), agent=request.user)
    except QueryError:
        return HttpResponse()
    context = {"found": found, "href": address_of(text)}
    return render_fragment(request, "agent/search/archive.html", ["line"], context)


def _answer(request: AgentRequest, query: Query, order: SearchOrder) -> dict[str, Any]:
    after = request.GET.get("after", "")
    found = find(query, agent=request.user, order=order, after=after, seconds=SECONDS_FOR_A_PAGE)
    return {
        "query": query,
        "is_first_page": not after,
        # Without a script they can be asked for by a link.
        "groups": _groups(request, query, order) if "numbers" in request.GET else None,
        "numbers_query": urlencode({"q": query.text, "order": order.value}),
        "is_fragment": False,
        "hints": [_wrong(hint, query.text) for hint in unknown_names(query, values_for(request.user))[:_MOST_HINTS]],
        "order_hrefs": {one: address_of(query.text, order=_named(one)) for one in ORDERS},
        "asks_archive": not query.asks_about("in") and not after,
        **_hits(request, query, found, order),
        **_end(request, query, found, shown=0, rounds=0, is_first=not after),
    }


def _hits(request: AgentRequest, query: Query, found: Found, order: SearchOrder) -> dict[str, Any]:
    return {
        "found": found,
        "hits": shown_hits(found.hits, terms_of(query), reader=request.user),
        "next": address_of(query.text, order=_named(order), after=found.next or "") if found.next else "",
    }


def _end(
    request: AgentRequest, query: Query, found: Found, *, shown: int, rounds: int, is_first: bool
) -> dict[str, Any]:
    """What stands behind the hits and, where these are all there are, how many and what else may have been meant."""
    total = shown + len(found.hits)
    is_all = found.is_complete and not found.next and is_first
    looks_on = not found.is_complete and found.next and rounds < MOST_ROUNDS
    asked = {"q": query.text, "after": found.next or "", "shown": total, "rounds": rounds} | (
        {"first": 1} if is_first else {}
    )
    meant = suggest(query, agent=request.user) if is_all and total < _FEW else None
    return {
        "total": total if is_all else None,
        "is_empty": found.is_complete and not total,
        "looks_on": f"{reverse('search-more')}?{urlencode(asked)}" if looks_on else "",
        "meant": meant,
        "meant_href": address_of(meant) if meant else "",
    }


def _groups(request: AgentRequest, query: Query, order: SearchOrder) -> dict[str, Any]:
    counted = facets(query, agent=request.user)
    lists = {
        _("Queue"): counted.queue,
        # States are called as everywhere, in the reader's language; one that the desk made up keeps its name.
        _("State"): [replace(one, value=_(one.value)) for one in counted.state],
        _("Year"): counted.year,
        _("Customer"): counted.customer,
    }
    choices = {name: [_choice(one, query, order) for one in found[:_MOST_OF_A_FACET]] for name, found in lists.items()}
    return {
        "total": counted.total,
        "is_exact": counted.is_exact,
        "lists": {name: found for name, found in choices.items() if found},
    }


def _choice(facet: Facet, query: Query, order: SearchOrder) -> Choice:
    is_on = has_piece(query.text, facet.narrow)
    text = without_piece(query.text, facet.narrow) if is_on else with_piece(query, facet.narrow)
    return Choice(facet.value, facet.count, address_of(text, order=_named(order)), is_on)


def _order(request: AgentRequest) -> SearchOrder:
    asked = request.GET.get("order", "")
    return SearchOrder(asked) if asked in list(SearchOrder) else SearchOrder.NEWEST


def _named(order: SearchOrder) -> str:
    """The usual order needs no name in the address."""
    return "" if order is SearchOrder.NEWEST else order.value


def _wrong(error: QueryError, text: str) -> dict[str, Any]:
    """What is wrong with the question: the sentence, the question in three pieces, and what would be right there."""
    # A sign that is missing at the end has no place of its own.
    return {
        "message": error.message,
        "before": error.before,
        "piece": error.at or "␣",
        "behind": error.behind,
        "instead": [(one, address_of(f"{text[: error.start]}{one}{text[error.end :]}")) for one in error.instead],
    }
