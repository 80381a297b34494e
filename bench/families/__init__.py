"""The pages that are measured. A family makes them from what is there; a new one is one more line here."""

from __future__ import annotations

from bench.families import customers, lists, search, tickets, views, writing
from bench.page import Family

FAMILIES: tuple[Family, ...] = (lists.pages, views.pages, tickets.pages, customers.pages, search.pages, writing.pages)
