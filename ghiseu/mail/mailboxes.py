"""What people want to know of a mailbox: whether it works before mail depends on it, and how it stands now."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count, Max

from ghiseu.mail.inbound.server import opened
from ghiseu.mail.models import InboundMail, Mailbox


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found: how many mails wait on the server, and how many of them are too large to be taken."""

    mails: int
    too_large: int


def try_out(mailbox: Mailbox) -> Trial:
    """Sign in, look into each folder, and change nothing on the server (promise M3). Raises Unreachable."""
    with opened(mailbox, read_only=True) as server:
        mails = [mail for name in server.names() for mail in server.place(name).mails()]
    return Trial(len(mails), sum(mail.size > settings.MAIL_MAX_BYTES for mail in mails))


@dataclass(frozen=True, slots=True)
class MailboxState:
    """The mails on the server against those held here, and how fetching goes.

    `on_server` and `not_held` are as the last visit left them, None where there was none yet: mails that lie in the
    folders, and those among them that are not held here (too large, empty, or the visit was not finished). `held` are
    all mails that were ever taken, by whatever way, `by_state` the same by InboundMail.State, `received_at` when the
    newest came. `error` is what is wrong since `failing_since`; empty and None where all is well.
    """

    on_server: int | None
    not_held: int | None
    fetched_at: dt.datetime | None
    error: str
    failing_since: dt.datetime | None
    received_at: dt.datetime | None = None
    by_state: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> int:
        return sum(self.by_state.values())


def state_of(mailbox: Mailbox) -> MailboxState:
    """How one mailbox stands."""
    return states_of([mailbox])[mailbox.pk]


def states_of(mailboxes: Iterable[Mailbox]) -> dict[int, MailboxState]:
    """How several stand, by primary key, with one query; it reads a row for each mail that they hold."""
    boxes = list(mailboxes)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    newest: dict[int, dt.datetime] = {}
    found = InboundMail.objects.filter(mailbox__in=boxes).values_list("mailbox_id", "state")
    for pk, state, count, last in found.annotate(count=Count("pk"), last=Max("received_at")).order_by():
        counts[pk][state] = count
        newest[pk] = max(last, newest.get(pk, last))
    return {
        box.pk: MailboxState(
            on_server=box.on_server_count,
            not_held=box.not_held_count,
            fetched_at=box.fetched_at,
            error=box.last_error,
            failing_since=box.failed_at,
            received_at=newest.get(box.pk),
            by_state=counts[box.pk],
        )
        for box in boxes
    }
