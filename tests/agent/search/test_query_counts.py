"""What a search asks of the database does not grow with what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.files.reading import read_waiting
from tests.agent.search.index import bring_up_to_date
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import make_customer, make_queue, make_ticket

# Each includes two for the session and its agent, and one for the rights.
SEARCH = 20
NUMBERS = 14
OPTIONS = 5


def tickets(desk: Desk, count: int, *, start: int) -> None:
    for number in range(start, start + count):
        make_ticket(
            make_queue(f"Part {number}", full=[desk.ana]),
            customer=make_customer(f"{number}@site.example", ""),
            subject=f"Zeppelin {number}",
            text="Where does the zeppelin land?",
            files=[NewFile(f"{number}.txt", "text/plain", b"zeppelin plans %d" % number)] if number % 2 else [],
        )
    while read_waiting():
        pass
    bring_up_to_date()


@pytest.mark.parametrize("question", ["zeppelin", '"zeppelin plans"', "zeppelin queue:Part* is:open", "is:open"])
def test_one_hit_or_a_page_of_them(
    desk: Desk,
    question: str,
    django_assert_num_queries: Callable[..., Any],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    client = signed_in(desk.ana)
    tickets(desk, 6, start=0)
    with django_assert_max_num_queries(SEARCH) as few:
        shown = client.get("/search/", {"q": question}).content.decode()
    assert shown.count('<li class="hit ') >= 3

    tickets(desk, 40, start=6)

    with django_assert_num_queries(len(few)):
        shown = client.get("/search/", {"q": question}).content.decode()
    assert shown.count('<li class="hit ') >= 20
    with django_assert_max_num_queries(NUMBERS):
        client.get("/search/numbers/", {"q": question})


def test_completion(desk: Desk, django_assert_num_queries: Callable[..., Any]) -> None:
    client = signed_in(desk.ana)
    for number in range(20):
        make_queue(f"Part {number}", full=[desk.ana])
    with django_assert_num_queries(OPTIONS - 1):
        client.get("/search/options/", {"q": "queue:"})
    with django_assert_num_queries(OPTIONS - 3):
        client.get("/search/options/", {"q": "que"})
