"""What becomes of a mail: the story of its filing, told from the top.

A mail lies raw in `InboundMail`. Here it is claimed, read, found its place, and filed, in one transaction that either
leaves an article and the mail marked as filed, or nothing. So the step can be repeated after any crash. A mail that
cannot be filed is tried again, then put into quarantine where people see it; it never stops the others (promise M4).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from ghiseu.mail.inbound.authentic.check import OwnCheck
from ghiseu.mail.inbound.bounced import answer_that_bounced, file_notice
from ghiseu.mail.inbound.by_agent import agents_word
from ghiseu.mail.inbound.filing import answer_of_agent, join, message_of, open_new
from ghiseu.mail.inbound.filters import active_rules, decide
from ghiseu.mail.inbound.followup import Belonging, belonging_of, quoted_ids
from ghiseu.mail.inbound.parse import ParsedMail, parse_mail
from ghiseu.mail.inbound.verdict import own_check, verdict_on
from ghiseu.mail.models import IMPORT, InboundMail
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article

log = structlog.get_logger(__name__)

MOST_TRIES = 5
# How long a claim holds: a worker that died in the middle gives its mails back after this time.
CLAIM = dt.timedelta(seconds=30)
State = InboundMail.State


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a mail, and every decision on the way, in words."""

    state: InboundMail.State
    article: Article | None
    trace: list[str]


def file_waiting(limit: int = 20) -> int:
    """File what is stored and due, at most `limit` mails; returns how many were handled. Safe beside other workers."""
    claimed = _claim(limit)
    for mail in claimed:
        _file_or_put_aside(mail)
    return len(claimed)


def _claim(limit: int) -> list[InboundMail]:
    """Count the try before it is made, so that a mail that kills its worker does not do so for ever.

    What was imported has its turn when nothing else waits, however much of it there is.
    """
    now = timezone.now()
    due = InboundMail.objects.filter(state=State.RECEIVED, next_try_at__lte=now).order_by("next_try_at", "pk")
    with transaction.atomic():
        due = due.select_related("raw", "mailbox__queue").select_for_update(skip_locked=True, of=("self",))
        mails = list(due.exclude(channel=IMPORT)[:limit]) or list(due.filter(channel=IMPORT)[:limit])
        for mail in mails:
            mail.tries += 1
        claimed = InboundMail.objects.filter(pk__in=[mail.pk for mail in mails])
        claimed.update(tries=F("tries") + 1, next_try_at=now + CLAIM)
    return sorted(mails, key=lambda mail: mail.pk)


def _file_or_put_aside(mail: InboundMail) -> None:
    try:
        file_mail(mail)
    except (OperationalError, InterfaceError):
        raise  # the database is in trouble, not the mail
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one mail must not stop the next
        _put_aside(mail, error)


def file_mail(mail: InboundMail) -> Article | None:
    """Read the mail and make it a ticket or an article; None where another worker has done so."""
    raw = bytes_of(mail.raw)
    parsed = parse_mail(raw)
    own = own_check(raw, parsed, mail)  # may wait for the DNS, so before anything is locked
    with transaction.atomic():
        if not _hold(mail):
            return None
        filed = _file(mail, parsed, own)
        mail.state, mail.article, mail.filed_at = filed.state, filed.article, timezone.now()
        mail.error = filed.trace[-1] if filed.state == State.QUARANTINED else ""
        mail.trace = [*mail.trace, *filed.trace]
        InboundMail.objects.filter(pk=mail.pk).update(
            state=mail.state, article=mail.article, filed_at=mail.filed_at, error=mail.error, trace=mail.trace
        )
    number = filed.article.ticket.number if filed.article else None
    log.info("mail_filed", mail=mail.pk, state=mail.state, ticket=number, reason=filed.trace[0])
    return filed.article


def _hold(mail: InboundMail) -> bool:
    """Hold the mail's row for this transaction; False where another worker has filed it meanwhile.

    The transaction need not wait for the disk: the mail itself is safe, and should the power fail it is filed again.
    Whatever is built on it later - an agent's answer, a mail sent - commits durably, and this one before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    waiting = InboundMail.objects.filter(pk=mail.pk, state=State.RECEIVED)
    return waiting.select_for_update().values_list("pk", flat=True).first() is not None


def _file(mail: InboundMail, parsed: ParsedMail, own: OwnCheck | None) -> Filed:
    """The decision, in order: a notice about our answer, the rules, an agent's answer, a customer's, a new ticket."""
    verdict = verdict_on(parsed, mail.mailbox.trusted_server, own)
    if answer := answer_that_bounced(parsed):
        notice, why = file_notice(answer, parsed, message_of(mail, parsed, verdict))
        return Filed(State.FILED, notice, [why])
    decision = decide(parsed, mail.mailbox, active_rules(), size=mail.raw.size, verdict=verdict)
    if decision.ignore or decision.quarantine:
        return Filed(State.IGNORED if decision.ignore else State.QUARANTINED, None, list(decision.trace))
    word = agents_word(parsed, quoted_ids(parsed), verdict.sign)
    if word and parsed.auto_submitted:
        return Filed(State.IGNORED, None, [f"ignored: a machine answered a notification in {word.ticket.number}"])
    if word and word.agent and mail.channel != IMPORT:
        return Filed(State.FILED, answer_of_agent(mail, parsed, word.ticket, word.agent), [word.reason])
    belonging = Belonging(None, word.ticket, True, word.reason) if word else belonging_of(parsed, verdict.sign)
    if belonging.joins:
        article, then = join(mail, parsed, belonging.joins, belonging, verdict)
    else:
        article, then = open_new(mail, parsed, belonging, verdict, decision)
    return Filed(
        State.FILED, article, [belonging.reason, f"{verdict.sign.label}: {verdict.reason}", *decision.trace, *then]
    )


def _put_aside(mail: InboundMail, error: Exception) -> None:
    last = mail.tries >= MOST_TRIES
    mail.state = State.QUARANTINED if last else State.RECEIVED
    mail.error = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
    mail.trace = [*mail.trace, f"try {mail.tries} failed: {mail.error}"]
    InboundMail.objects.bulk_update([mail], ["state", "error", "trace"])
    log.error("mail_quarantined" if last else "mail_not_filed", mail=mail.pk, tries=mail.tries, exc_info=error)
