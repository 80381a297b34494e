"""The numbers in the left column, kept for a moment and shared by everybody whom this process serves.

What is kept holds while every announcement of a change is heard (`announcements`) and none came since the counting
began, and never longer than two seconds, because time goes on in questions such as `waiting>4h`. Where nothing is heard
everything is counted anew each time: a number is late at most, never wrong for long.

Counting happens once for all who want it. Who comes while others count is given the numbers before, with the word
`again_soon`, and so is who comes within half a second of the last counting, or within a second where it took long: on
a busy desk with a hundred agents the database counts twice a second and not a hundred times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from ghiseu.agent.announcements import Announcements
from ghiseu.agent.live import announcements_heard
from ghiseu.people.models import Agent
from ghiseu.tickets.models import View
from ghiseu.tickets.permissions import Right, queue_ids_with
from ghiseu.tickets.query.names import Names
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.views.counting import (
    MOST_COUNTED,
    OpenCounts,
    Question,
    Way,
    count_alone,
    count_open,
    is_personal,
    way_of,
)
from ghiseu.tickets.views.understanding import understood

OLDEST_SECONDS = 2.0
# From here on one request counts anew, and the others go on with what is there.
EARLY_SECONDS = 1.5
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 1.0
# After a counting that took long the pause is so many times as long, so that hundreds of views cost a tenth of a core.
TIMES_AS_LONG = 8
# A question that nobody asked for so long is no longer counted along.
FORGOTTEN_SECONDS = 60.0
# How long a view that could not be counted in time is left alone.
SECONDS_TO_SPARE = 60.0
SECONDS_FOR_ALL_ALONE = 0.6
MOST_QUESTIONS = 500
MOST_KEPT_ALONE = 2_000


@dataclass(frozen=True, slots=True)
class Count:
    """What stands behind a view: a number, or None where it is not known yet.

    `is_dear`: to count would take too long. `is_bounded`: beyond MOST_COUNTED nobody counted on. `is_broken`: the
    question is no longer understood.
    """

    number: int | None = None
    is_dear: bool = False
    is_bounded: bool = False
    is_broken: bool = False

    def __str__(self) -> str:
        if self.number is None:
            return "…"
        return f"{MOST_COUNTED}+" if self.is_bounded and self.number > MOST_COUNTED else str(self.number)


@dataclass(slots=True)
class Counts:
    """For one agent; by a view's key. `is_missing`: some would have to be counted on their own; `again_soon`: some may
    be late.
    """

    every: dict[int, int] = field(default_factory=dict)
    unassigned: dict[int, int] = field(default_factory=dict)
    by_view: dict[str, Count] = field(default_factory=dict)
    is_missing: bool = False
    again_soon: bool = False


class _Age(Enum):
    GOOD = auto()
    LATE = auto()  # something may have changed since
    OVER = auto()


class _Alone(NamedTuple):
    question: Question
    me: int
    queues: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Kept:
    began_at: float
    number: int | None


@dataclass(frozen=True, slots=True)
class _KeptOpen:
    began_at: float
    took_seconds: float
    counts: OpenCounts

    @property
    def pause(self) -> float:
        """Seconds for which it is not counted again, whatever changes."""
        return min(LONGEST_PAUSE_SECONDS, max(PAUSE_SECONDS, TIMES_AS_LONG * self.took_seconds))


class Counters:
    """One for a process. `heard` gives what the process hears of changes, or None where it does not listen."""

    def __init__(self, heard: Callable[[], Announcements | None] = announcements_heard) -> None:
        self._heard = heard
        self._counting = threading.Lock()
        self._counting_alone = threading.Lock()
        self._open: _KeptOpen | None = None
        self._wanted: dict[Question, float] = {}
        self._alone: dict[_Alone, _Kept] = {}

    def counts(self, views: Sequence[View], *, scope: Scope, names: Names, with_alone: bool) -> Counts:
        """All numbers for one agent, by no statement where they are kept, else by two, however many views there are.

        With `with_alone` also those of views that are counted on their own, one statement each and all of them for a
        limited time; without it the number before stands there, if one is kept.
        """
        agent = scope.agent
        readable = queue_ids_with(agent, Right.READ)
        every = {view.key: understood(view.query, names.own_fields) for view in views}
        queries = {key: query for key, query in every.items() if query is not None}
        ways = {key: way_of(query) for key, query in queries.items()}
        together = {key: Question.of(query, agent) for key, query in queries.items() if ways[key] is not Way.ALONE}
        found, again_soon = self._counted_open(set(together.values()), readable, asker=agent, names=names)
        counts = Counts(
            every={queue: found.every.get(queue, 0) for queue in readable},
            unassigned={queue: found.unassigned.get(queue, 0) for queue in readable},
            by_view={key: Count(is_broken=query is None) for key, query in every.items()},
            again_soon=again_soon,
        )
        for key, question in together.items():
            counts.by_view[key] = Count(found.number(question, agent=agent, queues=readable))
        alone = {key: query for key, query in queries.items() if ways[key] is Way.ALONE}
        self._add_alone(counts, alone, frozenset(readable), scope=scope, may_count=with_alone)
        return counts

    def _age(self, began_at: float, queues: Collection[int]) -> _Age:
        if time.time() - began_at >= OLDEST_SECONDS:
            return _Age.OVER
        heard = self._heard()
        is_sure = heard is not None and heard.is_unchanged(queues, since=began_at)
        return _Age.GOOD if is_sure else _Age.LATE

    def _counted_open(
        self, asked: set[Question], queues: Sequence[int], *, asker: Agent, names: Names
    ) -> tuple[OpenCounts, bool]:
        """The shared numbers, and whether they may be late."""
        if self._heard() is None:
            return count_open(list(asked), asker=asker, names=names), False
        self._wanted |= dict.fromkeys(asked, time.time())
        if (kept := self._open) is not None and kept.counts.covers(asked):
            age, seconds = self._age(kept.began_at, queues), time.time() - kept.began_at
            enough = {_Age.GOOD: EARLY_SECONDS, _Age.LATE: kept.pause, _Age.OVER: 0}[age]
            if seconds < enough or (age is not _Age.OVER and self._counting.locked()):
                return kept.counts, age is _Age.LATE
        with self._counting:
            # Who waited while another counted takes those numbers.
            kept = self._open
            is_good = kept is not None and kept.counts.covers(asked) and self._age(kept.began_at, queues) is _Age.GOOD
            if kept is None or not is_good or time.time() - kept.began_at >= EARLY_SECONDS:
                began_at = time.time()
                found = count_open(self._questions(), asker=asker, names=names)
                kept = self._open = _KeptOpen(began_at, time.time() - began_at, found)
        return kept.counts, False

    def _questions(self) -> list[Question]:
        """What somebody asked lately, the newest first."""
        since = time.time() - FORGOTTEN_SECONDS
        lately = [(at, question) for question, at in list(self._wanted.items()) if at >= since]
        lately.sort(key=lambda one: one[0], reverse=True)
        self._wanted = {question: at for at, question in lately[:MOST_QUESTIONS]}
        return list(self._wanted)

    def _add_alone(
        self, counts: Counts, queries: Mapping[str, Query], queues: frozenset[int], *, scope: Scope, may_count: bool
    ) -> None:
        until = time.monotonic() + SECONDS_FOR_ALL_ALONE
        for view, query in queries.items():
            asked = _Alone(Question.of(query, scope.agent), scope.agent.pk if is_personal(query) else 0, queues)
            kept = self._alone.get(asked)
            if kept is None or not self._stands(kept, queues):
                if may_count and time.monotonic() < until:
                    kept = self._count_alone(asked, query, scope=scope)
                elif may_count:
                    counts.again_soon = True
                else:
                    counts.is_missing = True
            if kept is not None:
                counts.by_view[view] = Count(kept.number, is_dear=kept.number is None, is_bounded=True)

    def _stands(self, kept: _Kept, queues: frozenset[int]) -> bool:
        if kept.number is None:
            return time.time() - kept.began_at < SECONDS_TO_SPARE
        return self._age(kept.began_at, queues) is _Age.GOOD

    def _count_alone(self, asked: _Alone, query: Query, *, scope: Scope) -> _Kept:
        with self._counting_alone:
            kept = self._alone.get(asked)
            if kept is None or not self._stands(kept, asked.queues):
                began_at = time.time()
                kept = _Kept(began_at, count_alone(query, scope=scope))
                if len(self._alone) >= MOST_KEPT_ALONE:
                    self._alone.clear()
                self._alone[asked] = kept
        return kept


COUNTERS = Counters()
