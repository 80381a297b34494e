"""When numbers that are kept still hold, and that a crowd counts once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ghiseu.agent.announcements import Announcements
from ghiseu.agent.counters import Counters, Counts
from ghiseu.agent.sidebar import known_to
from ghiseu.tickets.models import View
from ghiseu.tickets.views.predefined import MINE, OPEN
from tests.agent.world import Desk
from tests.factories import make_ticket

pytestmark = pytest.mark.django_db


class Ear:
    """What a process hears: `is_sure` while it listens, `changed_at` when it last heard of something."""

    def __init__(self) -> None:
        self.is_sure = True
        self.changed_at = 0.0

    def is_unchanged(self, _queues: Any, *, since: float) -> bool:
        return self.is_sure and self.changed_at < since


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def counters(ear: Ear) -> Counters:
    return Counters(lambda: ear)  # type: ignore[arg-type,return-value]  # the two questions that are asked of it


def count(counters: Counters, desk: Desk, *views: View, with_alone: bool = False) -> Counts:
    known = known_to(desk.ana)
    return counters.counts(views or (OPEN, MINE), scope=known.scope, names=known.names, with_alone=with_alone)


def opened(counts: Counts) -> int | None:
    return counts.by_view["open"].number


def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time stands still but for what is put on top."""
    now = [time.time()]
    monkeypatch.setattr("ghiseu.agent.counters.time.time", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


def test_numbers_are_kept_while_nothing_changes_and_never_for_two_seconds(
    desk: Desk, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    assert opened(count(counters, desk)) == 1
    make_ticket(desk.support)  # of which nothing is heard
    passes(0.9)
    assert opened(count(counters, desk)) == 1
    passes(1.2)
    assert opened(count(counters, desk)) == 2


def test_a_change_that_is_heard_counts_at_once(
    desk: Desk, counters: Counters, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    count(counters, desk)
    make_ticket(desk.support)
    passes(0.6)
    ear.changed_at = time.time() + 0.6
    counts = count(counters, desk)
    assert (opened(counts), counts.again_soon) == (2, False)


def test_within_half_a_second_the_page_is_told_to_come_again(
    desk: Desk, counters: Counters, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    count(counters, desk)
    make_ticket(desk.support)
    passes(0.1)
    ear.changed_at = time.time() + 60
    counts = count(counters, desk)
    assert (opened(counts), counts.again_soon) == (1, True)
    passes(0.5)
    assert opened(count(counters, desk)) == 2


def test_who_does_not_listen_keeps_nothing(desk: Desk) -> None:
    counters = Counters(lambda: None)
    assert opened(count(counters, desk)) == 1
    make_ticket(desk.support)
    assert opened(count(counters, desk)) == 2


def test_a_lost_connection_is_no_silence(
    desk: Desk, counters: Counters, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    count(counters, desk)
    make_ticket(desk.support)
    ear.is_sure = False
    passes(0.6)
    assert opened(count(counters, desk)) == 2


def test_a_view_that_nobody_asked_for_yet_is_counted_along(desk: Desk, counters: Counters) -> None:
    count(counters, desk)
    counts = count(counters, desk, OPEN, desk.view)
    assert counts.by_view[desk.view.key].number == 0
    assert opened(counts) == 1


def test_another_agent_gets_their_own_numbers_out_of_one_counting(
    desk: Desk, counters: Counters, django_assert_num_queries: Callable[..., Any]
) -> None:
    make_ticket(desk.billing)
    make_ticket(desk.billing)
    count(counters, desk)
    known = known_to(desk.ion)
    with django_assert_num_queries(0):
        counts = counters.counts([OPEN], scope=known.scope, names=known.names, with_alone=False)
    assert (opened(counts), counts.every) == (2, {desk.billing.pk: 2})


def test_a_view_counted_on_its_own_shows_the_number_before_until_it_is_counted_again(
    desk: Desk, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    view = View.objects.create(name="No notes", query="is:open -has:note", owner=desk.ana)
    assert str(count(counters, desk, view).by_view[view.key]) == "…"
    counts = count(counters, desk, view, with_alone=True)
    assert (counts.by_view[view.key].number, counts.is_missing) == (1, False)
    make_ticket(desk.support)
    passes(3)
    late = count(counters, desk, view)
    assert (late.by_view[view.key].number, late.is_missing) == (1, True)
    assert count(counters, desk, view, with_alone=True).by_view[view.key].number == 2


def test_what_takes_too_long_is_left_alone_for_a_minute(
    desk: Desk, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = clock(monkeypatch)
    view = View.objects.create(name="No notes", query="is:open -has:note", owner=desk.ana)
    asked: list[object] = []
    monkeypatch.setattr("ghiseu.agent.counters.count_alone", lambda query, **_: asked.append(query))
    for _ in range(3):
        counts = count(counters, desk, view, with_alone=True)
        assert (counts.by_view[view.key].is_dear, counts.is_missing) == (True, False)
        passes(10)
    assert len(asked) == 1
    passes(60)
    assert count(counters, desk, view).is_missing


def test_a_crowd_counts_once(counters: Counters, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    from ghiseu.tickets.views.counting import OpenCounts

    known = known_to(desk.ana)
    counted: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def slowly(questions: list[Any], **_: Any) -> OpenCounts:
        counted.append(1)
        begun.set()
        go_on.wait(20)
        return OpenCounts({}, {}, {question: {} for question in questions})

    monkeypatch.setattr("ghiseu.agent.counters.count_open", slowly)

    def ask() -> None:
        counters.counts([OPEN], scope=known.scope, names=known.names, with_alone=False)

    crowd = [threading.Thread(target=ask) for _ in range(8)]
    for one in crowd:
        one.start()
    begun.wait(20)
    go_on.set()
    for one in crowd:
        one.join(20)
    assert counted == [1]


def test_an_ear_that_stays_knows_what_changed_and_what_it_cannot_know() -> None:
    async def story() -> list[bool]:
        heard = Announcements(lambda: {"host": "/nowhere"})
        said = [heard.is_unchanged([1], since=100)]
        heard.hears.set()
        heard._known_since, heard._changed_at[1] = 50, 90
        said += [heard.is_unchanged([1, 2], since=100), heard.is_unchanged([1], since=90)]
        said += [heard.is_unchanged([2], since=60), heard.is_unchanged([2], since=40)]
        return said

    assert asyncio.run(story()) == [False, True, False, True, False]
