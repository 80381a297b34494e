"""A small desk for the tests of the pages: Ana answers in Support, Ion in Billing, Elena only reads in Support."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.blobs import keep_bytes
from ghiseu.tickets.models import Article, Attachment, Queue, Ticket
from ghiseu.tickets.permissions import Right
from tests.factories import grant, make_agent, make_article, make_customer, make_queue

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
RAW = b"Subject: Site down\r\n\r\nMy site is down.\r\n"
HTML = '<p>My <b>site</b> is down. <img src="cid:logo@site"> <img data-remote-src="https://far.example/p.png"></p>'


@dataclass
class Desk:
    """Rows by the names that tests use; `mail` is an answer of Ana's that failed."""

    ana: Agent
    ion: Agent
    elena: Agent
    stranger: Agent
    support: Queue
    billing: Queue
    article: Article
    ticket: Ticket
    picture: Attachment
    mail: OutboundMail

    def who(self, name: str) -> Agent | None:
        return {"ana": self.ana, "ion": self.ion, "elena": self.elena, "stranger": self.stranger}.get(name)


def make_desk() -> Desk:
    ana, ion = make_agent("ana", "Ana Popescu"), make_agent("ion", "Ion Rusu")
    elena, stranger = make_agent("elena", "Elena Ceban"), make_agent("nobody", "Nobody Known")
    support = make_queue("Support", full=[ana], address="support@desk.example")
    billing = make_queue("Billing", full=[ion], address="billing@desk.example")
    grant(elena, support, Right.READ)
    article = make_article(
        support,
        customer=make_customer(),
        html=HTML,
        raw=keep_bytes(RAW),
        files=[NewFile("logo.png", "image/png", PNG, is_inline=True, content_id="logo@site")],
    )
    answer = send_reply(article.ticket, by=ana, text="We look into it.", to="Vera <vera@site.example>")
    mail = OutboundMail.objects.get(article=answer)
    mail.state, mail.tries, mail.answer = OutboundMail.State.FAILED, 3, "550 5.1.1 user unknown"
    mail.next_try_at = timezone.now()
    mail.save()
    ticket = Ticket.objects.get(pk=article.ticket_id)
    return Desk(ana, ion, elena, stranger, support, billing, article, ticket, article.attachments.get(), mail)
