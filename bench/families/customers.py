"""The page of the customer who has most tickets."""

from __future__ import annotations

from urllib.parse import quote

from bench.page import LIST_QUERY, Page
from bench.there import There


def pages(there: There) -> list[Page]:
    from ghiseu.tickets.models import Ticket
    from ghiseu.tickets.paging import PAGE_ROWS, Order, page_of

    address = f"/customers/{there.busiest_customer}/"
    tickets = Ticket.objects.filter(customer=there.busiest_customer)
    last = (there.busiest_has - 1) // PAGE_ROWS
    after = page_of(tickets, order=Order.NEWEST, rows=last * PAGE_ROWS).next if last else None
    found = [Page("customer with most tickets", (address,), (), LIST_QUERY)]
    if after:
        found.append(
            Page("customer with most tickets, last page", (f"{address}?after={quote(after)}",), (), LIST_QUERY)
        )
    return found
