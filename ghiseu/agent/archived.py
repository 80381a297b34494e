"""What a list says of the archive, and the button that puts all of a list there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.shown import Shown, shown_for
from ghiseu.tickets.actions import archive_ticket
from ghiseu.tickets.errors import NotPermitted, TicketNotFound
from ghiseu.tickets.models import Queue, Ticket
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.query.only_open import is_only_open
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.querysets import TicketQuerySet
from ghiseu.tickets.views.bounded import TookTooLong, at_most
from ghiseu.tickets.views.counting import MOST_COUNTED, count_in_archive
from ghiseu.tickets.views.predefined import ARCHIVE, CLOSED
from ghiseu.tickets.views.reading import tickets_in

MILLISECONDS_TO_COUNT = 150
# As many as fit into one request; the button may be pressed again.
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class AlsoArchived:
    """`count` in words, empty for none; `address` is the same question, asked of the archive."""

    count: str
    address: str
    may_archive: bool


def count_archived(tickets: TicketQuerySet) -> str:
    """How many of these are in the archive, in words; empty where none is. Costs no more than `MOST_COUNTED` rows."""
    return in_words(tickets.archived()[: MOST_COUNTED + 1].count())


def in_words(count: int) -> str:
    return "" if not count else f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def also_archived(shown: Shown) -> AlsoArchived | None:
    """None where the question already says where to look, or is about open tickets, which are never archived."""
    if shown.query is None or shown.query.asks_about("in") or is_only_open(shown.query):
        return None
    is_closed_view = shown.view.key == CLOSED.word
    text = ARCHIVE.query if is_closed_view else f"({shown.view.query}) {ARCHIVE.query}".removeprefix("() ")
    if is_closed_view:
        # An index knows; what fits a question may have to be looked for.
        readable = queue_ids_with(shown.scope.agent, Right.READ)
        queues = readable if shown.queue is None else [pk for pk in readable if pk == shown.queue.pk]
        count = in_words(count_in_archive(queues))
    else:
        try:
            with at_most(MILLISECONDS_TO_COUNT):
                count = count_archived(tickets_in(parse(text, TICKETS), scope=shown.scope, queue=shown.queue))
        except TookTooLong:
            count = "…"
    asked = {"view": ARCHIVE.word} if is_closed_view else {"q": text, "order": shown.order.value}
    may_archive = is_closed_view and bool(queue_ids_with(shown.scope.agent, Right.CLOSE))
    return AlsoArchived(count, "?" + urlencode(asked), may_archive)


@require_POST
def archive_list(request: AgentRequest) -> HttpResponse:
    """Put the closed tickets of a queue, or of all queues, into the archive, as many as fit into one request."""
    asked = request.POST.get("queue", "")
    queues = Queue.objects.visible_to(request.user)
    queue = get_object_or_404(queues, pk=int(asked)) if asked.isascii() and asked.isdigit() else None
    shown = shown_for(request.user, QueryDict(f"view={CLOSED.word}"), queue=queue, with_known=False)
    tickets = Ticket.objects.none() if shown.query is None else tickets_in(shown.query, scope=shown.scope, queue=queue)
    mine = tickets.filter(queue__in=queue_ids_with(request.user, Right.CLOSE)).newest_first()
    done = sum(_archive(ticket, request) for ticket in mine[:MOST_AT_ONCE])
    text = ngettext("%(num)s ticket is in the archive now.", "%(num)s tickets are in the archive now.", done)
    more = _("More are left: do it once more.") if done == MOST_AT_ONCE else ""
    messages.success(request, f"{text % {'num': done}} {more}".strip())
    place = redirect("queue", queue_id=queue.pk) if queue else redirect("tickets")
    place["Location"] += f"?view={CLOSED.word}"
    return place


def _archive(ticket: Ticket, request: AgentRequest) -> bool:
    """Whether it is there now; a ticket that somebody moved or took away a moment ago is none of ours."""
    try:
        archive_ticket(ticket, by=request.user)
    except (NotPermitted, TicketNotFound):
        return False
    return True
