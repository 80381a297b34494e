"""Passing a mail on exactly as it came, so that whoever gets it can answer its writer."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.reply import Addressed, sender_of
from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Article, Kind
from ghiseu.tickets.permissions import Right


def redirect_message(article: Article, *, to: str, by: Agent) -> list[OutboundMail]:
    """Send the original bytes of a mail to others, with `Resent-` fields on top (RFC 5322 section 3.6.6).

    The ticket stays as it is; its history says who redirected what to whom. An address that already got it is left
    out. Raises InvalidInput where the article is no mail that came in, or nobody is named, NotPermitted or
    TicketNotFound without the right to answer.
    """
    addressed = Addressed.read(to)
    if article.raw_id is None:
        raise InvalidInput(_("Only a mail that came in can be redirected. Forward this message instead."))
    if not addressed.recipients:
        raise InvalidInput(_("The message goes to nobody. Give at least one address."))
    with transaction.atomic():
        ticket = take(article.ticket, by=by, right=Right.REPLY)
        sender = sender_of(ticket.queue)
        now = timezone.now()
        mails = [
            OutboundMail(
                article=article,
                kind=OutboundMail.Kind.REDIRECT,
                sender=sender.address,
                recipient=recipient,
                next_try_at=now,
            )
            for recipient in addressed.recipients
        ]
        OutboundMail.objects.bulk_create(mails, ignore_conflicts=True)
        record(ticket, Kind.REDIRECTED, by=by, article=article, to=", ".join(addressed.recipients))
        announce_work()
    return mails
