"""The views that every desk has. They are made here and not kept as rows: keys and addresses lead to them, their names
are in the reader's language, and a new release may better them without looking for what somebody changed.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

from ghiseu.tickets.models import View
from ghiseu.tickets.paging import Order

# Overdue, or about to be: a first answer is mostly promised within a working day.
SOON = "4h"


def _view(word: str, name: str, query: str, order: Order = Order.CHANGED) -> View:
    view = View(name=name, query=query, order=order)
    view.word = word
    return view


MINE = _view("mine", gettext_noop("Mine"), "is:open owner:me")
UNASSIGNED = _view("unassigned", gettext_noop("Unassigned"), "is:open owner:none")
WAITING = _view("waiting", gettext_noop("Waiting for us"), "is:open is:waiting", Order.WAITING)
DUE_SOON = _view("due", gettext_noop("Due soon"), f"is:open due<+{SOON}", Order.DUE)
THEIR_TURN = _view("customer", gettext_noop("Waiting for the customer"), "is:open -is:waiting")
OPEN = _view("open", gettext_noop("All open"), "is:open")
CLOSED = _view("closed", gettext_noop("Closed"), "-is:open")
ARCHIVE = _view("archive", gettext_noop("Archive"), "in:archive")

PREDEFINED = (MINE, UNASSIGNED, WAITING, DUE_SOON, THEIR_TURN, OPEN, CLOSED, ARCHIVE)
BY_WORD = {view.word: view for view in PREDEFINED}
