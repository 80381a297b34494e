"""My settings, and what colleagues see of them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ghiseu.agent.ticket.choices import colleagues_for
from ghiseu.people.models import Agent
from ghiseu.tickets.permissions import Right
from tests.agent.world import Desk
from tests.factories import grant, make_agent

FORM = {"language": "en", "time_zone": "Europe/Chisinau"}


@pytest.fixture
def client(desk: Desk) -> Client:
    browser = Client()
    browser.force_login(desk.ana)
    return browser


def test_an_absence_and_a_substitute_are_kept_and_seen(client: Client, desk: Desk) -> None:
    now = timezone.localtime()
    begins, ends = (now + dt.timedelta(days=days) for days in (-1, 6))
    absence = {"away_from": f"{begins:%Y-%m-%dT%H:%M}", "away_until": f"{ends:%Y-%m-%dT%H:%M}"}

    assert client.post("/me/", FORM | absence | {"substitute": desk.elena.pk}).status_code == 302

    ana = Agent.objects.get(pk=desk.ana.pk)
    assert (ana.substitute, ana.is_away(now), ana.is_away(now + dt.timedelta(days=7))) == (desk.elena, True, False)
    page = client.get(f"/tickets/{desk.ticket.number}/").content.decode()
    assert "away until" in page
    assert "Elena Ceban stands in" in page
    assert [one.agent for one in colleagues_for(desk.ticket)][-1] == ana, "who is away stands last"


@time_machine.travel("2026-11-23T10:00:00+02:00", tick=False)
@pytest.mark.parametrize(("shift", "there"), [("Mo-Fr 09:00-18:00", True), ("Mo-Fr 18:00-24:00", False), ("", None)])
def test_colleagues_see_who_is_on_duty(client: Client, desk: Desk, shift: str, there: bool | None) -> None:
    client.post("/me/", FORM | {"shift": shift})

    found = {one.agent: one for one in colleagues_for(desk.ticket)}

    assert found[desk.ana].is_on_duty is there
    page = client.get(f"/tickets/{desk.ticket.number}/").content.decode()
    assert ("off duty" in page) is (there is False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shift": "weekdays"},
        {"away_until": "2026-12-01T09:00"},
        {"away_from": "2026-12-02T09:00", "away_until": "2026-12-01T09:00"},
        {"away_from": "tomorrow"},
        {"substitute": "999999"},
        {"time_zone": "Moon/Sea"},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(client: Client, desk: Desk, wrong: dict[str, str]) -> None:
    assert client.post("/me/", FORM | {"language": "ro"} | wrong).status_code == 422
    assert Agent.objects.get(pk=desk.ana.pk).language == "en"


def test_nobody_stands_in_for_themselves(client: Client, desk: Desk) -> None:
    assert client.post("/me/", FORM | {"substitute": desk.ana.pk}).status_code == 422


def test_how_many_colleagues_there_are_costs_the_page_nothing(client: Client, desk: Desk) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/tickets/{desk.ticket.number}/")
        return len(queries)

    before = asked()
    for number in range(5):
        grant(make_agent(f"a{number}", f"Agent {number}", substitute=desk.ana), desk.support, Right.READ)
    assert asked() == before
