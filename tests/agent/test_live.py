"""Live updates reach who may read, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from ghiseu.agent import live as live_module
from ghiseu.agent.announcements import MOST_PENDING, REFRESH, Announcements, Browser
from ghiseu.agent.live import live
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import write_note
from tests.agent.world import Desk

SECONDS = 20


def browser(*queues: int, ticket: str = "") -> Browser:
    return Browser(frozenset(queues), ticket)


def test_a_list_hears_of_the_queues_it_may_show() -> None:
    page = browser(1, 2)
    page.tell(queue=2, number="20261122000010")
    assert page.take() == ["tickets"]

    page.tell(queue=3, number="20261122000010")
    assert page.take() == []


def test_a_ticket_page_hears_of_its_ticket_only() -> None:
    page = browser(1, ticket="20261122000010")
    page.tell(queue=1, number="20261122000011")
    assert page.take() == []

    page.tell(queue=1, number="20261122000010")
    page.tell(queue=1, number="20261122000010")
    assert page.take() == ["ticket-20261122000010"]


def test_a_ticket_of_another_queue_is_silent_even_when_asked_for() -> None:
    page = browser(1, ticket="20261122000010")
    page.tell(queue=2, number="20261122000010")
    assert page.take() == []


def test_what_waits_for_a_slow_browser_is_bounded() -> None:
    page = browser(1)
    for number in range(MOST_PENDING * 3):
        page._add(f"event-{number}")
    assert len(page.pending) <= MOST_PENDING
    assert REFRESH in page.pending


def told_at_once(*, drawn_at: float, changed_at: float, known_since: float) -> list[str]:
    async def story() -> list[str]:
        announcements = Announcements(lambda: {"host": "/nowhere"})
        announcements._known_since, announcements._changed_at[1] = known_since, changed_at
        page = browser(1)
        announcements.join(page, drawn_at=drawn_at)
        announcements.leave(page)
        return page.take()

    return asyncio.run(story())


def test_a_page_looks_again_at_once_if_it_may_have_missed_something() -> None:
    assert told_at_once(drawn_at=100, changed_at=90, known_since=50) == []
    assert told_at_once(drawn_at=100, changed_at=101, known_since=50) == [REFRESH]
    assert told_at_once(drawn_at=100, changed_at=90, known_since=110) == [REFRESH]


def session_of(agent: Agent) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(agent.pk)
    session[BACKEND_SESSION_KEY] = "ghiseu.agent.session.Agents"
    session[HASH_SESSION_KEY] = agent.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


def scope(key: str = "", *, method: str = "GET", query: str = "", path: str = "/live/", **headers: str) -> Any:
    given = {"host": "localhost:8080", **headers}
    if key:
        given["cookie"] = f"sessionid={key}"
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }


class Connection:
    """One open stream, as a server would hold it."""

    def __init__(self, given: Any) -> None:
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.left = asyncio.Event()
        self.task = asyncio.create_task(live(given, self._receive, self._send))

    async def _receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.sent.put(message)

    async def status(self) -> int:
        return int((await self.sent.get())["status"])

    async def until(self, words: bytes) -> None:
        while words not in (await self.sent.get()).get("body", b""):
            pass

    async def leave(self) -> None:
        self.left.set()
        await self.task


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(SECONDS):
            await story()

    asyncio.run(within_time())


@pytest.fixture
def stored_desk(transactional_db: None) -> Desk:
    """A desk that other connections see, too."""
    from tests.agent.world import make_desk

    return make_desk()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"path": "/live/more"}, 404),
        ({"method": "POST"}, 405),
        ({"origin": "https://evil.example"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"host": "evil.example"}, 403),
        ({"key": ""}, 401),
        ({"key": "made-up"}, 401),
    ],
)
def test_who_is_not_let_in(stored_desk: Desk, change: dict[str, str], status: int) -> None:
    key = session_of(stored_desk.ana)

    async def story() -> None:
        connection = Connection(scope(**({"key": key} | change)))
        assert await connection.status() == status
        await connection.leave()

    run(story)


def test_a_change_reaches_the_page_of_its_ticket_and_lists_but_no_other_queue(stored_desk: Desk) -> None:
    desk = stored_desk
    ana, ion = session_of(desk.ana), session_of(desk.ion)

    async def story() -> None:
        page = Connection(scope(ana, query=f"ticket={desk.ticket.number}"))
        rows = Connection(scope(ana))
        others = Connection(scope(ion))
        for connection in (page, rows, others):
            assert await connection.status() == 200
            # Nothing tells when these pages were drawn, so each is asked to look once.
            await connection.until(b"event: refresh")
        # A change before this would be told as one more `refresh`, not by its name.
        await live_module._of_this_loop().hears.wait()

        await asyncio.to_thread(write_in_thread, desk)

        await page.until(f"event: ticket-{desk.ticket.number}\n".encode())
        await rows.until(b"event: tickets\n")
        told = [others.sent.get_nowait() for _ in range(others.sent.qsize())]
        assert [message for message in told if b"tickets" in message.get("body", b"")] == []
        for connection in (page, rows, others):
            await connection.leave()

    run(story)


def write_in_thread(desk: Desk) -> None:
    from django.db import connections

    try:
        write_note(desk.ticket, text="Look.", by=desk.ana)
    finally:
        connections.close_all()


def test_a_stream_ends_when_its_session_does(stored_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "COMMENT_SECONDS", 0.1)
    monkeypatch.setattr(live_module, "ASK_AGAIN_SECONDS", 0.2)
    key = session_of(stored_desk.ana)

    async def story() -> None:
        connection = Connection(scope(key))
        assert await connection.status() == 200
        await asyncio.to_thread(switch_off, stored_desk.ana)
        await connection.until(b"event: ended")
        await connection.task

    run(story)


def switch_off(agent: Agent) -> None:
    from django.db import connections

    try:
        Agent.objects.filter(pk=agent.pk).update(is_active=False)
    finally:
        connections.close_all()
