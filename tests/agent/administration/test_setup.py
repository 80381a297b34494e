"""Setting up types, services, own fields, calendars and service levels as an administrator does it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from ghiseu.people.models import Company
from ghiseu.tickets.actions import set_field
from ghiseu.tickets.models import Calendar, CustomField, Service, Sla, TicketType
from tests.agent.world import Desk

SETUP = "/administration/setup/"


@pytest.fixture
def client(desk: Desk) -> Client:
    browser = Client()
    browser.force_login(desk.boss)
    return browser


def test_everything_that_is_set_up_stands_on_one_page(client: Client) -> None:
    Service.objects.create(name="Hosting::Mail", is_active=False)
    Sla.objects.create(name="Gold", first_answer_minutes=90, solution_minutes=480)
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Gold", "Free"])

    page = client.get(SETUP).content.decode()

    for words in ("Incident", "Hosting › Mail", "switched off", "1 h 30 min", "8 h", "Gold, Free", "field.plan"):
        assert words in page


def test_a_field_of_a_choice_is_made_and_changed(client: Client) -> None:
    form = {
        "label": "Plan",
        "name": "Plan",
        "kind": "choice",
        "choices": "Gold\n\n Free ",
        "position": 1,
        "is_active": "on",
    }
    assert client.post(f"{SETUP}field/new/", form).status_code == 302
    made = CustomField.objects.get()
    assert (made.name, made.choices) == ("plan", ["Gold", "Free"])

    client.post(f"{SETUP}field/{made.pk}/", form | {"label": "The plan", "choices": "Gold"})

    made.refresh_from_db()
    assert (made.label, made.choices) == ("The plan", ["Gold"])


@pytest.mark.parametrize(
    "change", [{"name": "two words"}, {"name": "1st"}, {"choices": ""}, {"kind": "secret"}, {"position": -1}]
)
def test_a_field_that_cannot_be_is_refused(client: Client, change: dict[str, object]) -> None:
    form = {"label": "Plan", "name": "plan", "kind": "choice", "choices": "Gold", "position": 1, "is_active": "on"}
    assert client.post(f"{SETUP}field/new/", form | change).status_code == 422
    assert not CustomField.objects.exists()


def test_a_field_with_values_keeps_its_name_and_kind_and_is_not_deleted(client: Client, desk: Desk) -> None:
    field = CustomField.objects.create(name="plan", label="Plan", kind="text")
    set_field(desk.ticket, field, "gold", by=desk.ana)
    form = {"label": "Plan", "name": "plan", "kind": "number", "choices": "", "position": 0, "is_active": "on"}

    assert client.post(f"{SETUP}field/{field.pk}/", form).status_code == 422
    assert client.post(f"{SETUP}field/{field.pk}/", form | {"kind": "text", "name": "tariff"}).status_code == 422
    page = client.post(f"{SETUP}field/{field.pk}/delete/", follow=True).content.decode()

    assert "in use" in page
    assert CustomField.objects.get().kind == "text"


def test_a_calendar_has_hours_a_zone_and_holidays(client: Client) -> None:
    form = {"name": "Chisinau", "time_zone": "Europe/Chisinau", "hours": "Mo-Fr 09:00-18:00"}
    assert client.post(f"{SETUP}calendar/new/", form | {"holidays": "2026-12-25\n2026-01-01\n"}).status_code == 302
    assert Calendar.objects.get().holidays == [dt.date(2026, 1, 1), dt.date(2026, 12, 25)]


@pytest.mark.parametrize("change", [{"hours": "weekdays"}, {"time_zone": "Moon/Sea"}, {"holidays": "Christmas"}])
def test_a_calendar_that_cannot_be_read_is_refused(client: Client, change: dict[str, str]) -> None:
    form = {"name": "Chisinau", "time_zone": "Europe/Chisinau", "hours": "Mo-Fr 09:00-18:00", "holidays": ""}
    assert client.post(f"{SETUP}calendar/new/", form | change).status_code == 422
    assert not Calendar.objects.exists()


@pytest.mark.parametrize(("text", "minutes"), [("4h", 240), ("1h 30m", 90), ("90 min", 90), ("1d", 1440), ("", None)])
def test_lengths_of_time_are_written_as_people_say_them(client: Client, text: str, minutes: int | None) -> None:
    client.post(f"{SETUP}sla/new/", {"name": "Gold", "first_answer_minutes": text})
    assert Sla.objects.get().first_answer_minutes == minutes


@pytest.mark.parametrize("text", ["soon", "0m", "999999h", "-1h"])
def test_a_promise_that_cannot_be_is_refused(client: Client, text: str) -> None:
    assert client.post(f"{SETUP}sla/new/", {"name": "Gold", "first_answer_minutes": text}).status_code == 422
    assert not Sla.objects.exists()


def test_what_is_used_nowhere_can_be_deleted_and_a_taken_name_is_refused(client: Client, desk: Desk) -> None:
    assert client.post(f"{SETUP}type/new/", {"name": "Incident", "is_active": "on"}).status_code == 422
    client.post(f"{SETUP}type/{desk.incident.pk}/delete/")
    assert not TicketType.objects.exists()


def test_an_unknown_sort_is_not_there(client: Client) -> None:
    assert client.get(f"{SETUP}nonsense/new/").status_code == 404


def test_a_company_has_domains_that_no_other_has(client: Client) -> None:
    form = {"name": "Site SRL", "domains": "@Site.example\nmail.site.example\n", "notes": "Pays late."}
    assert client.post(f"{SETUP}company/new/", form).status_code == 302
    assert Company.objects.get().domains == ["mail.site.example", "site.example"]

    answer = client.post(f"{SETUP}company/new/", {"name": "Other", "domains": "site.example"})
    assert (answer.status_code, "Site SRL already" in answer.content.decode()) == (422, True)
    assert client.post(f"{SETUP}company/new/", {"name": "Other", "domains": "not a domain"}).status_code == 422
    assert Company.objects.count() == 1
