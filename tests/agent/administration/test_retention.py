"""Administrators set the archive and the rules of retention up; nothing works before somebody has looked."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from ghiseu.tickets.actions import close_ticket, hold_ticket
from ghiseu.tickets.models import Queue, RetentionRule, RetentionRun, Ticket, Upkeep
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.retention import closed_before
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, make_ticket

PAGE = "/administration/retention/"


def values(**changed: Any) -> dict[str, Any]:
    return {"name": "Short", "query": "queue:Support", "after_months": 12, "act": "anonymise"} | changed


def old_ticket(desk: Desk, title: str, *, days_ago: int = 800) -> Ticket:
    ticket = close_ticket(make_ticket(desk.support, subject=title), by=desk.ana)
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=timezone.now() - dt.timedelta(days=days_ago))
    return ticket


def test_a_queue_archives_after_the_days_it_is_told(desk: Desk) -> None:
    boss, page = signed_in(desk.boss), f"/administration/queues/{desk.support.pk}/"
    old_ticket(desk, "Old")

    boss.post(f"{page}archive/", {"days": "90"})

    assert Queue.objects.get(pk=desk.support.pk).archive_after_days == 90
    assert 'value="90"' in boss.get(page).content.decode()
    shown = boss.get("/administration/archive/").content.decode()
    assert "after 90 days" in shown
    assert '<td class="number">1</td><td class="number">1</td><td class="number">0</td>' in shown

    boss.post(f"{page}archive/", {"days": ""})
    assert Queue.objects.get(pk=desk.support.pk).archive_after_days is None


@pytest.mark.parametrize("days", ["0", "-1", "3651", "soon", "1e3"])
def test_days_that_are_none_change_nothing(desk: Desk, days: str) -> None:
    answer = signed_in(desk.boss).post(
        f"/administration/queues/{desk.support.pk}/archive/", {"days": days}, follow=True
    )

    assert "This is no number of days from 1 to 3650." in answer.content.decode()
    assert Queue.objects.get(pk=desk.support.pk).archive_after_days is None


def test_the_archives_page_says_when_the_desk_was_last_at_it(desk: Desk) -> None:
    now = timezone.now()
    Upkeep.objects.create(duty="archive", night=now, begun_at=now, finished_at=now, done_count=1234)
    Upkeep.objects.create(duty="blobs", night=now, begun_at=now, failed_at=now, error="OSError: the disk is full\nmore")

    page = signed_in(desk.boss).get("/administration/archive/").content.decode()

    assert "1234 done" in page
    assert "OSError: the disk is full" in page


def test_a_rule_is_off_until_somebody_has_looked(desk: Desk) -> None:
    boss = signed_in(desk.boss)
    boss.post(f"{PAGE}new/", values())
    rule = RetentionRule.objects.get(name="Short")
    page = f"{PAGE}{rule.pk}/"

    refused = boss.post(f"{page}switch/", {"to": "on"}, follow=True).content.decode()
    rule.refresh_from_db()
    assert ("Look first what" in refused, rule.is_active) == (True, False)

    boss.post(f"{page}try/")
    boss.post(f"{page}switch/", {"to": "on"})
    rule.refresh_from_db()
    assert (rule.is_active, rule.tried_by) == (True, desk.boss)


@pytest.mark.parametrize(
    ("changed", "works_on"), [({}, True), ({"name": "Other"}, True), ({"act": "delete"}, False), ({"query": ""}, False)]
)
def test_a_rule_that_means_something_else_is_looked_at_anew(
    desk: Desk, changed: dict[str, Any], works_on: bool
) -> None:
    boss = signed_in(desk.boss)
    boss.post(f"{PAGE}new/", values())
    rule = RetentionRule.objects.get(name="Short")
    boss.post(f"{PAGE}{rule.pk}/try/")
    boss.post(f"{PAGE}{rule.pk}/switch/", {"to": "on"})

    boss.post(f"{PAGE}{rule.pk}/", values(**changed))

    rule.refresh_from_db()
    assert (rule.is_active, rule.tried_at is not None) == (works_on, works_on)


def test_a_look_from_yesterday_is_too_old(desk: Desk) -> None:
    long_ago = timezone.now() - dt.timedelta(hours=25)
    RetentionRule.objects.filter(pk=desk.retention.pk).update(tried_at=long_ago, tried_by=desk.boss)

    signed_in(desk.boss).post(f"{PAGE}{desk.retention.pk}/switch/", {"to": "on"})

    assert not RetentionRule.objects.get(pk=desk.retention.pk).is_active


def test_the_look_counts_everything_and_shows_titles_to_those_who_may_read(desk: Desk) -> None:
    boss, page = signed_in(desk.boss), f"{PAGE}{desk.retention.pk}/try/"
    secret, held = old_ticket(desk, "Secret matter"), old_ticket(desk, "Held matter")
    old_ticket(desk, "Young matter", days_ago=600)
    hold_ticket(held, reason="Claim", by=desk.ana)

    shown = boss.post(page).content.decode()
    grant(desk.boss, desk.support, Right.READ)
    readable = boss.post(page).content.decode()

    assert "Today it would hit 1 ticket<" in shown
    assert "1 more is spared by a legal hold." in shown
    assert (secret.number in shown, "Secret matter" in shown, "Secret matter" in readable) == (True, False, True)
    assert Ticket.objects.filter(erased_at__isnull=False).count() == 0


def test_the_look_shows_the_oldest_and_says_that_there_are_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghiseu.tickets.retention.SAMPLE", 1)
    _younger, oldest, held = (old_ticket(desk, f"Matter {days}", days_ago=days) for days in (800, 900, 1000))
    hold_ticket(held, reason="Claim", by=desk.ana)

    shown = signed_in(desk.boss).post(f"{PAGE}{desk.retention.pk}/try/").content.decode()

    assert "1 more is spared by a legal hold. The oldest 1:" in " ".join(shown.split())
    assert [ticket.number for ticket in Ticket.objects.all() if ticket.number in shown] == [oldest.number]


@pytest.mark.parametrize(
    "query",
    [
        "customer:vera@site.example",
        "secret",
        "text:secret",
        "from:x@y.example",
        "company:Moraru",
        "queue:(",
        "field.x:1",
    ],
)
def test_a_rule_names_no_person_and_reads_no_text(desk: Desk, query: str) -> None:
    answer = signed_in(desk.boss).post(f"{PAGE}new/", values(query=query))

    assert answer.status_code == 422
    assert not RetentionRule.objects.filter(name="Short").exists()


def test_the_audit_outlives_its_rule(desk: Desk) -> None:
    now = timezone.now()
    RetentionRun.objects.create(
        rule=desk.retention, rule_name="Two years", query="queue:Support", after_months=24, act="delete",
        closed_before=now, begun_at=now, finished_at=now, ticket_count=4321,
    )  # fmt: skip
    boss = signed_in(desk.boss)

    boss.post(f"{PAGE}{desk.retention.pk}/delete/")

    page = boss.get(PAGE).content.decode()
    assert not RetentionRule.objects.exists()
    assert "4321" in page
    assert "Two years" in page


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [
        ((2026, 11, 23), 6, (2026, 5, 24)),
        ((2026, 11, 23), 12, (2025, 11, 24)),
        ((2026, 2, 28), 6, (2025, 9, 1)),  # what was closed on the 31st of August is half a year old
        ((2026, 8, 31), 6, (2026, 3, 1)),
        ((2026, 3, 30), 1, (2026, 3, 1)),
        ((2026, 1, 15), 1, (2025, 12, 16)),
    ],
)
def test_months_are_counted_to_the_day_of_the_desks_calendar(
    now: tuple[int, int, int], months: int, before: tuple[int, int, int]
) -> None:
    zone = ZoneInfo("Europe/Chisinau")

    found = closed_before(months, now=dt.datetime(*now, 2, 30, tzinfo=zone))

    assert found == dt.datetime(*before, tzinfo=zone)
