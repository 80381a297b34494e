"""What the desk answers by itself, and to whom it keeps silent (promises O6, O7)."""

import pytest
import time_machine
from django.test import override_settings

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import AutoResponse, Mailbox, OutboundMail
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import close_ticket
from ghiseu.tickets.models import Article, Calendar, FollowUp, Ticket
from tests.factories import make_mailbox, make_queue
from tests.mail.mails import bounce_bytes, mail_bytes

pytestmark = pytest.mark.django_db
TEXTS = {"en": "We have it", "ro": "Am primit mesajul", "ru": "Мы получили письмо"}


@pytest.fixture
def mailbox(ana: Agent) -> Mailbox:
    queue = make_queue("Support::Hosting", full=[ana])
    for occasion in AutoResponse.Occasion.values:
        for language, text in TEXTS.items():
            AutoResponse.objects.create(
                queue=queue,
                occasion=occasion,
                language=language,
                subject=f"{occasion} {{number}}",
                text=f"{text}: {{queue}}",
            )
    return make_mailbox(queue)


def arrive(mailbox: Mailbox, raw: bytes) -> Article:
    mail = keep(mailbox=mailbox, raw=raw, channel="lmtp")
    file_waiting()
    mail.refresh_from_db()
    assert mail.article is not None, mail.error
    return mail.article


def sent() -> list[OutboundMail]:
    return list(OutboundMail.objects.select_related("article").order_by("pk"))


def occasions() -> list[str]:
    return [mail.article.subject.split()[0] for mail in sent() if mail.sender == ""]


def test_a_new_ticket_is_confirmed_in_the_customers_language(mailbox: Mailbox) -> None:
    article = arrive(mailbox, mail_bytes(subject="Сайт не работает", text="Здравствуйте, мой сайт не открывается."))

    (answer,) = sent()
    number = article.ticket.number
    assert (answer.sender, answer.recipient) == ("", "vera@site.example")
    assert (answer.article.subject, answer.article.text) == (
        f"received {number} [#{number}]",
        "Мы получили письмо: Hosting",
    )
    assert Ticket.objects.get().waiting_since is not None
    assert Ticket.objects.get().state.name == "new"


def test_no_word_of_the_senders_choosing_is_repeated(mailbox: Mailbox) -> None:
    arrive(
        mailbox, mail_bytes(sender="Buy pills <vera@site.example>", subject="Buy pills", text="http://pills.example")
    )

    (answer,) = sent()
    assert "pills" not in f"{answer.article.subject} {answer.article.text} {answer.article.to}"


SILENT = [
    "Auto-Submitted: auto-replied\r\n",
    "X-Auto-Response-Suppress: All\r\n",
    "Precedence: bulk\r\n",
    "List-Id: <news.site.example>\r\n",
    "Return-Path: <>\r\n",
]


@pytest.mark.parametrize("extra", SILENT)
def test_machines_and_lists_are_not_answered(mailbox: Mailbox, extra: str) -> None:
    arrive(mailbox, mail_bytes(extra=extra))

    assert sent() == []


@pytest.mark.parametrize(
    "address", ["support@desk.example", "MAILER-DAEMON@x.example", "no-reply@x.example", "a-bounces@x.example"]
)
def test_our_own_and_unread_addresses_are_not_answered(mailbox: Mailbox, address: str) -> None:
    arrive(mailbox, mail_bytes(sender=address))

    assert sent() == []


def test_a_bounce_is_never_answered(mailbox: Mailbox) -> None:
    arrive(mailbox, bounce_bytes(message_id="foreign@site.example", recipient="x@y.example"))

    assert sent() == []


def test_an_unproven_address_hears_from_us_once_a_day_over_all_mailboxes(mailbox: Mailbox) -> None:
    other = make_mailbox(mailbox.queue, name="second", address="second@desk.example")
    with time_machine.travel("2026-11-22T10:00:00+00:00", tick=False) as clock:
        for index in range(5):
            arrive(mailbox, mail_bytes(text=f"First mail {index}"))
            arrive(other, mail_bytes(text=f"Second mail {index}"))
        assert occasions() == ["received"]
        clock.move_to("2026-11-23T10:00:01+00:00")
        arrive(mailbox, mail_bytes(text="Next day"))

    assert occasions() == ["received", "received"]


def test_a_robot_that_hides_every_sign_gets_three_mails_a_day(mailbox: Mailbox) -> None:
    """It answers each of our mails by quoting it correctly, so that it even counts as proven."""
    arrive(mailbox, mail_bytes(sender="Oleg <oleg@other.example>"))

    for index in range(50):
        last = OutboundMail.objects.order_by("-pk").first()
        assert last is not None
        raw = mail_bytes(sender="oleg@other.example", text=f"Thanks {index}", in_reply_to=last.article.message_id)
        arrive(mailbox, raw)

    assert len(sent()) == 3
    assert Ticket.objects.count() == 1


@override_settings(AUTOMATIC_MAILS_PER_HOUR=4)
def test_the_installation_sends_a_bounded_number_an_hour(mailbox: Mailbox) -> None:
    for index in range(9):
        arrive(mailbox, mail_bytes(sender=f"c{index}@site.example"))

    assert len(sent()) == 4


def test_a_follow_up_is_confirmed_to_who_has_proven_the_address(mailbox: Mailbox, ana: Agent) -> None:
    article = arrive(mailbox, mail_bytes())
    reply = send_reply(article.ticket, by=ana, text="Which site?", to="vera@site.example")

    arrive(mailbox, mail_bytes(text="This one.", in_reply_to=reply.message_id))

    assert occasions() == ["received", "follow_up"]


@pytest.mark.parametrize(
    ("policy", "occasion", "tickets"), [(FollowUp.REJECT, "rejected", 1), (FollowUp.NEW_TICKET, "new_ticket", 2)]
)
def test_a_closed_ticket_answers_as_its_queue_says(
    mailbox: Mailbox, ana: Agent, policy: FollowUp, occasion: str, tickets: int
) -> None:
    mailbox.queue.follow_up = policy
    mailbox.queue.save()
    article = arrive(mailbox, mail_bytes())
    earlier = send_reply(article.ticket, by=ana, text="Which site?", to="vera@site.example")
    arrive(mailbox, mail_bytes(text="This one.", in_reply_to=earlier.message_id))
    close_ticket(article.ticket, by=ana)

    arrive(mailbox, mail_bytes(text="Again!", in_reply_to=earlier.message_id))

    assert occasions()[-1] == occasion
    assert Ticket.objects.count() == tickets
    assert not Ticket.objects.get(pk=article.ticket.pk).is_open


@pytest.mark.parametrize(
    ("moment", "occasion"), [("2026-11-20T10:00:00+02:00", "received"), ("2026-11-21T10:00:00+02:00", "outside_hours")]
)
def test_outside_hours_the_answer_says_so(mailbox: Mailbox, moment: str, occasion: str) -> None:
    calendar = Calendar.objects.create(name="Office", time_zone="Europe/Chisinau", hours="Mo-Fr 09:00-18:00")
    mailbox.queue.calendar = calendar
    mailbox.queue.save()

    with time_machine.travel(moment, tick=False):
        arrive(mailbox, mail_bytes())

    assert occasions() == [occasion]


def test_a_queue_without_texts_answers_nothing(ana: Agent) -> None:
    arrive(make_mailbox(make_queue("Quiet", full=[ana])), mail_bytes())

    assert sent() == []
