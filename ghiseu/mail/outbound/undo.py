"""Taking a message back before it leaves, and cancelling what waits."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.leaving import is_leaving
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import take_back
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, SenderType
from ghiseu.tickets.permissions import Right, require


def take_back_message(article: Article, *, by: Agent) -> Article:
    """Cancel every mail of a message that is still waiting for its first try, and mark the message as taken back.

    All or nothing: raises InvalidInput where one mail has left or is leaving, for then the message is in the world, and
    for a message that is no agent's: what a customer wrote is never taken back, whatever mails were made of it.
    Raises NotPermitted or TicketNotFound without the right to answer.
    """
    require(by, Right.REPLY, article.ticket.queue)
    if article.sender_type != SenderType.AGENT:
        raise InvalidInput(_("Only what an agent sent can be taken back, and this is not."))
    with transaction.atomic():
        mails = OutboundMail.objects.select_for_update().filter(article=article)
        untouched = [mail.pk for mail in mails if mail.state == OutboundMail.State.WAITING and mail.tries == 0]
        if not untouched or len(untouched) < len(mails):
            raise InvalidInput(_("It is too late: the message has left, or is leaving now. Write another one."))
        OutboundMail.objects.filter(pk__in=untouched).update(state=OutboundMail.State.CANCELLED)
        return take_back(article, by=by)


def cancel_mail(mail: OutboundMail, *, by: Agent) -> OutboundMail:
    """Give up one mail that waits for its next try; the others of its message go on.

    Raises InvalidInput where it has left, failed or is leaving, NotPermitted or TicketNotFound without the right to
    answer.
    """
    require(by, Right.REPLY, mail.article.ticket.queue)
    with transaction.atomic():
        held = OutboundMail.objects.select_for_update().get(pk=mail.pk)
        if held.state != OutboundMail.State.WAITING or is_leaving(held):
            raise InvalidInput(_("Only a waiting mail can be cancelled, and this one is not waiting any more."))
        held.state = OutboundMail.State.CANCELLED
        held.save(update_fields=["state"])
    return held
