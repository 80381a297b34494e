from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from ghiseu.mail.inbound.filters import Action, Decision, Rule, active_rules, decide
from ghiseu.mail.inbound.mail_fields import MAILS, MailSubject
from ghiseu.mail.inbound.parse import ParsedMail, parse_mail
from ghiseu.mail.models import Filter, Mailbox
from ghiseu.tickets.classification import MOST_TAGS
from ghiseu.tickets.models import CustomField, Priority, Queue, Service, State, TicketType
from ghiseu.tickets.query.memory import matches
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.times import Context
from tests.factories import make_mailbox, make_queue
from tests.mail.mails import bounce_bytes, mail_bytes

CONTEXT = Context(now=dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), zone=dt.UTC)
SUPPORT = Mailbox(pk=1, name="support", address="support@desk.example", trusted_server="mx.desk.example")
BANK = mail_bytes(
    sender="Banca Țării <Office@Bank.example>",
    to="support@desk.example, Ana <ana@desk.example>",
    cc="audit@bank.example",
    subject="Transferul nr. 12/3 a fost respins",
    text="Bună ziua, vă rugăm să verificați școala și factura. Mulțumesc.",
    extra=(
        "X-Spam: Yes, score=7\r\nList-Id: <clients.bank.example>\r\nReply-To: desk@bank.example\r\n"
        "Authentication-Results: mx.desk.example; dkim=pass header.d=bank.example; spf=softfail; dmarc=pass\r\n"
        "Authentication-Results: evil.example; dmarc=fail\r\n"
    ),
)
WITH_FILES = (
    b"From: vera@site.example\r\nSubject: files\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="edge"\r\n\r\n'
    b"--edge\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>See the <b>files</b></p>\r\n"
    b'--edge\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="Factura 2026.pdf"\r\n\r\n'
    b"%PDF\r\n--edge--\r\n"
)


def says(query: str, raw: bytes, *, size: int | None = None) -> bool:
    return matches(parse(query, MAILS), MailSubject(parse_mail(raw), SUPPORT, size=size), CONTEXT)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("from:@bank.example", True),
        ("from:office@bank.example", True),
        ("from:tarii", True),
        ("from:@other.example", False),
        ("to:ana", True),
        ("to:support@desk.example", True),
        ("cc:audit", True),
        ("reply-to:@bank.example", True),
        ("subject:~transfer", True),
        ("subject:transferul", True),
        ("subject:transfer", True),
        ('subject:"transfer"', False),
        ('text:"sa verificati scoala"', True),
        ("factura", True),
        ("banca", True),
        ("header.x-spam:yes", True),
        ("header.X-Spam:~score", True),
        ("header.x-spam:no", False),
        ("header.x-virus:any", False),
        ("header.x-virus:none", True),
        ("is:list", True),
        ("is:(bounce,report,reply)", False),
        ("has:attachment", False),
        ("has:text", True),
        ("files:0", True),
        ("language:ro", True),
        ("mailbox:support", True),
        ("mailbox:support@desk.example", True),
        ("mailbox:sales", False),
        ("sign:proven", True),
        ("dkim:pass dmarc:pass spf:softfail", True),
        ("dmarc:fail", False),
        ("date:2026-11-22", True),
        ("date>=today", True),
        ("from:@bank.example subject:~transfer header.x-spam:yes", True),
        ("from:@bank.example -header.x-spam:yes", False),
    ],
)
def test_what_can_be_asked_of_a_mail(query: str, answer: bool) -> None:
    assert says(query, BANK) is answer


def test_files_and_sizes() -> None:
    assert says('has:(attachment) has:html filename:"factura 2026" filename:pdf files:1', WITH_FILES)
    assert says("size>5MB", WITH_FILES, size=6_000_000)
    assert not says("size>5MB", WITH_FILES)


def test_kinds_of_mail() -> None:
    notice = bounce_bytes(message_id="x@desk.example", recipient="vera@site.example")

    assert says("is:bounce is:auto -is:report", notice)
    assert says("is:reply", mail_bytes(in_reply_to="a@b.example"))


