"""The demo company, filled once for all of these tests, with interruptions, and rolled back after them.

So what they count also proves that an interrupted filling goes on where it stopped, and doubles nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from ghiseu.mail.models import InboundMail, OutboundMail
from ghiseu.ops.demo import company, script
from ghiseu.ops.demo.casting import stories
from ghiseu.people.models import Agent, Customer, Role
from ghiseu.tickets.models import Article, Attachment, Event, Queue, SenderType, StateType, Ticket

pytestmark = pytest.mark.django_db


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def fill_until(line: int, said: list[str]) -> None:
    """Fill, and stop when the progress has said so many lines."""
    begun = len(said)

    def say(text: str) -> None:
        said.append(text)
        if len(said) - begun == line:
            raise Stopped

    with pytest.raises(Stopped):
        company.fill(say)


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The progress lines of a filling that was interrupted three times; it stays as long as this module's tests run."""
    said: list[str] = []
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]  # not in the public type
        # As Django's TestCase marks its own: durable blocks inside are as durable as a test can be.
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        fill_until(1, said)
        fill_until(5, said)
        fill_until(4, said)
        company.fill(said.append)
        yield said
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _filled(filled: list[str]) -> None:
    """Every test here reads the filled desk."""


def test_it_says_what_it_does(filled: list[str]) -> None:
    assert filled[:2] == ["Demo company: people, queues and mailboxes"] * 2
    assert len({line for line in filled if "the mail of" in line}) >= 12
    assert filled[-1] == f"Demo company: {Ticket.objects.count()} tickets are there"


def test_six_agents_of_two_roles_work_in_a_tree_of_queues() -> None:
    assert Agent.objects.active().count() == 6
    assert [role.name for role in Role.objects.all()] == ["Abuse", "Support"]
    assert Queue.objects.count() >= 12
    assert {queue.depth for queue in Queue.objects.all()} == {0, 1}


def test_tickets_say_what_they_are_about_and_what_is_promised() -> None:
    tickets = Ticket.objects.all()
    assert {ticket.type.name for ticket in tickets if ticket.type} == {"Money", "Report about a site"}
    services = {ticket.service.name for ticket in tickets if ticket.service}
    assert services == {"Domains", "Hosting::Mail", "Site builder"}
    resellers = tickets.filter(tags__contains=["reseller"], fields__plan="Reseller")
    assert resellers.filter(customer__company__name="Petrescu IT").exists()
    assert tickets.open().filter(due_at__isnull=False).exists()
    assert Agent.objects.get(login="dmitri").substitute == Agent.objects.get(login="irina")


def test_each_role_sees_its_own_queues() -> None:
    def sees(login: str, queue: str) -> bool:
        return Queue.objects.visible_to(Agent.objects.get(login=login)).filter(name=queue).exists()

    assert (sees("ion", "Billing"), sees("ion", "Abuse"), sees("ion", "Abuse::Phishing")) == (True, False, False)
    assert (sees("dmitri", "Billing"), sees("dmitri", "Abuse::Phishing")) == (False, True)
    assert (sees("ana", "Billing"), sees("ana", "Abuse::Phishing")) == (True, True)


def test_every_story_became_one_ticket_and_every_mail_found_its_place() -> None:
    told = stories(timezone.now())
    mails = sum(step.do == "mail" for story in told for step in story.steps)

    assert 140 <= len(told) == Ticket.objects.count() <= 160
    assert Ticket.objects.filter(related__isnull=False).count() == 0
    assert Counter(InboundMail.objects.values_list("state", flat=True)) == {
        InboundMail.State.FILED: mails,
        InboundMail.State.QUARANTINED: 2,
    }
    written = sum(step.do in ("reply", "note") for story in told for step in story.steps)
    assert Article.objects.filter(sender_type=SenderType.AGENT).count() == written


def test_the_desk_looks_lived_in() -> None:
    kinds = Counter(Ticket.objects.values_list("state_type", flat=True))
    closed = kinds[StateType.CLOSED] / kinds.total()

    assert 0.55 <= closed <= 0.65
    assert min(kinds[StateType.NEW], kinds[StateType.OPEN], kinds[StateType.PENDING_REMINDER]) >= 5
    assert len(set(Ticket.objects.values_list("priority", flat=True))) >= 3
    assert Ticket.objects.filter(article_count__gte=5).count() >= 8
    assert Ticket.objects.open().filter(owner__isnull=True).exists()
    assert [ticket for ticket in Ticket.objects.for_list() if ticket.is_locked] != []


