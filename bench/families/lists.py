"""Lists: every order that is offered, the first page and a far one, of a large queue and of all, open and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.load import ONE_QUEUE
from bench.page import LIST_QUERY, Page
from bench.there import There

if TYPE_CHECKING:
    from ghiseu.tickets.paging import Order

FAR = 200


def pages(there: There) -> list[Page]:
    from ghiseu.tickets.paging import Order

    queue = f"/queues/{there.large_queue}/"
    found = [
        _page("first page after signing in", "/"),
        Page("list, a small queue, right on it alone", (f"/queues/{there.small_queue}/",), (), LIST_QUERY, ONE_QUEUE),
    ]
    # A view in which an order would say nothing does not offer it: what is closed does not wait.
    for name, path, view, orders in (
        ("a large queue", queue, "open", list(Order)),
        ("all open", "/", "open", list(Order)),
        ("closed in a queue", queue, "closed", [Order.CHANGED, Order.PRIORITY]),
        ("all closed", "/", "closed", [Order.CHANGED, Order.NEWEST, Order.OLDEST, Order.PRIORITY]),
    ):
        for order in orders:
            address = f"{path}?view={view}&order={order.value}"
            found.append(_page(f"list, {name}, {order.value}", address))
            if after := _far(there, view, order, is_one_queue=path == queue):
                found.append(_page(f"list, {name}, {order.value}, far page", f"{address}&after={quote(after)}"))
    return found + [_page(f"list, {view}", f"/?view={view}") for view in ("mine", "unassigned", "waiting")]


def _page(name: str, address: str) -> Page:
    return Page(name, (address,), (), LIST_QUERY, at_a_tenth=True)


def _far(there: There, view: str, order: Order, *, is_one_queue: bool) -> str:
    """The cursor that leads to page 200, or to three quarters of a shorter list; empty where that is the first page."""
    from ghiseu.tickets.models import Queue, Ticket
    from ghiseu.tickets.paging import PAGE_ROWS, page_of

    tickets = Ticket.objects.by_queue(list(Queue.objects.values_list("pk", flat=True)))
    tickets = tickets.open() if view == "open" else tickets.closed().not_archived()
    if is_one_queue:
        tickets = tickets.in_queue(Queue.objects.get(pk=there.large_queue))
    before = min(FAR - 1, tickets.count() * 3 // 4 // PAGE_ROWS) * PAGE_ROWS
    return (page_of(tickets, order=order, rows=before).next or "") if before else ""
