"""The search: words from common to rare, and what makes a search slow elsewhere."""

from __future__ import annotations

import itertools
from urllib.parse import quote

from bench.load import EVERYWHERE, ONE_QUEUE
from bench.page import Page
from bench.there import There

MAIN_QUERY = r"SELECT ticket_id, at::text, .* FROM tickets_searchentry"
# Words known from more tickets than this are common ones, those that must not meet are sought among.
_COMMON = 60


def pages(there: There) -> list[Page]:
    from ghiseu.tickets.models import SearchWord, Ticket

    known = list(
        SearchWord.objects.filter(ticket_count__gte=3).order_by("-ticket_count").values_list("word", "ticket_count")
    )
    if not known:
        # Filled past the index, or too small to know a word.
        return []
    common = known[0][0]
    medium = next((word for word, count in known if count <= there.tickets / 40), known[-1][0])
    first, second = _strangers([word for word, _ in known[:_COMMON]])
    title = Ticket.objects.order_by("-pk").values_list("title", flat=True)[there.tickets // 3]
    return [
        _searched("a common word", common),
        _searched("a common word, best first", common, "&order=best"),
        _searched("a medium word", medium),
        _searched("a rare word", known[-1][0]),
        _searched("a word that nobody wrote", "xyzzyplugh"),
        _searched("a phrase", f'"{title}"'),
        _searched("a prefix", f"{medium[:4]}*"),
        _searched("two words that never meet", f"{first} {second}"),
        _searched("a common word, unassigned", f"{common} owner:none"),
        _searched("a common word, one small queue", common, agent=ONE_QUEUE),
        _searched("a medium word, one small queue", medium, agent=ONE_QUEUE),
        Page("search: the numbers beside a common word", (f"/search/numbers/?q={quote(common)}",), (), MAIN_QUERY),
        Page("search: what the box offers", (f"/search/options/?q={quote('queue:a')}",), (), r'FROM "tickets_queue"'),
    ]


def _searched(name: str, asked: str, more: str = "", agent: str = EVERYWHERE) -> Page:
    return Page(f"search: {name}", (f"/search/?q={quote(asked)}{more}",), (), MAIN_QUERY, agent=agent)


def _strangers(words: list[str]) -> tuple[str, str]:
    """Two common words that no ticket has both of; where all meet, the last two."""
    from ghiseu.people.models import Agent
    from ghiseu.tickets.query.reading import parse
    from ghiseu.tickets.query.ticket_fields import TICKETS
    from ghiseu.tickets.search.walk import Walk

    agent = Agent.objects.get_queryset().get(login=EVERYWHERE)
    # Words of different letters meet least.
    pairs = sorted(itertools.combinations(words, 2), key=lambda pair: pair[0].isascii() == pair[1].isascii())
    for first, second in pairs[:200]:
        if not Walk(parse(f"{first} {second}", TICKETS), agent, seconds=1).places(1):
            return first, second
    return words[-2], words[-1]