def test_results_of_a_server_that_is_not_trusted_do_not_count() -> None:
    nobody = Mailbox(pk=2, name="x", address="x@desk.example")
    subject = MailSubject(parse_mail(BANK), nobody)

    assert not matches(parse("dmarc:pass OR dkim:pass OR sign:proven", MAILS), subject, CONTEXT)


def test_a_mail_that_says_nothing_can_be_asked_everything() -> None:
    subject = MailSubject(parse_mail(b""), SUPPORT)
    for field in MAILS.fields:
        assert isinstance(subject.values(field.name), tuple)
    assert matches(parse("-from:vera -to:vera -subject:x -is:auto -has:attachment date:none", MAILS), subject, CONTEXT)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a", "from:@a.b", "is:auto", "header.x:~a", "-language:ro"]))
def test_any_mail_can_be_asked(raw: bytes, query: str) -> None:
    assert says(query, raw) is not says(f"-({query})", raw)


SALES, BILLING = Queue(pk=1, name="Sales"), Queue(pk=2, name="Billing")
TO_SALES, TO_BILLING = Action("queue", SALES, "queue Sales"), Action("queue", BILLING, "queue Billing")
HIGH = Action("priority", Priority.HIGH, "priority high")
IGNORE = Action("ignore", True, "ignored")


def rule(name: str, query: str, *actions: Action, stops: bool = False, mailbox_id: int | None = None) -> Rule:
    return Rule(name, parse(query, MAILS), actions, stops=stops, mailbox_id=mailbox_id)


def decided(*rules: Rule) -> Decision:
    parsed: ParsedMail = parse_mail(BANK)
    return decide(parsed, SUPPORT, rules, context=CONTEXT)


def test_no_rule_decides_nothing() -> None:
    assert decided() == Decision()
    assert decided(rule("Other", "from:@other.example", HIGH)) == Decision()


def test_a_rule_that_fits_decides_and_says_so() -> None:
    assert decided(rule("Bank mail", "from:@bank.example", HIGH, TO_BILLING)) == Decision(
        queue=BILLING,
        priority=Priority.HIGH,
        trace=("priority high by rule “Bank mail”", "queue Billing by rule “Bank mail”"),
    )


def test_the_first_rule_decides() -> None:
    assert decided(rule("A", "", TO_SALES), rule("B", "", TO_BILLING, HIGH)) == Decision(
        queue=SALES,
        priority=Priority.HIGH,
        trace=(
            "queue Sales by rule “A”",
            "queue Billing by rule “B” came too late: “A” had decided",
            "priority high by rule “B”",
        ),
    )


def test_a_rule_with_its_stop_flag_is_the_last_one() -> None:
    assert decided(rule("A", "banca", HIGH, stops=True), rule("B", "", IGNORE)) == Decision(
        priority=Priority.HIGH, trace=("priority high by rule “A”", "rule “A” ended the asking")
    )


def test_a_rule_for_another_mailbox_is_not_asked() -> None:
    assert decided(rule("A", "", HIGH, mailbox_id=2), rule("B", "", IGNORE, mailbox_id=1)) == Decision(
        ignore=True, trace=("ignored by rule “B”",)
    )


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return make_mailbox(make_queue())


