"""Into which queue a new ticket goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.models import Mailbox
from ghiseu.tickets.models import Queue


def queues_named(mails: Iterable[ParsedMail]) -> dict[str, Queue]:
    """The active queues whose own address stands among the recipients of these mails, by that address."""
    addresses = {address for parsed in mails for address in _recipients(parsed)}
    queues = Queue.objects.active().select_related("sla", "calendar")
    return {queue.address: queue for queue in queues.filter(address__in=addresses)}


def queue_for(parsed: ParsedMail, mailbox: Mailbox, named: Mapping[str, Queue]) -> tuple[Queue, str]:
    """The first of `named` that the mail is to, else the mailbox's own queue; and the reason in words."""
    for address in _recipients(parsed):
        if address in named and address != mailbox.address:
            return named[address], f"queue {named[address].name} by its address {address}"
    return mailbox.queue, f"queue {mailbox.queue.name} by mailbox {mailbox.name}"


def _recipients(parsed: ParsedMail) -> list[str]:
    return [person.address.lower() for person in (*parsed.to, *parsed.cc)][:100]
