"""Live updates: `/live/` tells an open page, by server-sent events, that something it shows has changed.

It tells names only (`tickets`, `ticket-20261122000427`, `refresh`); the page then asks for its pieces the usual way,
with the usual rights. `/live/` serves a list, `/live/?ticket=<number>` one ticket page; `since=` is when the page was
drawn, in seconds since 1970.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from ghiseu.agent.announcements import Announcements, Browser

COMMENT_SECONDS = 15.0
# A session that ended, an agent switched off or a right taken away ends here, well within the minute of promise A4.
ASK_AGAIN_SECONDS = 30.0
MOST_STREAMS_OF_AN_AGENT = 40
# Between a page's first look at the database and its time stamp; also what clocks of two machines may differ by.
DRAWING_SECONDS = 2.0
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,32}")

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who listens, and to what they may."""

    agent_id: int
    queues: frozenset[int]


_streams: dict[int, int] = {}
_announcements: dict[asyncio.AbstractEventLoop, Announcements] = {}


async def live(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The ASGI application of `/live/`: 401 without a session, 403 for another site's page, 429 for too many."""
    if scope["type"] != "http":
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["path"] != "/live/":
        await _refuse(send, 404)
        return
    if scope["method"] != "GET":
        await _refuse(send, 405)
        return
    if not _is_our_page(headers):
        await _refuse(send, 403)
        return
    key = _session_key(headers)
    reader = await _ask(key) if key else None
    if reader is None:
        await _refuse(send, 401)
        return
    if _streams.get(reader.agent_id, 0) >= MOST_STREAMS_OF_AN_AGENT:
        await _refuse(send, 429)
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    number, drawn_at = query.get("ticket", [""])[0], query.get("since", [""])[0]
    browser = Browser(reader.queues, number if _NUMBER.fullmatch(number) else "")
    _of_this_loop().join(browser, drawn_at=float(drawn_at) - DRAWING_SECONDS if _SECONDS.fullmatch(drawn_at) else 0)
    await _serve(browser, reader, key, receive, send)


async def _serve(
    browser: Browser, reader: Reader, key: str, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    announcements = _of_this_loop()
    _streams[reader.agent_id] = _streams.get(reader.agent_id, 0) + 1
    gone = asyncio.create_task(_gone(receive))
    telling = asyncio.create_task(_tell(browser, key, send))
    try:
        await asyncio.wait({gone, telling}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        announcements.leave(browser)
        _streams[reader.agent_id] -= 1
        for task in (gone, telling):
            task.cancel()
        # Both are awaited, so that no error of theirs is lost; a browser that left mid-sentence is none.
        for outcome in await asyncio.gather(gone, telling, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                raise outcome


async def _tell(browser: Browser, key: str, send: ASGISendCallable) -> None:
    """Events as they come, a comment when it is quiet, until the session no longer holds."""
    await _start(send, 200, b"text/event-stream; charset=utf-8")
    await _write(send, b"retry: 3000\n\n")
    clock = asyncio.get_running_loop().time
    asked_at = clock()
    while True:
        try:
            await asyncio.wait_for(browser.wake.wait(), COMMENT_SECONDS)
        except TimeoutError:
            await _write(send, b":\n\n")
        if clock() - asked_at >= ASK_AGAIN_SECONDS - COMMENT_SECONDS:
            reader = await _ask(key)
            if reader is None:
                break
            browser.queues, asked_at = reader.queues, clock()
        for name in browser.take():
            await _write(send, f"event: {name}\ndata: {name}\n\n".encode())
    await send({"type": "http.response.body", "body": b"event: ended\ndata: ended\n\n", "more_body": False})


async def _gone(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _of_this_loop() -> Announcements:
    """One ear for each event loop, which outside of tests means one for each process."""
    from django.conf import settings

    from ghiseu.ops.database import connection_arguments

    loop = asyncio.get_running_loop()
    if loop not in _announcements:
        _announcements.clear()
        _announcements[loop] = Announcements(lambda: connection_arguments(settings.DATABASES["default"]))
    return _announcements[loop]


def listen_here() -> None:
    """Let this process hear of every change as long as it lives. To be called in its event loop."""
    _of_this_loop().stay()


def announcements_heard() -> Announcements | None:
    """What this process hears of changes, for its other threads; None where it does not listen."""
    return next((heard for loop, heard in list(_announcements.items()) if loop.is_running()), None)


async def _ask(key: str) -> Reader | None:
    return await asyncio.to_thread(_reader_of, key)


def _reader_of(key: str) -> Reader | None:
    """Who holds this session and may work, with the queues they may read now; None for anybody else.

    Django's own check of the session: the password it was opened with must still be the agent's.
    """
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import get_user
    from django.db import DatabaseError, connections
    from django.http import HttpRequest

    from ghiseu.people.models import Agent
    from ghiseu.tickets.permissions import Right, queue_ids_with

    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    try:
        agent: Any = get_user(request)
        if not isinstance(agent, Agent) or not agent.is_active:
            return None
        return Reader(agent.pk, frozenset(queue_ids_with(agent, Right.READ)))
    except DatabaseError:
        # Nobody can say who this is: the stream ends, and the browser comes back by itself.
        return None
    finally:
        connections.close_all()


def _session_key(headers: dict[str, str]) -> str:
    from django.conf import settings

    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


def _is_our_page(headers: dict[str, str]) -> bool:
    """Whether the request comes from a page of ours: by the browser's own word where it gives one (Fetch Metadata)."""
    from django.conf import settings
    from django.http.request import split_domain_port, validate_host

    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin", "")
    return not origin or urlsplit(origin).netloc.lower() == host.lower()


async def _refuse(send: ASGISendCallable, status: int) -> None:
    await _start(send, status, b"text/plain; charset=utf-8")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(send: ASGISendCallable, status: int, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})


async def _write(send: ASGISendCallable, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