def test_it_happened_in_the_last_two_weeks_and_not_all_at_once() -> None:
    now = timezone.now()
    days = set(Ticket.objects.values_list("created_at__date", flat=True))

    assert len(days) >= 12
    assert Ticket.objects.filter(changed_at__gt=now).count() == 0
    assert Event.objects.filter(at__gt=now).count() == 0
    assert Ticket.objects.filter(changed_at__lt=F("created_at")).count() == 0
    assert {ticket.number[:8] for ticket in Ticket.objects.all()} >= {f"{day:%Y%m%d}" for day in days}


def test_the_history_runs_forward() -> None:
    moments = list(Event.objects.order_by("pk").values_list("at", flat=True))

    assert moments == sorted(moments)


def test_answers_of_the_past_have_left() -> None:
    states = Counter(OutboundMail.objects.values_list("state", flat=True))

    assert set(states) == {OutboundMail.State.SENT}
    assert states.total() >= 100
    assert OutboundMail.objects.filter(sent_at__gt=F("created_at") + dt.timedelta(minutes=1)).count() == 0


def test_answers_begin_and_end_in_the_customers_language() -> None:
    answers = Article.objects.filter(sender_type=SenderType.AGENT, is_visible_to_customer=True)

    for language, salutation in (("ru", "Здравствуйте!"), ("uk", "Добрий день!"), ("en", "Hello ")):
        own = list(answers.filter(ticket__language=language).select_related("agent"))
        assert [answer for answer in own if not answer.text.startswith(salutation)] == []
        assert [answer for answer in own if not answer.text.endswith(f"{answer.agent}, Pridvor")] == []


def test_people_wrote_more_than_once_and_from_two_addresses() -> None:
    returning = Customer.objects.annotate(count=Count("tickets")).filter(count__gte=2)
    kravtsov = Customer.objects.get(identities__value="s.kravtsov@pochta.example")
    used = set(Article.objects.filter(customer=kravtsov).values_list("from_address", flat=True))

    assert returning.count() >= 30
    assert used == {"s.kravtsov@pochta.example", "zakaz@kravtsov-remont.example"}


def test_what_people_wrote_is_read_right() -> None:
    """Every mail in its charset and form says what its story says; old programs may lose a mark."""
    unread = []
    for story in stories(Agent.objects.earliest("pk").created_at):
        for position, step in enumerate(story.steps):
            if step.do == "mail" and story.person.program not in ("old", "outlook"):
                article = Article.objects.get(message_id=story.message_id(position))
                wanted = " ".join(step.text.split())
                if wanted not in " ".join(article.text.split()):
                    unread.append((story.key, position))

    assert unread == []


def test_no_text_has_an_open_place() -> None:
    assert Article.objects.filter(text__contains="{").count() == 0
    assert Ticket.objects.filter(title__contains="{").count() == 0


def test_pictures_and_papers_are_attached() -> None:
    kinds = set(Attachment.objects.values_list("content_type", flat=True))

    assert {"image/png", "application/pdf", "text/plain", "message/rfc822"} <= kinds
    assert Attachment.objects.filter(is_inline=True).exclude(content_id="").exists()


def test_the_hostile_mail_does_nothing() -> None:
    article = Article.objects.get(from_address="info@win-prizes.example")

    assert article.ticket.queue.name == "Support"
    assert [
        word for word in ("<script", "onerror", "javascript:", "<form", "<iframe", "<meta") if word in article.html
    ] == []


def test_the_contact_form_is_confirmed_in_the_writers_language() -> None:
    confirmed = Article.objects.filter(sender_type=SenderType.SYSTEM, channel="email")

    assert confirmed.count() >= 4
    assert len({article.ticket.language for article in confirmed}) >= 3
    assert {article.outbound.get().state for article in confirmed} == {OutboundMail.State.SENT}


def test_notes_went_to_nobody() -> None:
    notes = Article.objects.filter(sender_type=SenderType.AGENT, is_visible_to_customer=False)

    assert notes.count() >= 20
    assert notes.exclude(to=[]).count() == 0
    assert OutboundMail.objects.filter(article__in=notes).count() == 0


def test_filling_a_filled_desk_changes_nothing() -> None:
    """Whatever its users have changed since."""
    Agent.objects.filter(login="ana").update(email="ana@elsewhere.example")
    before = Event.objects.count(), Article.objects.count(), InboundMail.objects.count()
    said: list[str] = []

    company.fill(said.append)

    assert (Event.objects.count(), Article.objects.count(), InboundMail.objects.count()) == before
    assert said == ["The demo company is there already"]


def test_the_terminal_says_who_can_sign_in() -> None:
    help_text = company.sign_in_help()

    for row in script.read("company")["agent"]:
        assert Agent.objects.get(login=row["login"]).check_password(row["password"])
        assert row["login"] in help_text
        assert row["password"] in help_text
