"""Writing to somebody else about a ticket: a question, or a message passed on, with the answers kept inside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ghiseu.mail.message_ids import Conversation, new_message_id
from ghiseu.mail.outbound.reply import Addressed, queue_mails, sender_of
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, NewMessage, ask_third_party
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Ticket


def write_to_third_party(  # noqa: PLR0913  # the fields of the reply box
    ticket: Ticket,
    *,
    by: Agent,
    text: str,
    to: str,
    cc: str = "",
    bcc: str = "",
    subject: str = "",
    files: Sequence[NewFile] = (),
    passing_on: Article | None = None,
    answering: Article | None = None,
    send_at: dt.datetime | None = None,
) -> Article:
    """Send a message that the customer never sees; answers to it come back into the ticket, unseen as well.

    The subject is the ticket's title where none is given; the number does not stand in it, as a stranger could do
    nothing with it. `answering` is the third party's message that this one answers; `passing_on` is a message of the
    same ticket whose files go along; an internal note is refused, for it never leaves the house (promise N1). With
    `send_at`, which is aware, the mails wait until then. Raises what `ask_third_party` does, and InvalidInput.
    """
    addressed = Addressed.read(to, cc, bcc)
    if passing_on is not None and (passing_on.is_note or passing_on.ticket_id != ticket.pk):
        raise InvalidInput(_("A note never leaves the house. Copy by hand what may be told."))
    with transaction.atomic():
        sender = sender_of(ticket.queue)
        message = NewMessage(
            text=text,
            subject=subject.strip() or (f"Fwd: {ticket.title}" if passing_on else ticket.title),
            from_name=sender.name,
            from_address=sender.address,
            to=addressed.to,
            cc=addressed.cc,
            message_id=new_message_id(ticket, Conversation.THIRD_PARTY),
            in_reply_to=answering.message_id if answering and not answering.is_visible_to_customer else "",
            files=[*files, *(_files_of(passing_on) if passing_on else [])],
        )
        article = ask_third_party(ticket, message, by=by)
        queue_mails(article, addressed, send_at=send_at)
    return article


def passed_on_text(article: Article) -> str:
    """What the reply box is filled with when a message is passed on: its head, and all of its text."""
    moment = date_format(localtime(article.written_at or article.created_at), "DATETIME_FORMAT")
    sender = f"{article.from_name} <{article.from_address}>".strip()
    head = _("---- Forwarded message ----\nFrom: %(sender)s\nDate: %(date)s\nSubject: %(subject)s") % {
        "sender": sender,
        "date": moment,
        "subject": article.subject,
    }
    return f"\n\n{head}\n\n{article.text}"


def _files_of(article: Article) -> list[NewFile]:
    return [
        NewFile(attachment.filename, attachment.content_type, bytes_of(attachment.blob))
        for attachment in article.attachments.select_related("blob")
    ]
