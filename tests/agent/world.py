"""A small desk for the tests of the pages: Ana answers in Support, Ion in Billing, Elena only reads in Support.

Doina administers and has no role.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from ghiseu.mail.models import Filter, InboundMail, Mailbox, OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.blobs import keep_bytes
from ghiseu.tickets.models import Article, Attachment, Queue, RetentionRule, Ticket, TicketType, View
from ghiseu.tickets.permissions import Right
from tests.factories import grant, make_agent, make_article, make_customer, make_mailbox, make_queue

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
RAW = b"Subject: Site down\r\n\r\nMy site is down.\r\n"
PRIZE = b"From: Lucky <lucky@prizes.example>\r\nSubject: Your prize\r\n\r\nWith secret words.\r\n"
HTML = '<p>My <b>site</b> is down. <img src="cid:logo@site"> <img data-remote-src="https://far.example/p.png"></p>'


@dataclass
class Desk:
    """Rows by the names that tests use.

    `mail` is an answer of Ana's that failed, `kept_out` a mail in quarantine, `view` is hers alone.
    """

    ana: Agent
    ion: Agent
    elena: Agent
    stranger: Agent
    boss: Agent
    support: Queue
    billing: Queue
    article: Article
    ticket: Ticket
    picture: Attachment
    mail: OutboundMail
    mailbox: Mailbox
    kept_out: InboundMail
    rule: Filter
    incident: TicketType
    view: View
    retention: RetentionRule

    def who(self, name: str) -> Agent | None:
        there = (self.ana, self.ion, self.elena, self.boss)
        return {agent.login: agent for agent in there}.get(name, self.stranger if name == "stranger" else None)


def make_desk() -> Desk:
    ana, ion = make_agent("ana", "Ana Popescu"), make_agent("ion", "Ion Rusu")
    elena, stranger = make_agent("elena", "Elena Ceban"), make_agent("nobody", "Nobody Known")
    boss = make_agent("boss", "Doina Munteanu", is_administrator=True)
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
    picture = article.attachments.get()
    mailbox, kept_out, rule = _for_administrators(support)
    incident = TicketType.objects.create(name="Incident")
    view = View.objects.create(name="Ana's own", query="is:open priority>=high", owner=ana)
    return Desk(
        ana, ion, elena, stranger, boss, support, billing,
        article, ticket, picture, mail, mailbox, kept_out, rule, incident, view,
        RetentionRule.objects.create(name="Two years", query="queue:Support", after_months=24, act="delete"),
    )  # fmt: skip


def _for_administrators(queue: Queue) -> tuple[Mailbox, InboundMail, Filter]:
    """A mailbox whose server does not answer, a mail in quarantine, and the rule that put it there."""
    mailbox = make_mailbox(
        queue, name="info", address="info@desk.example", protocol="imap", host="127.0.0.1", port=1, security="plain"
    )
    rule = Filter.objects.create(name="Prizes", query="subject:prize", actions={"quarantine": True})
    words = "quarantined by rule “Prizes”"
    mail = InboundMail.objects.create(
        mailbox=mailbox,
        raw=keep_bytes(PRIZE),
        channel="imap",
        state=InboundMail.State.QUARANTINED,
        next_try_at=timezone.now(),
        error=words,
        trace=[words],
    )
    return mailbox, mail, rule
