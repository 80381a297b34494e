"""Pages by WSGI behind an ASGI server, each handed over to the server's loop in one piece.

`a2wsgi` hands over the head, the body and the end one by one, and the thread that computed the page waits for the loop
each time: a fifth of what a page of ours costs. Here a page is computed in a thread, and its answer is sent by the loop
when the thread is done. What is longer than a page, such as a file, still flows piece by piece, as fast as it is read.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, build_environ

# An answer is sent when it is complete, or when so much of it waits.
AT_ONCE_BYTES = 1_000_000

# ASGI's and WSGI's own calls; each library describes them by types of its own.
Call = Any


class WholeAnswers:
    """The ASGI application (HTTP only) that lets `threads` threads answer by the WSGI application `pages`."""

    def __init__(self, pages: Call, *, threads: int) -> None:
        self._pages = pages
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def __call__(self, scope: Any, receive: Call, send: Call) -> None:
        loop = asyncio.get_running_loop()
        environ = build_environ(scope, Body(loop, receive))
        answer = _Answer(loop, send)
        context = contextvars.copy_context()
        await loop.run_in_executor(self._threads, context.run, answer.write, self._pages, environ)
        await answer.pass_on()


class _Answer:
    """What the server is still to be told of one answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Call) -> None:
        self._loop, self._send = loop, send
        self._messages: list[dict[str, Any]] = []
        self._bytes = 0

    def write(self, pages: Call, environ: Any) -> None:
        """Compute the answer; to be called in a thread."""
        pieces = pages(environ, self._begin)
        try:
            for piece in pieces:
                self._add(piece)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        if self._bytes:
            self._messages[-1]["more_body"] = False
        else:
            self._messages.append({"type": "http.response.body", "body": b"", "more_body": False})

    def _begin(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> Call:
        named = [(name.encode("latin-1").lower(), value.encode("latin-1")) for name, value in headers]
        self._messages.append({"type": "http.response.start", "status": int(status[:3]), "headers": named})
        return self._add

    def _add(self, piece: bytes) -> None:
        self._messages.append({"type": "http.response.body", "body": piece, "more_body": True})
        self._bytes += len(piece)
        if self._bytes >= AT_ONCE_BYTES:
            # The thread waits here, so that no more of a large file is in memory than the browser can take.
            asyncio.run_coroutine_threadsafe(self.pass_on(), self._loop).result()

    async def pass_on(self) -> None:
        """Tell the server what there is so far."""
        messages, self._messages, self._bytes = self._messages, [], 0
        for message in messages:
            await self._send(message)
