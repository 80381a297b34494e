"""Walking over the tickets that a query means, from new to old, in slices of time that grow.

The first slice has so many entries, and the next one is several times as long. The index intersects the words with the
slice, so a word in half of all messages costs as much as the slice is large, and its page is full before the slice is
at its end. What has found little by then is rare, or two common words that seldom meet: the index answers that at once,
for all that is left, in less time than cut into slices. Where it does not, as for a word that was common long ago, the
walk goes on in slices, each as long as what the one before cost allows; when that has taken long enough it stops and
says how far it came.

The beginning of a word is something else: the index collects everything that has any such word before it looks at
anything else. So the newest entries are first held against it one by one: a beginning that many have fills the page
there, and one that few have costs the index little.

The planner is not asked: it would read entries one by one where it takes a word for a common one, and each entry has to
be unpacked for that. Time is compared and sorted as an expression, which no index answers but the one over the words.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import OperationalError, connection, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Func, Q, Value

from ghiseu.people.models import Agent
from ghiseu.tickets.expressions import IsOneOf
from ghiseu.tickets.models import Queue, Ticket
from ghiseu.tickets.permissions import Right, Rights, queue_ids_with, rights_by_queue
from ghiseu.tickets.query.indexed import (
    NOTHING_KNOWN,
    Asked,
    asked_of_index,
    has_beginning,
    is_exact_but_for_long,
    rest_of,
    without_beginnings,
)
from ghiseu.tickets.query.scope import Scope, context_of
from ghiseu.tickets.query.sql import condition
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import Node, Query
from ghiseu.tickets.querysets import TicketQuerySet
from ghiseu.tickets.search import lexemes

FIRST_SLICE = 2_000
# After so many slices all that is left is asked for at once, for at most this part of the time that a walk has.
SLICES_BEFORE_ALL, PART_FOR_ALL = 2, 0.8
# A slice is as many times as long as the one before as fit into this time, within limits.
SECONDS_OF_A_SLICE = 0.02
_LEAST_GROWTH, _MOST_GROWTH = 1.0, 8.0
_SHORTEST = dt.timedelta(hours=1)
# A walk that has taken so long begins no further slice; one statement may take no longer than the timeout.
LONG_SECONDS = 0.2
TIMEOUT_MS = 2_000
# Of the entries that fit the index, so many are held against what the index does not know.
MOST_EXAMINED = 20_000
_CHUNKS = (60, 240, 1_000)
# Of the newest entries, so many are held against the beginning of a word without the index; and so many at first.
MOST_ONE_BY_ONE, FEW_ONE_BY_ONE = 600, 120
_AT_ONCE = 5_000
# With more queues than these, only their tickets' own rows are asked.
MOST_QUEUE_MARKS = 200

_QUERY_CANCELED = "57014"
_SET = "SELECT set_config('enable_seqscan', %s, true), set_config('statement_timeout', %s, true)"
_SET_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
_ENDS = """
SELECT newest.at, newest.ticket_id, (SELECT min(at) FROM tickets_searchentry), (
  SELECT at FROM tickets_searchentry WHERE (at, ticket_id) < (%s, %s)
  ORDER BY at DESC, ticket_id DESC OFFSET %s LIMIT 1)
FROM (SELECT at, ticket_id FROM tickets_searchentry WHERE (at, ticket_id) < (%s, %s)
  ORDER BY at DESC, ticket_id DESC LIMIT 1) AS newest
