"""Answering a customer: an article and its mails to come, in one transaction. Nothing is sent from here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.lib.addresses import Address, parse_addresses
from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.message_ids import new_message_id
from ghiseu.mail.models import Mailbox, OutboundMail
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, NewMessage, write_reply
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Queue, Ticket

MOST_RECIPIENTS = 50


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom an answer goes to, each `{"name": ..., "address": ...}`."""

    to: list[dict[str, str]]
    cc: list[dict[str, str]]


def recipients_for(article: Article, *, everyone: bool) -> Recipients:
    """Whom an answer to this article goes to: who wrote it, or with `everyone` also who else received it.

    A message's Reply-To comes before its From (RFC 5322 section 3.6.2). Our own addresses are left out, so that the
    desk never writes to itself. An answer to our own message goes where that one went.
    """
    ours = our_addresses()
    if article.is_from_customer:
        to = article.reply_to or [{"name": article.from_name, "address": article.from_address}]
        others = [*article.to, *article.cc] if everyone else []
    else:
        to, others = article.to, (article.cc if everyone else [])
    to = _without([person for person in to if person["address"]], ours)
    return Recipients(to, _without(others, ours | {person["address"].lower() for person in to}))


def send_reply(  # noqa: PLR0913  # the fields of the reply box
    ticket: Ticket,
    *,
    by: Agent,
    text: str,
    to: str,
    cc: str = "",
    bcc: str = "",
    files: Sequence[NewFile] = (),
    seen_article_id: int | None = None,
    send_at: dt.datetime | None = None,
) -> Article:
    """Write the answer into the ticket and queue one mail for each recipient, all or nothing.

    `to`, `cc` and `bcc` are lists as people type them, `Vera <vera@site.example>, oleg@other.example`. Who is only in
    Bcc does not take part and stands in no header. With `send_at`, which is aware, the mails wait until then. Raises
    what `write_reply` does, and InvalidInput for an address that cannot be read, too many of them, or a queue that has
    no address to write from.
    """
    addressed = Addressed.read(to, cc, bcc)
    spoken = ticket.articles.filter(is_visible_to_customer=True, taken_back_at__isnull=True)
    answered = spoken.exclude(message_id="").order_by("-pk").first()
    with transaction.atomic():
        sender = sender_of(ticket.queue)
        message = NewMessage(
            text=text,
            subject=subject_of(ticket),
            from_name=sender.name,
            from_address=sender.address,
            to=addressed.to,
            cc=addressed.cc,
            message_id=new_message_id(ticket),
            in_reply_to=answered.message_id if answered else "",
            files=files,
        )
        article = write_reply(ticket, message, by=by, seen_article_id=seen_article_id)
        queue_mails(article, addressed, send_at=send_at)
    return article


def queue_mails(article: Article, addressed: Addressed, *, send_at: dt.datetime | None = None) -> None:
    """One mail for each recipient, in the caller's transaction; they leave when the time to take them back is over."""
    leaves_at = timezone.now() + dt.timedelta(seconds=settings.UNDO_SECONDS)
    OutboundMail.objects.bulk_create(
        OutboundMail(
            article=article,
            sender=article.from_address,
            recipient=recipient,
            next_try_at=max(leaves_at, send_at) if send_at else leaves_at,
        )
        for recipient in addressed.recipients
    )
    announce_work()


def subject_of(ticket: Ticket) -> str:
    """`Re: <title> [#<number>]`, with one Re and the number once."""
    title = ticket.title.replace(f"[#{ticket.number}]", "").strip()
    while title[:3].lower() == "re:":
        title = title[3:].lstrip()
    return f"Re: {title} [#{ticket.number}]"


def sender_of(queue: Queue) -> Address:
    """The address that answers from this queue come from: its own, else its mailbox's; never an agent's (promise O4).

    Raises InvalidInput where the queue has neither.
    """
    address = queue.address
    if not address:
        mailbox = Mailbox.objects.filter(queue=queue, is_active=True).order_by("pk").first()
        address = mailbox.address if mailbox else ""
    if not address:
        raise InvalidInput(
            _("The queue %(queue)s has no address to write from. Ask an administrator to give it one, or a mailbox.")
            % {"queue": queue.name}
        )
    return Address(queue.sender_name or queue.leaf, address)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a message goes to: as it will be read in the headers, and every recipient once."""

    to: list[dict[str, str]]
    cc: list[dict[str, str]]
    recipients: list[str]

    @classmethod
    def read(cls, to: str, cc: str = "", bcc: str = "") -> Addressed:
        """From lists as people type them. Raises InvalidInput for what cannot be read, or for too many."""
        seen_to, seen_cc, blind = _read(to), _read(cc), _read(bcc)
        recipients = list(dict.fromkeys(person.address.lower() for person in (*seen_to, *seen_cc, *blind)))
        if len(recipients) > MOST_RECIPIENTS:
            raise InvalidInput(
                _("%(count)d recipients are too many; at most %(most)d are allowed.")
                % {"count": len(recipients), "most": MOST_RECIPIENTS}
            )
        return cls(_as_rows(seen_to), _as_rows(seen_cc), recipients)


def _read(typed: str) -> list[Address]:
    people = list(parse_addresses(typed))
    readable = {person.address.lower() for person in people}
    wrong = [part.strip() for part in typed.replace(";", ",").split(",") if part.strip() and "@" not in part]
    if typed.strip() and (not readable or any("<" not in part and '"' not in part for part in wrong)):
        raise InvalidInput(
            _("“%(typed)s” cannot be read as a mail address. Write name@domain, several with commas between.")
            % {"typed": (wrong or [typed.strip()])[0][:100]}
        )
    return people


def _as_rows(people: Iterable[Address]) -> list[dict[str, str]]:
    return [{"name": person.name, "address": person.address} for person in people]


def our_addresses() -> set[str]:
    """Every address that mail to the desk goes to."""
    queues = Queue.objects.exclude(address="").values_list("address", flat=True)
    return set(queues) | set(Mailbox.objects.values_list("address", flat=True))


def _without(people: Iterable[dict[str, str]], left_out: set[str]) -> list[dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {}
    for person in people:
        if (address := person["address"].lower()) not in left_out:
            chosen.setdefault(address, person)
    return list(chosen.values())
