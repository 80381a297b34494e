"""Trying a mail again now, when somebody knows that the cause is gone."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.leaving import is_leaving
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.permissions import Right, require


def try_again(mail: OutboundMail, *, by: Agent) -> OutboundMail:
    """Let the worker try a waiting or failed mail now; its tries are counted on.

    Raises TicketNotFound or NotPermitted without the right to answer in the ticket's queue, InvalidInput where the
    mail has left, was taken back, or is on its way at this moment.
    """
    require(by, Right.REPLY, mail.article.ticket.queue)
    with transaction.atomic():
        held = OutboundMail.objects.select_for_update().get(pk=mail.pk)
        if is_leaving(held):
            raise InvalidInput(_("This mail is being sent right now. Look again in a minute."))
        if held.state == OutboundMail.State.SENT:
            raise InvalidInput(_("This mail has left already, and is not sent twice."))
        if held.state not in (OutboundMail.State.WAITING, OutboundMail.State.FAILED):
            raise InvalidInput(_("This mail was taken back, and is not sent. Write a new answer."))
        held.state = OutboundMail.State.WAITING
        held.next_try_at = timezone.now()
        held.save(update_fields=["state", "next_try_at"])
        announce_work()
    return held
