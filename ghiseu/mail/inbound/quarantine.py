"""What people do about a mail in quarantine: try it again, file it by hand, or keep it out for good.

Each is one transaction that holds the mail's row, so that of two people, or of somebody and a worker, one comes first
and the other is told. Who did what, and when, stands in the mail's trace. However often a mail is tried, it is filed
once (promise M2).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.lib.addresses import Address
from ghiseu.mail.inbound.filing import open_new
from ghiseu.mail.inbound.filters import Decision
from ghiseu.mail.inbound.followup import Belonging
from ghiseu.mail.inbound.incoming import Incoming, Surroundings
from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.models import InboundMail
from ghiseu.people.models import Agent
from ghiseu.tickets.blobs import doubt, head_of, sweep
from ghiseu.tickets.errors import DeskError
from ghiseu.tickets.models import Article, Queue
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)
State = InboundMail.State
HEAD_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class Glimpse:
    """As much of a mail as tells it from others; both empty where it cannot be read."""

    sender: Address | None = None
    subject: str = ""


def glimpse_of(mail: InboundMail) -> Glimpse:
    """Sender and subject, read from its beginning only, so that a large mail costs no more than a small one."""
    try:
        parsed = parse_mail(head_of(mail.raw, HEAD_BYTES))
    except Exception as error:  # whatever brought it into quarantine must not hide it there
        log.warning("quarantine_unreadable", mail=mail.pk, exc_info=error)
        return Glimpse()
    return Glimpse(parsed.sender, parsed.subject)


class NotInQuarantine(DeskError):
    """Somebody else was faster, or the mail never lay there."""

    def __init__(self, mail: InboundMail) -> None:
        values = {"mail": mail.pk, "state": mail.get_state_display()}
        super().__init__(
            _("Mail %(mail)s is not in quarantine any more: it is %(state)s. Nothing was changed.") % values
        )
        self.mail = mail


class CannotBeFiled(DeskError):
    """Not even by hand; the mail stays where it is."""

    def __init__(self, mail: InboundMail, error: Exception) -> None:
        values = {"mail": mail.pk, "cause": f"{type(error).__name__}: {error}"[:300]}
        super().__init__(
            _("Mail %(mail)s cannot be filed (%(cause)s). It stays in quarantine; its source can be downloaded.")
            % values
        )
        self.mail = mail


def try_again(mail: InboundMail, *, by: Agent) -> InboundMail:
    """Let the worker file the mail as if it had just come, with all its tries; the rules are asked as they are now.

    Raises NotAdministrator, NotInQuarantine.
    """
    require_administrator(by)
    with transaction.atomic():
        held = _held(mail)
        held.state, held.tries, held.error = State.RECEIVED, 0, ""
        held.next_try_at = timezone.now()
        held.trace = [*held.trace, _line("tried again", by)]
        held.save(update_fields=["state", "tries", "error", "next_try_at", "trace"])
        announce_work()
    log.info("quarantine_tried_again", mail=held.pk, by=by.login)
    return held


def file_by_hand(mail: InboundMail, *, queue: Queue, by: Agent) -> Article:
    """Make the mail a new ticket in a queue, past every rule and whatever ticket it names; returns its first article.

    The queue answers by itself as it does to every new ticket. Raises NotAdministrator, NotInQuarantine; CannotBeFiled
    where the mail cannot be read or filed, and then nothing is changed.
    """
    require_administrator(by)
    with transaction.atomic():
        _held(mail)  # of one that was deleted there are no bytes to read
    try:
        one = Incoming.read(mail)
        with transaction.atomic():
            article = _open_by_hand(_held(mail), one, queue, by)
    except (DeskError, OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.error("quarantine_not_filed", mail=mail.pk, by=by.login, exc_info=error)
        raise CannotBeFiled(mail, error) from error
    log.info("quarantine_filed", mail=mail.pk, ticket=article.ticket.number, queue=queue.pk, by=by.login)
    return article


def _open_by_hand(held: InboundMail, one: Incoming, queue: Queue, by: Agent) -> Article:
    alone = Belonging(None, None, True, "new ticket")
    around = Surroundings.of([one], from_customers=[one])
    article, then = open_new(one, alone, Decision(queue=queue), around)
    by_hand = _line(f"filed by hand into queue {queue.name}", by)
    held.state, held.article, held.filed_at, held.error = State.FILED, article, timezone.now(), ""
    held.trace = [*held.trace, by_hand, f"{one.verdict.sign.label}: {one.verdict.reason}", *then]
    held.save(update_fields=["state", "article", "filed_at", "error", "trace"])
    return article


def delete(mail: InboundMail, *, by: Agent) -> InboundMail:
    """Keep the mail out for good, and take its bytes away where nothing else needs them.

    Its row stays, so that the same mail stays out when it is offered again. Raises NotAdministrator, NotInQuarantine.
    """
    require_administrator(by)
    with transaction.atomic():
        held = _held(mail)
        held.state, held.error, held.forgotten_at = State.IGNORED, "", timezone.now()
        held.trace = [*held.trace, _line("deleted from quarantine", by)]
        held.save(update_fields=["state", "error", "forgotten_at", "trace"])
        doubt([held.raw_id])
    sweep()
    log.info("quarantine_deleted", mail=held.pk, by=by.login)
    return held


def _held(mail: InboundMail) -> InboundMail:
    rows = InboundMail.objects.select_related("raw", "mailbox__queue").select_for_update(of=("self",))
    held = rows.get(pk=mail.pk)
    if held.state != State.QUARANTINED:
        raise NotInQuarantine(held)
    return held


def _line(act: str, by: Agent) -> str:
    return f"{act} by {by.login}, {timezone.now():%Y-%m-%d %H:%M} UTC"
