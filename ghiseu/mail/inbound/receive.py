"""What becomes of a mail: the story of its filing, told from the top.

A mail lies raw in `InboundMail`. Here it is claimed, read, found its place, and filed, in one transaction that either
leaves an article and the mail marked as filed, or nothing. So the step can be repeated after any crash. A mail that
cannot be filed is tried again, then put into quarantine where people see it; it never stops the others (promise M4).
"""

from __future__ import annotations

import datetime as dt
import mimetypes
from collections.abc import Sequence

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from ghiseu.lib.addresses import Address
from ghiseu.lib.language import guess_language
from ghiseu.mail.inbound.bounced import answer_that_bounced, file_notice
from ghiseu.mail.inbound.by_agent import agents_word
from ghiseu.mail.inbound.followup import Belonging, belonging_of, quoted_ids
from ghiseu.mail.inbound.parse import ParsedAttachment, ParsedMail, parse_mail
from ghiseu.mail.inbound.routing import queue_for
from ghiseu.mail.inbound.verdict import Verdict, verdict_on
from ghiseu.mail.models import InboundMail
from ghiseu.mail.outbound.autoresponse import Occasion, answer_automatically, occasion_of_new_ticket
from ghiseu.mail.outbound.notify import notify_owner
from ghiseu.mail.outbound.reply import recipients_for, send_reply
from ghiseu.people.customers import customer_for_address, mark_proven
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, NewMessage, open_ticket, receive_from_third_party, receive_message
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, SenderType, Ticket

log = structlog.get_logger(__name__)

MOST_TRIES = 5
# How long a claim holds: a worker that died in the middle gives its mails back after this time.
CLAIM = dt.timedelta(seconds=30)
# The mail names no sender: all such mails stand together under this one, which can never be written to (RFC 2606).
NOBODY = "unknown-sender@invalid"


def file_waiting(limit: int = 20) -> int:
    """File what is stored and due, at most `limit` mails; returns how many were handled. Safe beside other workers."""
    claimed = _claim(limit)
    for mail in claimed:
        _file_or_put_aside(mail)
    return len(claimed)


def _claim(limit: int) -> list[InboundMail]:
    """Count the try before it is made, so that a mail that kills its worker does not do so for ever."""
    now = timezone.now()
    due = InboundMail.objects.filter(state=InboundMail.State.RECEIVED, next_try_at__lte=now)
    with transaction.atomic():
        due = due.select_related("raw", "mailbox__queue").select_for_update(skip_locked=True, of=("self",))
        mails = list(due.order_by("next_try_at", "pk")[:limit])
        for mail in mails:
            mail.tries += 1
            mail.next_try_at = now + CLAIM * mail.tries
        InboundMail.objects.bulk_update(mails, ["tries", "next_try_at"])
    return sorted(mails, key=lambda mail: mail.pk)


def _file_or_put_aside(mail: InboundMail) -> None:
    try:
        file_mail(mail)
    except (OperationalError, InterfaceError):
        raise  # the database is in trouble, not the mail
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one mail must not stop the next
        _put_aside(mail, error)


def file_mail(mail: InboundMail) -> Article | None:
    """Read the mail and make it a ticket or an article; None where another worker has done so."""
    parsed = parse_mail(bytes_of(mail.raw))
    with transaction.atomic():
        if not _hold(mail):
            return None
        article, trace = _file(mail, parsed)
        mail.state = InboundMail.State.FILED if article else InboundMail.State.IGNORED
        mail.article, mail.filed_at, mail.error, mail.trace = article, timezone.now(), "", [*mail.trace, *trace]
        mail.save(update_fields=["state", "article", "filed_at", "error", "trace"])
    log.info("mail_filed", mail=mail.pk, ticket=article.ticket.number if article else None, reason=trace[0])
    return article


