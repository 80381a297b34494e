"""What the desk answers by itself, and the limits that keep it from being a nuisance, a relay or half of a loop.

An address that has proven nothing hears one fixed text a day, without a word of the sender's own choosing (promise
O6). Nobody hears more than three a day, whatever signs a robot hides (promise O7). All channels count together.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from ghiseu.mail.inbound.loops import reason_for_silence
from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.message_ids import new_message_id
from ghiseu.mail.models import AutomaticMail, AutoResponse, OutboundMail
from ghiseu.mail.outbound.reply import our_addresses, sender_of
from ghiseu.tickets.actions import NewMessage
from ghiseu.tickets.actions import answer_automatically as add_answer
from ghiseu.tickets.clocks import working_time_of
from ghiseu.tickets.models import Article, Queue, Ticket
from ghiseu.tickets.writing import insert_all, once

Occasion = AutoResponse.Occasion
PROVEN_PER_DAY = 3
UNPROVEN_PER_DAY = 1
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
# So near to the limit of the hour that several workers could pass it together, they are counted one after the other.
SAID_AT_ONCE = 500
EVERYBODY = "everybody"


class AutomaticAnswers:
    """What the desk may say by itself to the senders of some mails that are filed together, in one transaction.

    Who may be answered is held until the transaction ends: two workers count what one address hears one after the
    other.
    """

    def __init__(self, mails: Iterable[ParsedMail]) -> None:
        self._ours = our_addresses()
        addresses = {parsed.sender.address.lower() for parsed in mails if parsed.sender and not self._silence(parsed)}
        self._limits = _Limits(addresses)

    def answer(self, article: Article, parsed: ParsedMail, occasion: AutoResponse.Occasion, *, is_proven: bool) -> str:
        """Queue the desk's own answer to a message just filed; returns what was decided, in words.

        `is_proven` says whether the address has shown that it is real and read.
        """
        ticket = article.ticket
        response = _response(ticket, occasion)
        if response is None:
            return f"no automatic answer: the queue {ticket.queue.name} has none for “{occasion.label}”"
        if silence := self._silence(parsed):
            return f"no automatic answer: {silence}"
        if refusal := self._limits.reached_by(article.from_address, is_proven=is_proven):
            return f"no automatic answer: {refusal}"
        _queue(ticket, response, article)
        return f"automatic answer “{occasion.label}” in {response.language}"

    def _silence(self, parsed: ParsedMail) -> str:
        return reason_for_silence(parsed, self._ours)


def occasion_of_new_ticket(queue: Queue) -> AutoResponse.Occasion:
    """Whether somebody is there to read a new ticket of this queue now."""
    return Occasion.RECEIVED if working_time_of(queue).is_open(timezone.now()) else Occasion.OUTSIDE_HOURS


def _response(ticket: Ticket, occasion: AutoResponse.Occasion) -> AutoResponse | None:
    """The text in the customer's language, else in the queue's or the desk's, else in any.

    Outside hours falls back to "received".
    """
    kinds: list[str] = [occasion, Occasion.RECEIVED] if occasion == Occasion.OUTSIDE_HOURS else [occasion]
    wishes = [ticket.language, *ticket.queue.languages, settings.LANGUAGE_CODE]
    fitting = [
        row
        for row in once(("automatic answers of", ticket.queue_id), lambda: _texts(ticket.queue_id))
        if row.occasion in kinds
    ]
    return min(fitting, key=lambda row: (kinds.index(row.occasion), _place(row.language, wishes)), default=None)


def _texts(queue_id: int) -> list[AutoResponse]:
    return list(AutoResponse.objects.filter(queue=queue_id, is_active=True).order_by("pk"))


def _place(language: str, wishes: list[str]) -> int:
    return wishes.index(language) if language in wishes else len(wishes)


class _Limits:
    """How much was said to each of these addresses in a day, and to everybody in an hour."""

    def __init__(self, addresses: Collection[str]) -> None:
        self._now = timezone.now()
        self._theirs: Counter[str] = Counter()
        self._everybodys = 0
        if not addresses:
            return
        # Two mails of one sender, filed at the same moment by two workers, are counted one after the other. All take
        # the addresses in their order, so that none waits for another in a circle.
        _lock(sorted(addresses))
        AutomaticMail.objects.filter(created_at__lt=self._now - DAY).delete()
        counts = AutomaticMail.objects.filter(address__in=addresses).values_list("address").annotate(Count("pk"))
        self._theirs.update(dict(counts))
        self._everybodys = self._of_this_hour()
        if self._everybodys < settings.AUTOMATIC_MAILS_PER_HOUR <= self._everybodys + SAID_AT_ONCE:
            _lock([EVERYBODY])
            self._everybodys = self._of_this_hour()

    def _of_this_hour(self) -> int:
        return AutomaticMail.objects.filter(created_at__gte=self._now - HOUR).count()

    def reached_by(self, address: str, *, is_proven: bool) -> str:
        """Why this address, or anybody, gets no more for now; else the mail is counted and an empty string returned."""
        most = PROVEN_PER_DAY if is_proven else UNPROVEN_PER_DAY
        if self._theirs[address] >= most:
            return f"the address had its {most} of a day"
        if self._everybodys >= settings.AUTOMATIC_MAILS_PER_HOUR:
            return "the installation had its automatic mails of an hour (GHISEU_AUTOMATIC_MAILS_PER_HOUR)"
        insert_all([AutomaticMail(address=address, created_at=self._now)])
        self._theirs[address] += 1
        self._everybodys += 1
        return ""


def _lock(addresses: list[str]) -> None:
    """Until the transaction ends nobody else counts what these hear."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('automatic mail to ' || address, 0))"
            " FROM unnest(%s::text[]) AS address",
            [addresses],
        )


def _queue(ticket: Ticket, response: AutoResponse, answered: Article) -> None:
    sender = once(("sender of", ticket.queue_id), lambda: sender_of(ticket.queue))
    message = NewMessage(
        text=_filled(response.text, ticket),
        subject=f"{_filled(response.subject, ticket)} [#{ticket.number}]",
        from_name=sender.name,
        from_address=sender.address,
        to=[{"name": "", "address": answered.from_address}],
        message_id=new_message_id(ticket),
        in_reply_to=answered.message_id,
    )
    article = add_answer(ticket, message)
    mail = OutboundMail(article=article, sender="", recipient=answered.from_address, next_try_at=timezone.now())
    insert_all([mail])
    announce_work()


def _filled(text: str, ticket: Ticket) -> str:
    return text.replace("{number}", ticket.number).replace("{queue}", ticket.queue.leaf)
