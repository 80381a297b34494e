"""Views: the left column with the numbers of the queue tree and thirty views, as an open page asks for it."""

from __future__ import annotations

from bench.load import WITH_VIEWS
from bench.page import Page
from bench.there import There

# What is asked each time; the numbers themselves are counted for all agents when something changed, or time went on.
MY_VIEWS = r'FROM "tickets_view"'


def pages(_there: There) -> list[Page]:
    return [
        Page("numbers of the queue tree and 30 views", ("/",), (), MY_VIEWS, WITH_VIEWS, piece="sidebar"),
        Page("first page with 30 views", ("/",), (), MY_VIEWS, WITH_VIEWS),
    ]
