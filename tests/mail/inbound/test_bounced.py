import pytest

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import Mailbox, OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent, Customer, Identity
from ghiseu.tickets.models import Article, Kind, Ticket
from tests.factories import history_of, make_article, make_mailbox, make_queue
from tests.mail.mails import bounce_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    return make_mailbox(make_queue(full=[ana]))


@pytest.fixture
def reply(mailbox: Mailbox, ana: Agent, vera: Customer) -> Article:
    ticket = make_article(mailbox.queue, customer=vera).ticket
    return send_reply(ticket, by=ana, text="Fixed.", to="vera@site.example, boss@site.example")


def arrive(mailbox: Mailbox, raw: bytes) -> None:
    keep(mailbox=mailbox, raw=raw, channel="lmtp")
    file_waiting()


def test_a_bounce_is_shown_on_the_answer_and_marks_the_address(mailbox: Mailbox, reply: Article) -> None:
    arrive(mailbox, bounce_bytes(message_id=reply.message_id, recipient="Vera@site.example"))

    states = dict(OutboundMail.objects.filter(article=reply).values_list("recipient", "state"))
    assert states == {"vera@site.example": "failed", "boss@site.example": "waiting"}
    assert "user unknown" in OutboundMail.objects.get(recipient="vera@site.example").answer
    identity = Identity.objects.get(value="vera@site.example")
    assert identity.bounced_at is not None
    assert "user unknown" in identity.bounce_reason
    assert history_of(reply.ticket)[-1] == Kind.DELIVERY_FAILED
    notice = Article.objects.order_by("-pk")[0]
    assert (notice.ticket, notice.is_visible_to_customer, notice.raw is not None) == (reply.ticket, False, True)
    assert Ticket.objects.get().waiting_since is None


def test_a_notice_of_delay_changes_no_state(mailbox: Mailbox, reply: Article) -> None:
    arrive(mailbox, bounce_bytes(message_id=reply.message_id, recipient="vera@site.example", action="delayed"))

    assert set(OutboundMail.objects.values_list("state", flat=True)) == {"waiting"}
    assert Identity.objects.get(value="vera@site.example").bounced_at is None


def test_a_forged_notice_marks_nobody_else(mailbox: Mailbox, reply: Article) -> None:
    Identity.objects.create(customer=reply.ticket.customer, value="other@site.example")

    arrive(mailbox, bounce_bytes(message_id=reply.message_id, recipient="other@site.example"))

    assert Identity.objects.get(value="other@site.example").bounced_at is None
    assert set(OutboundMail.objects.values_list("state", flat=True)) == {"waiting"}


def test_a_notice_about_a_message_that_is_not_ours_is_a_ticket_like_any_other(mailbox: Mailbox, reply: Article) -> None:
    arrive(
        mailbox,
        bounce_bytes(
            message_id="t1.0000000000000000.00000000000000000000000000000000@desk.example",
            recipient="vera@site.example",
        ),
    )

    assert Ticket.objects.count() == 2
    assert Identity.objects.get(value="vera@site.example").bounced_at is None