"""
_COLUMNS = "SELECT ticket_id, at::text, false"
_COLUMNS_AND_LENGTH = f"SELECT ticket_id, at::text, words @@ $${lexemes.lexeme(lexemes.IS_LONG)}$$::tsquery"
_SLICE = """
FROM tickets_searchentry WHERE words @@ %s::tsquery
AND (at + interval '0', ticket_id) < (%s::timestamptz, %s)
AND (at + interval '0', ticket_id) >= (%s::timestamptz, %s)
ORDER BY at + interval '0' DESC, ticket_id DESC LIMIT %s
"""
# The newest entries of a slice, each with whether it fits. A function is called where an operator would be answered by
# the index.
_ONE_BY_ONE = """
SELECT ticket_id, at::text, ts_match_vq(words, %s::tsquery), ts_match_vq(words, %s::tsquery)
FROM (SELECT ticket_id, at, words {slice}) AS newest ORDER BY newest.at DESC, ticket_id DESC
"""


@contextlib.contextmanager
def by_index() -> Iterator[CursorWrapper]:
    """For a while no table is read through, and no statement takes longer than the timeout."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SET, ["off", str(TIMEOUT_MS)])
        yield cursor
        cursor.execute(_SET, ["on", "0"])


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order from new to old: the time of an entry, as text until somebody reads it, and its ticket."""

    stamp: str
    ticket_id: int
    is_long: bool = False

    @property
    def at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.stamp)

    @classmethod
    def of(cls, at: dt.datetime, ticket_id: int) -> Place:
        return cls(at.isoformat(), ticket_id)


NEWEST = Place("9999-01-01T00:00:00+00:00", 0)
OLDEST = Place("0001-01-02T00:00:00+00:00", 0)


@dataclass
class Walk:
    """One walk for one agent. `places` gives what was found in order; afterwards the rest says how it went.

    `tries_all` is for who does not know yet that all at once takes too long.
    """

    query: Query
    agent: Agent
    start: Place = NEWEST
    is_complete: bool = True
    reached: Place = NEWEST
    seconds: float | None = None
    context: Context | None = None
    tries_all: bool = True
    _asked: Asked = field(init=False, default=NOTHING_KNOWN)

    def __post_init__(self) -> None:
        self._long = LONG_SECONDS if self.seconds is None else self.seconds
        self._scope = Scope(self.agent, self.context or context_of(self.agent))
        self._asked = asked_of_index(self.query.root, self._scope)
        if self._asked.drives:
            self._asked = Asked(self._of_mine(self._asked.text), self._asked.is_exact, drives=True)
        self.reached = self.start
        self._began = time.monotonic()
        self._examined = 0
        self._oldest = OLDEST.at
        self._is_by_time = True
        self._has_beginning = self.is_driven and has_beginning(self.query.root)
        self._one_by_one_left = MOST_ONE_BY_ONE if self._has_beginning else 0

    def _of_mine(self, question: str) -> str:
        """The question, the queues this agent may read and the archive as one question for the index."""
        parts = [question]
        rights = rights_by_queue(self.agent)
        if not self.query.asks_about("in"):
            parts.append(f"!{lexemes.lexeme(lexemes.IN_ARCHIVE)}")
        readable = queue_ids_with(self.agent, Right.READ)
        if len(readable) <= MOST_QUEUE_MARKS and not _reads_all(self.agent, rights):
            marks = [lexemes.lexeme(lexemes.queue_mark(pk)) for pk in readable]
            parts.append(lexemes.any_of(marks) or "'^never'")
        return lexemes.all_of(parts)

    @property
    def is_driven(self) -> bool:
        """Whether the index leads to the tickets; else they are asked in the order of time."""
        return self._asked.drives

    @property
    def question(self) -> str:
        return self._asked.text

    def visible(self) -> TicketQuerySet:
        """The tickets that the query means, of those this agent may see; what the index knows is left to it."""
        return self._readable() if self._rest is None else self._readable().filter(self._rest)

    def _readable(self) -> TicketQuerySet:
        tickets = Ticket.objects.visible_to(self.agent)
        return tickets if self.query.asks_about("in") else tickets.not_archived()

    @cached_property
    def _rest(self) -> Q | None:
        """What is left to ask of the tickets that the index gives."""

        def whole(node: Node) -> Q:
            return condition(Query("", node), self._scope)

        if self.query.is_empty:
            return None
        return rest_of(self.query.root, self._scope, whole) if self.is_driven else whole(self.query.root)

    @cached_property
    def _question_without_beginnings(self) -> str:
        return self._of_mine(asked_of_index(without_beginnings(self.query.root), self._scope).text)

    @cached_property
    def _is_sure_of_short(self) -> bool:
        """Whether the index is in doubt about long entries alone, where it has no positions for a phrase."""
        return self.is_driven and is_exact_but_for_long(self.query.root, self._scope)

    def places(self, most: int) -> list[Place]:
        """At most so many places of fitting tickets from the start on. Sets `is_complete` and `reached`."""
        found: list[Place] = []
        try:
            with by_index():
                self._walk(found, most)
        except OperationalError as error:
            if not _is_timeout(error):
                raise
            self.is_complete = False
        return found

    def _walk(self, found: list[Place], most: int) -> None:
        for number, (high, low) in enumerate(self._slices()):
            if number == SLICES_BEFORE_ALL and low != OLDEST and self._all_at_once(found, most, high):
                return
            if self._is_long_enough():
                self.is_complete = False
                return
            self._slice(found, most, high, low)
            if len(found) >= most or not self.is_complete:
                return
            self.reached = low

    def _is_long_enough(self) -> bool:
        """Whether the walk has looked at something, and for so long that it should stop."""
        return self.reached != self.start and time.monotonic() - self._began > self._long

    def _slice(self, found: list[Place], most: int, high: Place, low: Place) -> None:
        if not self.is_driven:
            self._in_order(found, most, high, low)
            return
        here = self._one_by_one(found, most, high, low)
        if here != low and len(found) < most:
            self._through_index(found, most, here, low)

    def _all_at_once(self, found: list[Place], most: int, high: Place) -> bool:
        """Ask the index for all that is left; false where that is dear, and nothing has happened then."""
        if not (self.is_driven and self.tries_all) or self._one_by_one_left:
            return False
        before = list(found), self.reached, self._examined
        milliseconds = max(1, int(1000 * PART_FOR_ALL * self._long))
        self._is_by_time = False
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_SET_TIMEOUT, [str(milliseconds)])
                self._through_index(found, most, high, OLDEST)
                cursor.execute(_SET_TIMEOUT, [str(TIMEOUT_MS)])
        except OperationalError as error:
            if not _is_timeout(error):
                raise
            found[:], self.reached, self._examined = before
            return False
        finally:
            self._is_by_time = True
        return True

    def _slices(self) -> Iterator[tuple[Place, Place]]:
        """(newer end, older end), the newer one left out, until all is walked over.

        The first slice has so many entries, each further one a stretch of time by what the one before cost.
        """
        with connection.cursor() as cursor:
            start = self.start
            cursor.execute(_ENDS, [start.at, start.ticket_id, FIRST_SLICE - 1, start.at, start.ticket_id])
            newest, ticket_id, oldest, low = cursor.fetchone() or (None, 0, None, None)
        if newest is None:
            return
        assert oldest is not None  # noqa: S101  # where there is a newest entry, there is an oldest
        self._oldest = oldest
        high = Place.of(newest, ticket_id + 1)
        span = max(newest - low, _SHORTEST) if low else newest - oldest
        while low is not None and low > oldest:
            began = time.monotonic()
            yield high, (edge := Place.of(low, 0))
            span *= self._growth(time.monotonic() - began)
            high = edge
            low = low - span if low - oldest > span else None
        yield high, OLDEST

    def _growth(self, seconds: float) -> float:
        """How many times as long the next slice shall be as one that took so many seconds."""
        if self._has_beginning:
            # Most of the time goes into the words, whatever the slice.
            return _MOST_GROWTH
        return min(max(SECONDS_OF_A_SLICE / max(seconds, 0.001), _LEAST_GROWTH), _MOST_GROWTH)

    def _one_by_one(self, found: list[Place], most: int, high: Place, low: Place) -> Place:
        """Hold the newest entries of the slice against beginnings of words; returns how far down it came."""
        wanted = FEW_ONE_BY_ONE
        while self._one_by_one_left > 0 and len(found) < most:
            wanted = min(wanted, self._one_by_one_left)
            values = self._values(self._question_without_beginnings, high, low, wanted)
            with connection.cursor() as cursor:
                is_long = lexemes.lexeme(lexemes.IS_LONG)
                cursor.execute(_ONE_BY_ONE.format(slice=_SLICE), [is_long, self.question, *values])
                rows = cursor.fetchall()
            places = [Place(stamp, ticket_id, is_long) for ticket_id, stamp, is_long, fits in rows if fits]
            fitting = self._fitting(places)
            found += [one for one in places if one.ticket_id in fitting][: most - len(found)]
            self._one_by_one_left -= len(rows)
            if len(rows) < wanted:
                return low
            high = self.reached = Place(rows[-1][1], rows[-1][0])
            wanted = self._one_by_one_left
        return high

    def _through_index(self, found: list[Place], most: int, high: Place, low: Place) -> None:
        while True:
            is_sure = self._rest is None or self._is_sure_of_short
            wanted = max(_CHUNKS[0], most - len(found)) if is_sure else _AT_ONCE
            candidates = self._candidates(high, low, wanted)
            for chunk in _chunks(candidates, most):
                fitting = self._fitting(chunk)
                found += [one for one in chunk if one.ticket_id in fitting][: most - len(found)]
                self._examined += len(chunk)
                high = self.reached = chunk[-1]
                if len(found) >= most:
                    return
                if self._examined >= MOST_EXAMINED or time.monotonic() - self._began > self._long:
                    self.is_complete = False
                    return
            if len(candidates) < wanted:
                return

    def _fitting(self, places: Sequence[Place]) -> set[int]:
        """Those of the tickets that the rest of the query means as well."""
        short = [one.ticket_id for one in places if self._is_sure_of_short and not one.is_long]
        doubtful = [one.ticket_id for one in places if not (self._is_sure_of_short and not one.is_long)]
        fitting: set[int] = set()
        for tickets, ids in ((self._readable, short), (self.visible, doubtful)):
            if ids:
                fitting.update(tickets().filter(IsOneOf("pk", ids)).values_list("pk", flat=True))
        return fitting

    def _candidates(self, high: Place, low: Place, most: int) -> list[Place]:
        with connection.cursor() as cursor:
            columns = _COLUMNS_AND_LENGTH if self._rest is not None and self._is_sure_of_short else _COLUMNS
            cursor.execute(f"{columns} {_SLICE}", self._values(self.question, high, low, most))
            return [Place(stamp, ticket_id, is_long) for ticket_id, stamp, is_long in cursor.fetchall()]

    def _values(self, question: str, high: Place, low: Place, most: int) -> list[str | int]:
        """What `_SLICE` is asked with."""
        if self._is_by_time:
            since = self._oldest if low == OLDEST else low.at
            question = lexemes.all_of([question, lexemes.time_query(since, high.at)])
        return [question, high.stamp, high.ticket_id, low.stamp, low.ticket_id, most]

    def _in_order(self, found: list[Place], most: int, high: Place, low: Place) -> None:
        tickets = self.visible().filter(search_entry__at__range=(low.at, high.at))
        tickets = tickets.filter(InSlice(high, "<"), InSlice(low, ">="))
        rows = tickets.order_by("-search_entry__at", "-search_entry__ticket_id").values_list("search_entry__at", "pk")
        found += [Place.of(at, pk) for at, pk in rows[: most - len(found)]]


def _is_timeout(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == _QUERY_CANCELED


def _reads_all(agent: Agent, rights: Rights) -> bool:
    """Whether there is no queue that the agent may not read; asked once for each time the rights are asked."""
    known: tuple[Rights, bool] | None = agent.__dict__.get("_reads_all")
    if known is None or known[0] is not rights:
        known = (rights, not Queue.objects.exclude(pk__in=queue_ids_with(agent, Right.READ)).exists())
        agent.__dict__["_reads_all"] = known
    return known[1]


def _chunks(places: Sequence[Place], most: int) -> Iterator[Sequence[Place]]:
    """Few first, because a page may be full soon; more then, because each costs a question."""
    sizes = iter((max(_CHUNKS[0], most), *_CHUNKS[1:]))
    start, size = 0, 0
    while start < len(places):
        size = next(sizes, size)
        yield places[start : start + size]
        start += size


class InSlice(Func):
    """`(at, ticket) < (x, y)`: row-wise, so that one index answers it."""

    output_field = models.BooleanField()

    def __init__(self, place: Place, operator: str) -> None:
        super().__init__(
            Func(F("search_entry__at"), F("search_entry__ticket_id"), template="(%(expressions)s)"),
            Func(Value(place.at), Value(place.ticket_id), template="(%(expressions)s)"),
            template="%(expressions)s",
            arg_joiner=f" {operator} ",
        )


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a walk from the newest on found; `is_whole` says that there is no more."""

    query: Query
    places: list[Place]
    is_whole: bool


def remember(walk: Walk, places: list[Place], most: int) -> None:
    """Keep the beginning of an answer with the agent, who lives as long as a request, for whoever counts the rest."""
    is_whole = walk.is_complete and len(places) < most
    walk.agent.__dict__["_search_began"] = (rights_by_queue(walk.agent), Beginning(walk.query, places, is_whole))


def remembered(query: Query, agent: Agent) -> Beginning | None:
    """The beginning of the answer to this query, if it was the last and the rights are still the same."""
    rights, beginning = agent.__dict__.get("_search_began", (None, None))
    is_it = isinstance(beginning, Beginning) and beginning.query == query and rights is rights_by_queue(agent)
    return beginning if is_it else None
