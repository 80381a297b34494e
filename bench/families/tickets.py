"""Ticket pages, from a short conversation to one that nobody should have."""

from __future__ import annotations

from bench.page import Page
from bench.there import There

ARTICLES = r'FROM "tickets_article"'


def pages(there: There) -> list[Page]:
    found = []
    for size, numbers in there.by_size.items():
        addresses = [f"/tickets/{number}/" for number in numbers]
        found.append(Page(f"ticket, about {size} articles", tuple(addresses), (), ARTICLES))
    longest = there.by_size[300][0]
    return [*found, Page("ticket, 300 articles, all shown", (f"/tickets/{longest}/?all",), (), ARTICLES)]
