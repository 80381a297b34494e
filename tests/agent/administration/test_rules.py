"""The pages of the rules, and of what the desk says for a queue."""

from __future__ import annotations

import pytest
from django.test import Client
from structlog.testing import capture_logs

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import AutoResponse, Filter, InboundMail
from ghiseu.tickets.models import Calendar, CustomField, Queue, QueueText, State, Ticket
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.mail.mails import mail_bytes

RULES = "/administration/rules/"


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.boss)


def bank(**fields: object) -> dict[str, object]:
    form: dict[str, object] = {"name": "Bank", "query": "from:@bank.example", "fate": "file", "is_active": "on"}
    return form | fields


def test_a_rule_is_made_and_holds_at_once(desk: Desk, client: Client) -> None:
    new = State.objects.get(name="open")
    form = bank(queue=desk.billing.pk, priority="urgent", state=new.pk, mailbox=desk.mailbox.pk, stops="on")

    with capture_logs() as logs:
        answer = client.post(f"{RULES}new/", form | {"position": 1, "pk": desk.rule.pk})
    keep(mailbox=desk.mailbox, raw=mail_bytes(sender="office@bank.example", subject="Transfer"), channel="pipe")
    file_waiting()

    made = Filter.objects.get(name="Bank")
    assert answer.headers["Location"] == RULES
    assert (made.position, made.mailbox, made.stops) == (110, desk.mailbox, True)
    assert made.actions == {"queue": desk.billing.pk, "state": new.pk, "priority": "urgent"}
    ticket = Ticket.objects.get(title="Transfer")
    assert (ticket.queue, ticket.priority, ticket.state) == (desk.billing, 4, new)
    assert logs[0]["event"] == "rule_added"
    assert (logs[0]["rule"], logs[0]["by"]) == (made.pk, "boss")


def test_a_wrong_question_is_shown_its_place(desk: Desk, client: Client) -> None:
    answer = client.post(f"{RULES}new/", bank(query="subject:invoice form:@bank"))

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no field “form”. Did you mean from?" in shown
    assert "subject:invoice <mark>form</mark>:@bank" in shown
    assert ">\nsubject:invoice form:@bank</textarea>" in shown
    assert Filter.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fate": "file"}, "The rule does nothing."),
        ({"fate": "ignore", "priority": "high"}, "opens no ticket"),
        ({"fate": "burn"}, "burn"),
        ({"priority": "highest"}, "highest"),
        ({"queue": 999_999, "fate": "ignore"}, "not one of the available choices"),
        ({"name": "Prizes", "priority": "high"}, "Another rule has this name"),
        ({"name": "", "priority": "high"}, "required"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    desk: Desk, client: Client, change: dict[str, object], words: str
) -> None:
    answer = client.post(f"{RULES}new/", bank(**change))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Filter.objects.count() == 1


def test_a_rule_is_changed(desk: Desk, client: Client) -> None:
    page = client.get(f"{RULES}{desk.rule.pk}/").content.decode()
    assert '<option value="quarantine" selected>' in page

    client.post(f"{RULES}{desk.rule.pk}/", bank(fate="ignore"))

    desk.rule.refresh_from_db()
    assert (desk.rule.name, desk.rule.actions, desk.rule.stops) == ("Bank", {"ignore": True}, False)


def test_what_would_it_find(desk: Desk, client: Client) -> None:
    answer = client.post(f"{RULES}new/", {"query": "subject:prize", "then": "try"})

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "It fits 1 of the newest mails" in shown
    assert "lucky@prizes.example" in shown
    assert "field__error" not in shown
    assert Filter.objects.count() == 1

    answer = client.post(f"{RULES}new/", {"query": "size>abc", "then": "try"})
    assert (answer.status_code, "<mark>abc</mark>" in answer.content.decode()) == (422, True)


def test_order_and_switch(desk: Desk, client: Client) -> None:
    second = Filter.objects.create(name="Second", position=200, actions={"ignore": True})

    client.post(f"{RULES}{second.pk}/move/", {"where": "up"})
    client.post(f"{RULES}{second.pk}/switch/", {"to": "off"})

    assert [(rule.name, rule.is_active) for rule in Filter.objects.all()] == [("Second", False), ("Prizes", True)]
    shown = client.get(RULES).content.decode()
    assert shown.index("Second") < shown.index("Prizes")


def test_a_rule_whose_queue_is_gone_says_so(desk: Desk, client: Client) -> None:
    Filter.objects.create(name="Gone", actions={"queue": 999_999})
    assert "The queue of this rule is not there" in client.get(RULES).content.decode()


