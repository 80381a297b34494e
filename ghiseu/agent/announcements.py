"""One ear of a process on PostgreSQL's announcements, and many browsers that are told about them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog

from ghiseu.tickets.history import LIVE_CHANNEL

log = structlog.get_logger()

REFRESH = "refresh"
MOST_PENDING = 50
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0


@dataclass(eq=False, slots=True)
class Browser:
    """An open page: the queues its agent may read, the one ticket it shows or none for a list, what it is to be told.

    What waits is a set of names, not of changes: a slow browser holds at most `MOST_PENDING` of them, then one word
    that says "look again at everything".
    """

    queues: frozenset[int]
    ticket: str = ""
    pending: dict[str, None] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, *, queue: int, number: str) -> None:
        """Take note of a change, where this agent may hear of it (promise A1)."""
        if queue not in self.queues:
            return
        if not self.ticket:
            self._add("tickets")
        elif self.ticket == number:
            self._add(f"ticket-{number}")

    def refresh(self) -> None:
        self._add(REFRESH)

    def take(self) -> list[str]:
        """Everything that waits, which is then told."""
        names = list(self.pending)
        self.pending.clear()
        self.wake.clear()
        return names

    def _add(self, name: str) -> None:
        if len(self.pending) >= MOST_PENDING:
            self.pending.clear()
            name = REFRESH
        self.pending[name] = None
        self.wake.set()


class Announcements:
    """Listens while somebody is there to hear it; after a lost connection it asks every page to look again."""

    def __init__(self, arguments: Callable[[], dict[str, Any]]) -> None:
        self._arguments = arguments
        self._browsers: set[Browser] = set()
        self._listening: asyncio.Task[None] | None = None
        self._stays = False
        # Set while every announcement is heard; before, a page is told `refresh` in place of what it may have missed.
        self.hears = asyncio.Event()
        # When each queue last changed, and since when that is known without a gap; seconds since 1970.
        self._changed_at: dict[int, float] = {}
        self._known_since = float("inf")

    def join(self, browser: Browser, *, drawn_at: float) -> None:
        """Tell this page from now on; at once, if something may have changed since it was drawn."""
        self._browsers.add(browser)
        if drawn_at < self._known_since or self._changed_since(drawn_at, browser.queues):
            browser.refresh()
        self._start()

    def stay(self) -> None:
        """Listen from now on, whether somebody is there or not: the numbers that are kept depend on it."""
        self._stays = True
        self._start()

    def _start(self) -> None:
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())

    def is_unchanged(self, queues: Iterable[int], *, since: float) -> bool:
        """Whether nothing changed in these queues from `since` (seconds since 1970) on, as far as one can be sure.

        May be asked from any thread.
        """
        is_sure = self.hears.is_set() and self._known_since <= since
        return is_sure and not self._changed_since(since, queues)

    def _changed_since(self, moment: float, queues: Iterable[int]) -> bool:
        return any(self._changed_at.get(queue, 0) >= moment for queue in queues)

    def leave(self, browser: Browser) -> None:
        self._browsers.discard(browser)
        if not self._browsers and not self._stays and self._listening is not None:
            self._listening.cancel()
            self._listening = None
            self._known_since = float("inf")
            self.hears.clear()

    async def _listen(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**self._arguments(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {LIVE_CHANNEL}")
                    pause = FIRST_PAUSE_SECONDS
                    # What was announced while nobody listened is lost, so every page looks once.
                    self._known_since = time.time()
                    self._refresh(self._browsers)
                    self.hears.set()
                    async for notice in connection.notifies():
                        self._hear(notice.payload)
            except (psycopg.Error, OSError) as error:
                self._known_since = float("inf")
                self.hears.clear()
                log.warning("live.connection_lost", error=str(error).strip(), again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _hear(self, payload: str) -> None:
        try:
            said = json.loads(payload)
            queue, number = int(said["queue"]), str(said["number"])
        except (ValueError, KeyError, TypeError):
            log.warning("live.unreadable_announcement", length=len(payload))
            return
        self._changed_at[queue] = time.time()
        for browser in self._browsers:
            browser.tell(queue=queue, number=number)

    @staticmethod
    def _refresh(browsers: Iterable[Browser]) -> None:
        for browser in browsers:
            browser.refresh()