def test_rules_come_from_the_table_in_their_order(
    mailbox: Mailbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    abuse, state = make_queue("Abuse"), State.objects.get(name="closed successful")
    Filter.objects.create(name="Second", position=2, query="is:list", actions={"quarantine": True}, mailbox=mailbox)
    Filter.objects.create(
        name="First", position=1, actions={"queue": abuse.pk, "priority": "urgent", "state": state.pk}, stops=True
    )
    Filter.objects.create(name="Off", actions={"ignore": True}, is_active=False)

    with django_assert_num_queries(3):
        rules = active_rules()

    assert [one.name for one in rules] == ["First", "Second"]
    assert decide(parse_mail(BANK), mailbox, rules[1:]).quarantine
    decision = decide(parse_mail(BANK), mailbox, rules)
    assert (decision.queue, decision.priority, decision.state) == (abuse, Priority.URGENT, state)
    assert not decision.quarantine


def test_without_filters_one_query_is_asked(
    mailbox: Mailbox, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert active_rules() == ()


def test_a_rule_that_misses_something_is_left_out_and_says_so(mailbox: Mailbox) -> None:
    gone = make_queue("Gone", is_active=False)
    Filter.objects.create(name="A", position=1, actions={"queue": gone.pk})
    Filter.objects.create(name="B", position=2, query="nofield:x", actions={"ignore": True})
    Filter.objects.create(name="C", position=3, actions={"priority": "low"})

    decision = decide(parse_mail(BANK), mailbox, active_rules())

    assert (decision.queue, decision.ignore, decision.priority) == (None, False, Priority.LOW)
    assert [line[:25] for line in decision.trace] == [
        "rule “A” was left out: Th",
        "rule “B” was left out: Th",
        "priority low by rule “C”",
    ]


@pytest.mark.parametrize(
    ("query", "actions", "wrong"),
    [
        ("from:@bank.example", {}, {"actions": "does nothing"}),
        ("", [], {"actions": "does nothing"}),
        ("", {"colour": "red"}, {"actions": "colour"}),
        ("", {"queue": 999_999}, {"actions": "queue of this rule"}),
        ("", {"queue": "Sales"}, {"actions": "queue of this rule"}),
        ("", {"priority": "huge"}, {"actions": "low, normal, high, urgent"}),
        ("", {"priority": 3}, {"actions": "low, normal, high, urgent"}),
        ("", {"state": 999_999}, {"actions": "state of this rule"}),
        ("", {"type": 999_999}, {"actions": "type of this rule"}),
        ("", {"service": 999_999}, {"actions": "service of this rule"}),
        ("", {"tags": "vip"}, {"actions": "tags of this rule"}),
        ("", {"tags": ["a,b"]}, {"actions": "cannot be a tag"}),
        ("", {"fields": {"budget": "1"}}, {"actions": "budget"}),
        ("", {"fields": ["plan"]}, {"actions": "fields of this rule"}),
        ("", {"ignore": False}, {"actions": "switched on"}),
        ("owner:me", {"ignore": True}, {"query": "owner"}),
        ("from:", {"ignore": 1}, {"query": "needs a value", "actions": "switched on"}),
    ],
)
def test_a_wrong_filter_is_refused_by_field(
    mailbox: Mailbox, query: str, actions: object, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Filter(name="X", query=query, actions=actions).full_clean(exclude=["actions"] if not actions else None)

    assert set(caught.value.message_dict) == set(wrong)
    for field, words in wrong.items():
        assert words in caught.value.message_dict[field][0]


def test_rules_say_what_a_ticket_is_about_and_their_tags_come_together(mailbox: Mailbox) -> None:
    kind, service = TicketType.objects.create(name="Transfer"), Service.objects.create(name="Bank")
    plan = CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold"])
    Filter.objects.create(name="A", position=1, actions={"type": kind.pk, "tags": ["bank"], "fields": {"plan": "Gold"}})
    Filter.objects.create(name="B", position=2, actions={"service": service.pk, "tags": ["VIP", "bank"]})

    decision = decide(parse_mail(BANK), mailbox, active_rules())

    assert (decision.type, decision.service, decision.tags) == (kind, service, ("bank", "vip"))
    assert decision.fields == ((plan, "Gold"),)
    assert decision.trace == (
        "type Transfer by rule “A”",
        "tags bank by rule “A”",
        "fields plan = Gold by rule “A”",
        "service Bank by rule “B”",
        "tags bank, vip by rule “B”",
    )


def test_however_many_rules_tag_a_mail_it_can_be_filed(mailbox: Mailbox) -> None:
    for number in range(4):
        tags = [f"tag-{number}-{one}" for one in range(MOST_TAGS // 2)]
        Filter.objects.create(name=str(number), position=number, actions={"tags": tags})
    assert len(decide(parse_mail(BANK), mailbox, active_rules()).tags) == MOST_TAGS


def test_a_pending_state_is_refused(mailbox: Mailbox) -> None:
    pending = State.objects.get(name="pending reminder")
    with pytest.raises(ValidationError, match="state of this rule"):
        Filter(name="X", actions={"state": pending.pk}).full_clean()


def test_a_right_filter_is_taken(mailbox: Mailbox) -> None:
    Filter(name="X", query="from:@bank.example", actions={"queue": mailbox.queue.pk, "ignore": True}).full_clean()
