"""Claiming the mails that wait to be filed, and putting aside those that cannot be."""

from __future__ import annotations

import datetime as dt
from itertools import takewhile

import structlog
from django.db import transaction
from django.db.models import F, Prefetch
from django.utils import timezone

from ghiseu.mail.models import IMPORT, InboundMail, Mailbox

log = structlog.get_logger(__name__)

MOST_TRIES = 5
# A mail whose filing ended so often without a word kills its worker.
MOST_DEATHS = 10
# How long a claim holds: a worker that died in the middle gives its mails back after this time.
CLAIM = dt.timedelta(seconds=30)
State = InboundMail.State


class DeadlyMail(Exception):
    def __init__(self, mail: InboundMail) -> None:
        super().__init__(f"the worker died {mail.tries - 1} times while filing it")


def claim(limit: int) -> list[InboundMail]:
    """Count the try before it is made, so that a mail that kills its worker does not do so for ever.

    What was imported has its turn when nothing else waits, however much of it there is. A mail that was tried before
    is claimed alone: whatever it does, it does to no other.
    """
    now = timezone.now()
    due = InboundMail.objects.filter(state=State.RECEIVED, next_try_at__lte=now).order_by("next_try_at", "pk")
    mailboxes = Mailbox.objects.select_related("queue__sla", "queue__calendar")
    due = due.select_related("raw").prefetch_related(Prefetch("mailbox", mailboxes))
    with transaction.atomic():
        due = due.select_for_update(skip_locked=True, of=("self",))
        mails = list(due.exclude(channel=IMPORT)[:limit]) or list(due.filter(channel=IMPORT)[:limit])
        mails = list(takewhile(lambda mail: not mail.tries, mails)) or mails[:1]
        for mail in mails:
            mail.tries += 1
        claimed = InboundMail.objects.filter(pk__in=[mail.pk for mail in mails])
        claimed.update(tries=F("tries") + 1, next_try_at=now + CLAIM)
    return sorted(mails, key=lambda mail: mail.pk)


def refuse_deadly(mail: InboundMail) -> None:
    """Raises DeadlyMail where the filing of this mail ended too often without a word."""
    if mail.tries > MOST_DEATHS:
        raise DeadlyMail(mail)


def put_aside(mail: InboundMail, error: Exception) -> None:
    """Keep the mail for its next try, or after the last one in quarantine, with the reason."""
    last = mail.tries >= MOST_TRIES
    mail.state = State.QUARANTINED if last else State.RECEIVED
    mail.error = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
    mail.trace = [*mail.trace, f"try {mail.tries} failed: {mail.error}"]
    InboundMail.objects.bulk_update([mail], ["state", "error", "trace"])
    log.error("mail_quarantined" if last else "mail_not_filed", mail=mail.pk, tries=mail.tries, exc_info=error)
