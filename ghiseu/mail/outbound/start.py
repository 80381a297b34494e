"""A conversation that the desk begins: a first mail to a customer, or a call written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from ghiseu.mail.message_ids import new_message_id
from ghiseu.mail.outbound.reply import Addressed, queue_mails, sender_of, subject_of
from ghiseu.people.customers import customer_for_address
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, NewMessage, open_ticket_for
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Channel, Queue


def start_conversation(  # noqa: PLR0913  # the fields of the reply box
    queue: Queue,
    *,
    by: Agent,
    subject: str,
    text: str,
    to: str,
    cc: str = "",
    bcc: str = "",
    files: Sequence[NewFile] = (),
    channel: Channel = Channel.EMAIL,
    send_at: dt.datetime | None = None,
) -> Article:
    """A new ticket for who stands first in `to`, and with the channel EMAIL a mail to everybody named.

    With the channel PHONE nothing is sent: `text` is what the customer said. With `send_at`, which is aware, the mails
    wait until then; the ticket is there at once. Raises what `open_ticket_for` does, and
    InvalidInput for addresses that cannot be read, or a missing subject.
    """
    addressed = Addressed.read(to, cc, bcc)
    if not subject.strip():
        raise InvalidInput(_("The ticket needs a subject. Say in a few words what it is about."))
    if not addressed.to:
        raise InvalidInput(_("Nobody stands in “To”. Give the customer's address."))
    first = addressed.to[0]
    by_mail = channel == Channel.EMAIL
    with transaction.atomic():
        customer = customer_for_address(first["address"], name=first["name"])
        message = NewMessage(text=text, subject=subject, files=files, to=addressed.to, cc=addressed.cc)
        if not by_mail:
            message = NewMessage(
                text=text, subject=subject, files=files, from_name=first["name"], from_address=first["address"].lower()
            )
        article = open_ticket_for(queue, message, customer=customer, by=by, channel=channel)
        if by_mail:
            sender = sender_of(queue)
            article.from_name, article.from_address = sender.name, sender.address
            article.subject = subject_of(article.ticket).removeprefix("Re: ")
            article.message_id = new_message_id(article.ticket)
            article.save(update_fields=["from_name", "from_address", "subject", "message_id"])
            queue_mails(article, addressed, send_at=send_at)
    return article
