"""Into which queue a new ticket goes."""

from __future__ import annotations

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.models import Mailbox
from ghiseu.tickets.models import Queue


def queue_for(parsed: ParsedMail, mailbox: Mailbox) -> tuple[Queue, str]:
    """The queue whose own address the mail names among its recipients, else the mailbox's; and the reason in words."""
    named = [person.address.lower() for person in (*parsed.to, *parsed.cc)][:100]
    # Mostly only the mailbox itself is named, and there is nothing to ask.
    others = [address for address in named if address != mailbox.address]
    by_address = {queue.address: queue for queue in Queue.objects.active().filter(address__in=others)} if others else {}
    for address in named:
        if address in by_address:
            queue = by_address[address]
            return queue, f"queue {queue.name} by its address {address}"
    return mailbox.queue, f"queue {mailbox.queue.name} by mailbox {mailbox.name}"
