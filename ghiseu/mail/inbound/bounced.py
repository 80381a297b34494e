"""A delivery notice for one of our answers: tied to that answer, told to the agents, remembered for the address."""

from __future__ import annotations

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.message_ids import read_message_id
from ghiseu.mail.models import OutboundMail
from ghiseu.people.customers import mark_bounced
from ghiseu.tickets.actions import NewMessage, note_delivery_failure
from ghiseu.tickets.models import Article


def answer_that_bounced(parsed: ParsedMail) -> Article | None:
    """The answer of ours that this notice is about; our own signed Message-ID proves it, for notices are forged."""
    ours = ours_in_notice(parsed)
    if not ours:
        return None
    return Article.objects.select_related("ticket").filter(message_id__in=ours).order_by("-pk").first()


def ours_in_notice(parsed: ParsedMail) -> list[str]:
    """Our own Message-IDs in a delivery notice; none in any other mail."""
    if parsed.bounce is None:
        return []
    ids = (parsed.bounce.original_message_id or "", parsed.in_reply_to or "", *parsed.references)
    return [message_id.strip("<> ") for message_id in ids if read_message_id(message_id)]


def file_notice(answer: Article, parsed: ParsedMail, message: NewMessage) -> tuple[Article, str]:
    """Mark whom the answer did not reach, and put the notice into the ticket; returns it with the reason in words.

    Only recipients that the answer really had are believed. A notice of mere delay changes no state.
    """
    sent = {
        mail.recipient.lower(): mail
        for mail in OutboundMail.objects.filter(article=answer, kind=OutboundMail.Kind.MESSAGE)
    }
    reasons: dict[str, str] = {}
    for one in parsed.bounce.recipients if parsed.bounce else ():
        # Some notices name nobody: with a single recipient there is no doubt.
        recipient = (one.recipient or "").lower() or (next(iter(sent)) if len(sent) == 1 else "")
        if recipient not in sent:
            continue
        reasons[recipient] = f"{one.status or ''} {one.diagnostic}".strip()[:1000] or one.category
        if one.action == "failed":
            OutboundMail.objects.filter(pk=sent[recipient].pk).update(
                state=OutboundMail.State.FAILED, answer=reasons[recipient]
            )
            mark_bounced(recipient, reasons[recipient])
    recipient, reason = next(iter(reasons.items()), ("", parsed.subject[:200]))
    notice = note_delivery_failure(answer.ticket, message, recipient=recipient or "?", reason=reason)
    return (
        notice,
        f"delivery notice for our answer in {answer.ticket.number}: {', '.join(reasons) or 'no recipient named'}",
    )
