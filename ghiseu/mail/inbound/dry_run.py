"""What a rule would find: its question asked of the mails that came last. Nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ghiseu.lib.addresses import Address
from ghiseu.mail.inbound.mail_fields import MailSubject
from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.query.memory import matches
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import Query

MOST_MAILS = 500
MOST_SHOWN = 20
# A page must not keep a server busy: five hundred large mails would (promise X7).
MOST_SECONDS = 10.0
_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A mail that fits, and what makes it known to whoever may read it."""

    mail: InboundMail
    sender: Address | None
    subject: str


@dataclass(slots=True)
class DryRun:
    """How many mails were asked, how many fit, and the newest of these; `is_complete` unless time ran out."""

    asked_count: int = 0
    hit_count: int = 0
    is_complete: bool = True
    hits: list[Hit] = field(default_factory=list)
    lost_count: int = 0


def would_hit(query: Query, *, mailbox: Mailbox | None = None) -> DryRun:
    """Ask the newest 500 mails, of one mailbox or of all. `lost_count` are mails whose bytes are not there."""
    run, context, until = DryRun(), Context(), time.monotonic() + MOST_SECONDS
    for mail in _newest(mailbox):
        if time.monotonic() > until:
            run.is_complete = False
            break
        try:
            raw = bytes_of(mail.raw)
        except FileNotFoundError:
            run.lost_count += 1
            continue
        parsed = parse_mail(raw)
        run.asked_count += 1
        if matches(query, MailSubject(parsed, mail.mailbox, size=mail.raw.size), context):
            run.hit_count += 1
            if len(run.hits) < MOST_SHOWN:
                run.hits.append(Hit(mail, parsed.sender, parsed.subject))
    return run


def _newest(mailbox: Mailbox | None) -> Iterator[InboundMail]:
    """Fifty at a time, so that the memory needed does not grow with the number of mails."""
    mails = InboundMail.objects.select_related("raw", "mailbox").order_by("-pk")
    if mailbox is not None:
        mails = mails.filter(mailbox=mailbox)
    found, last = 0, None
    while found < MOST_MAILS:
        some = list((mails if last is None else mails.filter(pk__lt=last))[:_AT_A_TIME])
        if not some:
            return
        yield from some
        found, last = found + len(some), some[-1].pk