def test_a_rule_is_deleted(desk: Desk, client: Client) -> None:
    client.post(f"{RULES}{desk.rule.pk}/delete/")
    assert not Filter.objects.exists()
    assert client.post(f"{RULES}{desk.rule.pk}/delete/").status_code == 404


def test_an_automatic_answer_holds_at_once(desk: Desk, client: Client) -> None:
    form = {"subject": "Received", "text": "Your number is {number}.\r\nThank you.", "is_active": "on"}
    address = f"/administration/queues/{desk.support.pk}/answers/received/en/"

    client.post(address, form | {"queue": desk.billing.pk, "language": "ro"})
    keep(mailbox=desk.mailbox, raw=mail_bytes(sender="new@client.example"), channel="pipe")
    file_waiting()

    row = AutoResponse.objects.get()
    assert (row.queue, row.language, row.text) == (desk.support, "en", "Your number is {number}.\nThank you.")
    assert "automatic answer “a new ticket” in en" in InboundMail.objects.latest("pk").trace
    client.post(address, {"subject": "", "text": ""})
    assert not AutoResponse.objects.exists()


def test_an_answer_with_an_unknown_place_is_refused(desk: Desk, client: Client) -> None:
    address = f"/administration/queues/{desk.support.pk}/answers/received/en/"

    answer = client.post(address, {"subject": "Received", "text": "Dear {customer}", "is_active": "on"})

    assert answer.status_code == 422
    assert "Nothing is filled in for {customer} here" in answer.content.decode()
    assert "Dear {customer}</textarea>" in answer.content.decode()


def test_a_rule_says_what_its_tickets_are_about(desk: Desk, client: Client) -> None:
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold"])
    form = {"name": "Bank", "query": "from:@bank.example", "fate": "file", "is_active": "on", "type": desk.incident.pk}
    form |= {"tags": "Bank, VIP", "fields_set": "plan: Gold\n"}

    client.post("/administration/rules/new/", form)

    kept = Filter.objects.get(name="Bank")
    assert kept.actions == {"type": desk.incident.pk, "tags": ["bank", "vip"], "fields": {"plan": "Gold"}}
    page = client.get(f"/administration/rules/{kept.pk}/").content.decode()
    assert "plan: Gold</textarea>" in page
    assert 'value="bank, vip"' in page
    lines = client.get("/administration/rules/").content.decode()
    for words in ("type Incident", "tags bank, vip", "Plan: Gold"):
        assert words in lines


@pytest.mark.parametrize("wrong", [{"tags": 'a"b'}, {"fields_set": "budget: 1"}, {"fields_set": "plan: Silver"}])
def test_a_rule_that_says_what_cannot_be_is_refused(desk: Desk, client: Client, wrong: dict[str, str]) -> None:
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold"])
    form = {"name": "Bank", "query": "", "fate": "file", "priority": "high", "is_active": "on"}
    assert client.post("/administration/rules/new/", form | wrong).status_code == 422
    assert not Filter.objects.filter(name="Bank").exists()


def test_texts_and_manner_of_a_queue(desk: Desk, client: Client) -> None:
    queue = f"/administration/queues/{desk.support.pk}/"

    client.post(f"{queue}texts/ro/", {"salutation": "Bună, {customer}!", "signature": "{agent}\r\nEchipa"})
    office = Calendar.objects.create(name="Office", time_zone="UTC", hours="Mo-Fr 09:00-18:00")
    form = {"follow_up": "new_ticket", "calendar": office.pk, "languages": ["ru", "ro"], "name": "Hacked"}
    client.post(queue, form)

    text = QueueText.objects.get()
    assert (text.salutation, text.signature) == ("Bună, {customer}!", "{agent}\nEchipa")
    now = Queue.objects.get(pk=desk.support.pk)
    assert (now.follow_up, now.calendar, now.languages, now.name) == ("new_ticket", office, ["ru", "ro"], "Support")


@pytest.mark.parametrize("wrong", [{"calendar": "99999"}, {"sla": "x"}, {"languages": ["xx"]}])
def test_a_manner_that_cannot_be_is_refused(desk: Desk, client: Client, wrong: dict[str, object]) -> None:
    answer = client.post(f"/administration/queues/{desk.support.pk}/", {"follow_up": "reject"} | wrong)
    assert (answer.status_code, Queue.objects.get(pk=desk.support.pk).follow_up) == (422, "reopen")


@pytest.mark.parametrize("end", ["answers/birthday/ro/", "answers/received/xx/", "texts/xx/"])
def test_no_other_texts(desk: Desk, client: Client, end: str) -> None:
    assert client.get(f"/administration/queues/{desk.support.pk}/{end}").status_code == 404