def _hold(mail: InboundMail) -> bool:
    """Hold the mail's row for this transaction; False where another worker has filed it meanwhile.

    The transaction need not wait for the disk: the mail itself is safe, and should the power fail it is filed again.
    Whatever is built on it later - an agent's answer, a mail sent - commits durably, and this one before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    waiting = InboundMail.objects.filter(pk=mail.pk, state=InboundMail.State.RECEIVED)
    return waiting.select_for_update().values_list("pk", flat=True).first() is not None


def _file(mail: InboundMail, parsed: ParsedMail) -> tuple[Article | None, list[str]]:
    """The decision, in order: a notice about our own answer, an agent's answer, a customer's answer, a new ticket."""
    verdict = verdict_on(parsed, mail.mailbox.trusted_server)
    if answer := answer_that_bounced(parsed):
        notice, why = file_notice(answer, parsed, _message(mail, parsed, verdict))
        return notice, [why]
    word = agents_word(parsed, quoted_ids(parsed), verdict.sign)
    if word and parsed.auto_submitted:
        return None, [f"ignored: a machine answered a notification in {word.ticket.number}"]
    if word and word.agent:
        return _answer_of_agent(mail, parsed, word.ticket, word.agent), [word.reason]
    belonging = Belonging(None, word.ticket, True, word.reason) if word else belonging_of(parsed, verdict.sign)
    if belonging.joins:
        article, trace = _join(mail, parsed, belonging.joins, belonging, verdict)
    else:
        article, trace = _open(mail, parsed, belonging, verdict)
    return article, [belonging.reason, f"{verdict.sign.label}: {verdict.reason}", *trace]


def _answer_of_agent(mail: InboundMail, parsed: ParsedMail, ticket: Ticket, agent: Agent) -> Article:
    """The answer goes where an answer from the page would go; what the notification quoted stays behind."""
    asked = ticket.articles.filter(sender_type=SenderType.CUSTOMER, is_visible_to_customer=True).latest("pk")
    to = recipients_for(asked, everyone=False).to
    files = [_new_file(file, position) for position, file in enumerate(parsed.attachments, start=1) if not file.inline]
    article = send_reply(
        ticket, by=agent, text=parsed.reply_text, to=", ".join(person["address"] for person in to), files=files
    )
    article.raw = mail.raw
    article.save(update_fields=["raw"])
    return article


def _join(
    mail: InboundMail, parsed: ParsedMail, ticket: Ticket, belonging: Belonging, verdict: Verdict
) -> tuple[Article, list[str]]:
    message = _message(mail, parsed, verdict, is_verified=belonging.is_verified)
    if belonging.by_third_party:
        return receive_from_third_party(ticket, message), []
    customer = customer_for_address(_sender(parsed), name=message.from_name)
    article = receive_message(ticket, message, customer=customer, reopens=belonging.reopens)
    if belonging.is_verified:
        mark_proven(message.from_address)
    occasion = Occasion.FOLLOW_UP if belonging.reopens else Occasion.REJECTED
    told = notify_owner(article)
    return article, [answer_automatically(article, parsed, occasion), *([told] if told else [])]


def _open(mail: InboundMail, parsed: ParsedMail, belonging: Belonging, verdict: Verdict) -> tuple[Article, list[str]]:
    queue, why = queue_for(parsed, mail.mailbox)
    message = _message(mail, parsed, verdict)
    customer = customer_for_address(_sender(parsed), name=message.from_name)
    language = guess_language(f"{parsed.subject} {parsed.reply_text}")
    article = open_ticket(queue, message, customer=customer, language=language, related=belonging.points_to)
    closed = belonging.points_to is not None and not belonging.points_to.is_open
    occasion = Occasion.NEW_TICKET if closed else occasion_of_new_ticket(queue)
    return article, [why, answer_automatically(article, parsed, occasion)]


def _sender(parsed: ParsedMail) -> str:
    return parsed.sender.address if parsed.sender else NOBODY


def _message(mail: InboundMail, parsed: ParsedMail, verdict: Verdict, *, is_verified: bool = True) -> NewMessage:
    return NewMessage(
        text=parsed.text,
        reply_text=parsed.reply_text,
        html=parsed.html or "",
        subject=parsed.subject,
        from_name=parsed.sender.name if parsed.sender else "",
        from_address=parsed.sender.address.lower() if parsed.sender else "",
        to=_people(parsed.to),
        cc=_people(parsed.cc),
        reply_to=_people(parsed.reply_to),
        message_id=parsed.message_id or "",
        in_reply_to=parsed.in_reply_to or "",
        files=[_new_file(file, position) for position, file in enumerate(parsed.attachments, start=1)],
        raw=mail.raw,
        written_at=parsed.date,
        is_verified=is_verified,
        sender_sign=verdict.sign,
    )


def _people(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]


def _new_file(file: ParsedAttachment, position: int) -> NewFile:
    name = file.filename or f"attachment-{position}{mimetypes.guess_extension(file.content_type) or ''}"
    return NewFile(name, file.content_type, file.content, is_inline=file.inline, content_id=file.content_id or "")


def _put_aside(mail: InboundMail, error: Exception) -> None:
    last = mail.tries >= MOST_TRIES
    mail.state = InboundMail.State.QUARANTINED if last else InboundMail.State.RECEIVED
    mail.error = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
    mail.trace = [*mail.trace, f"try {mail.tries} failed: {mail.error}"]
    InboundMail.objects.bulk_update([mail], ["state", "error", "trace"])
    log.error("mail_quarantined" if last else "mail_not_filed", mail=mail.pk, tries=mail.tries, exc_info=error)
