"""What an agent writes and changes; the time until the browser is told where to go on."""

from __future__ import annotations

from typing import Any

from bench.load import EVERYWHERE
from bench.page import Form, Page
from bench.there import There

TEXT = "A note of some words, saved to be kept."
MOST = 500


def pages(_there: There) -> list[Page]:
    from django.db.models import Max

    from ghiseu.people.models import Agent
    from ghiseu.tickets.models import Ticket

    me = Agent.objects.get(login=EVERYWHERE).pk
    usual = Ticket.objects.filter(article_count__range=(2, 5), queue__is_active=True).annotate(newest=Max("articles"))
    columns = ("number", "newest", "owner_id", "customer__identities__value")
    rows = list(usual.order_by("-pk").values_list(*columns)[: 3 * MOST])
    notes = [_form(row, "note", text=TEXT, seen="") for row in rows[::3]]
    replies = [
        _form(row, "reply", kind="reply", text=TEXT, to=row[3], cc="", bcc="", seen=str(row[1])) for row in rows[1::3]
    ]
    owners = [_form(row, "assign", agent="" if row[2] == me else str(me)) for row in rows[2::3]]
    return [
        Page("note saved", forms=tuple(notes)),
        Page("reply saved", forms=tuple(replies)),
        Page("owner changed", forms=tuple(owners)),
    ]


def _form(row: tuple[Any, ...], act: str, **typed: str) -> Form:
    return f"/tickets/{row[0]}/{act}/", typed
