"""The box in which something is written: what kinds there are, and what stands in it before the first key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from ghiseu.agent.http import AgentRequest
from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.draft import opening_text
from ghiseu.mail.outbound.reply import recipients_for
from ghiseu.mail.outbound.third_party import passed_on_text
from ghiseu.tickets.models import Article, Attachment, Channel, SenderType, Ticket
from ghiseu.tickets.permissions import Right, rights_by_queue
from ghiseu.ui.words import people

# What each kind asks for. `again` is a message that was taken back, to be sent anew.
RIGHTS = {
    "reply": Right.REPLY,
    "all": Right.REPLY,
    "note": Right.NOTE,
    "ask": Right.REPLY,
    "forward": Right.REPLY,
    "answer": Right.REPLY,
    "redirect": Right.REPLY,
    "again": Right.REPLY,
}
TO_THIRD_PARTIES = ("ask", "forward", "answer")
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Box:
    """The open box and what stands in it; `error` is why it was refused.

    `article` is the message that is passed on, answered or redirected. `kept` are the files of a message that was taken
    back. `is_untouched` says that nobody has written a word of `text` yet.
    """

    kind: str
    text: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    until: str = ""
    send_at: str = ""
    article: Article | None = None
    kept: Sequence[Attachment] = ()
    is_untouched: bool = False
    error: str = ""

    @property
    def look(self) -> str:
        """note, reply, third-party or redirect: what it is to the writer, and where it is sent."""
        if self.kind in TO_THIRD_PARTIES:
            return "third-party"
        return self.kind if self.kind in ("note", "redirect") else "reply"

    @property
    def draft(self) -> str:
        """The name under which the browser keeps what is typed: one for each thing that can be written."""
        return f"{self.kind}-{self.article.pk}" if self.article else self.look


def box_for(request: AgentRequest, ticket: Ticket, kind: str) -> Box | None:
    """The box of this kind as it opens; None where this agent may not write so, or not about this message."""
    right = RIGHTS.get(kind)
    if right is None or right not in rights_by_queue(request.user).get(ticket.queue_id, frozenset()):
        return None
    if kind in ("reply", "all"):
        return _reply_box(request, ticket, kind)
    if kind in ("note", "ask"):
        return Box(kind, subject=ticket.title if kind == "ask" else "")
    article = message_of(ticket, request.GET.get("article", ""), kind)
    if article is None:
        return None
    if kind == "again":
        return again(ticket, article)
    if kind == "forward":
        text = passed_on_text(article)
        return Box(kind, text=text, subject=f"Fwd: {ticket.title}", article=article, is_untouched=True)
    if kind == "answer":
        subject = article.subject or ticket.title
        return Box(kind, to=_writer(article), subject=f"Re: {subject.removeprefix('Re: ')}", article=article)
    return Box(kind, article=article)


def message_of(ticket: Ticket, typed: str, kind: str) -> Article | None:
    """The ticket's message with this id, where something of this kind can be done with it; never a note (N1)."""
    if not (typed.isascii() and typed.isdigit() and int(typed) <= LARGEST_ID):
        return None
    articles = ticket.articles.exclude(channel=Channel.NOTE).filter(taken_back_at__isnull=kind != "again")
    if kind == "answer":
        articles = articles.filter(is_visible_to_customer=False).exclude(sender_type=SenderType.SYSTEM)
    elif kind == "redirect":
        articles = articles.filter(raw__isnull=False)
    elif kind == "again":
        articles = articles.filter(sender_type=SenderType.AGENT)
    return articles.prefetch_related("attachments").filter(pk=int(typed)).first()


def typed_box(ticket: Ticket, kind: str, typed: QueryDict, *, error: str) -> Box:
    """The box as it was sent and refused, with everything but the new files, which a browser never puts back."""
    return Box(
        kind,
        text=typed.get("text", ""),
        to=typed.get("to", ""),
        cc=typed.get("cc", ""),
        bcc=typed.get("bcc", ""),
        subject=typed.get("subject", ""),
        until=typed.get("until", ""),
        send_at=typed.get("send_at", ""),
        article=message_of(ticket, typed.get("article", ""), kind),
        kept=kept_files(ticket, typed.getlist("kept")),
        error=error,
    )


def kept_files(ticket: Ticket, typed: Sequence[str]) -> list[Attachment]:
    """The files with these ids, of messages of this ticket that were taken back; of others never."""
    ids = [int(one) for one in typed if one.isascii() and one.isdigit() and int(one) <= LARGEST_ID]
    if not ids:
        return []
    files = Attachment.objects.filter(article__ticket=ticket, article__taken_back_at__isnull=False, pk__in=ids)
    return list(files.exclude(article__channel=Channel.NOTE).select_related("blob"))


def _reply_box(request: AgentRequest, ticket: Ticket, kind: str) -> Box:
    """An answer to the newest message, beginning and ending as the queue wishes."""
    text = opening_text(ticket, by=request.user)
    spoken = ticket.articles.filter(is_visible_to_customer=True, taken_back_at__isnull=True)
    newest: Article | None = spoken.order_by("-pk").first()
    if newest is None:
        return Box(kind, text=text, is_untouched=True)
    recipients = recipients_for(newest, everyone=kind == "all")
    return Box(kind, text=text, to=people(recipients.to), cc=people(recipients.cc), is_untouched=True)


def again(ticket: Ticket, article: Article) -> Box:
    """What was taken back, as it was: text, addresses, the blind ones too, and files."""
    named = {person["address"].lower() for person in (*article.to, *article.cc)}
    mails = OutboundMail.objects.filter(article=article, kind=OutboundMail.Kind.MESSAGE).order_by("pk")
    blind = [recipient for recipient in mails.values_list("recipient", flat=True) if recipient not in named]
    kind, answered = "reply", None
    if not article.is_visible_to_customer:
        unseen = ticket.articles.filter(is_visible_to_customer=False).exclude(message_id="")
        answered = unseen.filter(message_id=article.in_reply_to).first() if article.in_reply_to else None
        kind = "answer" if answered else "ask"
    return Box(
        kind,
        text=article.text,
        to=people(article.to),
        cc=people(article.cc),
        bcc=", ".join(blind),
        subject=article.subject,
        article=answered,
        kept=list(article.attachments.all()),
    )


def _writer(article: Article) -> str:
    """Whom an answer to this message outside the customer's sight goes to."""
    if article.sender_type == SenderType.AGENT:
        return people(article.to)
    return people(article.reply_to or [{"name": article.from_name, "address": article.from_address}])


def gone() -> str:
    return _("The message that this was about is no longer there. Load the page again, and choose anew.")
