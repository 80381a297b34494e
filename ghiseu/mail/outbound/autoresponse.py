"""What the desk answers by itself, and the limits that keep it from being a nuisance, a relay or half of a loop.

An address that has proven nothing hears one fixed text a day, without a word of the sender's own choosing (promise
O6). Nobody hears more than three a day, whatever signs a robot hides (promise O7). All channels count together.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ghiseu.mail.inbound.loops import reason_for_silence
from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.inbound.store import announce_work
from ghiseu.mail.message_ids import new_message_id
from ghiseu.mail.models import AutomaticMail, AutoResponse, OutboundMail
from ghiseu.mail.outbound.reply import our_addresses, sender_of
from ghiseu.people.customers import is_proven
from ghiseu.tickets.actions import NewMessage
from ghiseu.tickets.actions import answer_automatically as add_answer
from ghiseu.tickets.clocks import working_time_of
from ghiseu.tickets.models import Article, Queue, Ticket

Occasion = AutoResponse.Occasion
PROVEN_PER_DAY = 3
UNPROVEN_PER_DAY = 1
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def answer_automatically(article: Article, parsed: ParsedMail, occasion: AutoResponse.Occasion) -> str:
    """Queue the desk's own answer to a message just filed, in its transaction; returns what was decided, in words."""
    ticket = article.ticket
    response = _response(ticket, occasion)
    if response is None:
        return f"no automatic answer: the queue {ticket.queue.name} has none for “{occasion.label}”"
    if silence := reason_for_silence(parsed, our_addresses()):
        return f"no automatic answer: {silence}"
    if refusal := _limit_reached(article.from_address):
        return f"no automatic answer: {refusal}"
    _queue(ticket, response, article)
    return f"automatic answer “{occasion.label}” in {response.language}"


def occasion_of_new_ticket(queue: Queue) -> AutoResponse.Occasion:
    """Whether somebody is there to read a new ticket of this queue now."""
    return Occasion.RECEIVED if working_time_of(queue).is_open(timezone.now()) else Occasion.OUTSIDE_HOURS


def _response(ticket: Ticket, occasion: AutoResponse.Occasion) -> AutoResponse | None:
    """The text in the customer's language, the queue's, the desk's, or any; outside hours falls back to "received"."""
    kinds: list[str] = [occasion, Occasion.RECEIVED] if occasion == Occasion.OUTSIDE_HOURS else [occasion]
    rows = list(AutoResponse.objects.filter(queue=ticket.queue, is_active=True, occasion__in=kinds).order_by("pk"))
    wishes = [ticket.language, *ticket.queue.languages, settings.LANGUAGE_CODE]
    rows.sort(key=lambda row: (kinds.index(row.occasion), _place(row.language, wishes)))
    return rows[0] if rows else None


def _place(language: str, wishes: list[str]) -> int:
    return wishes.index(language) if language in wishes else len(wishes)


def _limit_reached(address: str) -> str:
    """Why this address, or anybody, gets no more for now; else the mail is counted and an empty string returned."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # Two mails of one sender, filed at the same moment by two workers, are counted one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"automatic mail to {address}"])
    AutomaticMail.objects.filter(created_at__lt=now - DAY).delete()
    most = PROVEN_PER_DAY if is_proven(address) else UNPROVEN_PER_DAY
    if AutomaticMail.objects.filter(address=address).count() >= most:
        return f"the address had its {most} of a day"
    if AutomaticMail.objects.filter(created_at__gte=now - HOUR).count() >= settings.AUTOMATIC_MAILS_PER_HOUR:
        return "the installation had its automatic mails of an hour (GHISEU_AUTOMATIC_MAILS_PER_HOUR)"
    AutomaticMail.objects.create(address=address, created_at=now)
    return ""


def _queue(ticket: Ticket, response: AutoResponse, answered: Article) -> None:
    sender = sender_of(ticket.queue)
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
    OutboundMail.objects.create(article=article, sender="", recipient=answered.from_address, next_try_at=timezone.now())
    announce_work()


def _filled(text: str, ticket: Ticket) -> str:
    return text.replace("{number}", ticket.number).replace("{queue}", ticket.queue.leaf)
