"""Answers of a WSGI application as an ASGI server gets them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ghiseu.lib.whole_answers import AT_ONCE_BYTES, WholeAnswers

Message = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]


def asked(application: Callable[[dict[str, Any], Start], Iterable[bytes]], *pieces: bytes) -> list[Message]:
    """What the server is told when a browser sends a form of these pieces, with the thread that tells it."""
    told: list[Message] = []
    coming = list(pieces)

    async def receive() -> Message:
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming)}

    async def send(message: Message) -> None:
        told.append(message | {"thread": threading.current_thread()})

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/tickets/ș/",
        "query_string": b"view=open",
        "headers": [(b"host", b"desk.example"), (b"cookie", b"a=1"), (b"content-length", b"11")],
        "server": ("127.0.0.1", 8080),
        "client": ("192.0.2.1", 40000),
    }
    asyncio.run(WholeAnswers(application, threads=2)(scope, receive, send))
    return told


def test_a_page_is_told_in_two_words_by_the_loop() -> None:
    def page(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [b"<p>", b"Bun\xc4\x83</p>"]

    told = asked(page, b"")

    headers = [(b"content-type", b"text/html"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    here = threading.main_thread()
    assert told == [
        {"type": "http.response.start", "status": 200, "headers": headers, "thread": here},
        {"type": "http.response.body", "body": b"<p>", "more_body": True, "thread": here},
        {"type": "http.response.body", "body": b"Bun\xc4\x83</p>", "more_body": False, "thread": here},
    ]


def test_an_answer_without_a_body_ends() -> None:
    def page(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("302 Found", [("Location", "/")])
        return []

    told = asked(page, b"")

    assert [(one["type"], one.get("more_body")) for one in told] == [
        ("http.response.start", None),
        ("http.response.body", False),
    ]


def test_the_page_is_computed_elsewhere_and_reads_what_was_sent() -> None:
    seen: dict[str, Any] = {}

    def page(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        seen.update(environ, thread=threading.current_thread(), form=environ["wsgi.input"].read(11))
        start("200 OK", [])
        return [b"ok"]

    asked(page, b"text=", b"b", b"un", b"\xc4\x83!")

    assert seen["thread"] is not threading.main_thread()
    assert seen["form"] == b"text=bun\xc4\x83!"
    assert (seen["REQUEST_METHOD"], seen["QUERY_STRING"], seen["HTTP_COOKIE"]) == ("POST", "view=open", "a=1")
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/tickets/ș/"
    assert seen["REMOTE_ADDR"] == "192.0.2.1"


def test_a_large_file_flows_and_never_waits_in_memory_as_a_whole() -> None:
    piece, waiting, most = b"x" * 100_000, 0, 0

    def pieces() -> Iterator[bytes]:
        nonlocal waiting, most
        for _number in range(100):
            waiting += len(piece)
            most = max(most, waiting)
            yield piece

    def file(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        return pieces()

    async def send(message: Message) -> None:
        nonlocal waiting
        waiting -= len(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(WholeAnswers(file, threads=1)(scope, receive, send))

    assert waiting == 0
    assert most <= AT_ONCE_BYTES + len(piece)


def test_what_was_opened_is_closed_and_the_error_is_told_to_the_server() -> None:
    closed: list[bool] = []

    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            yield b"half"
            raise OSError("the disk is gone")

        def close(self) -> None:
            closed.append(True)

    def file(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        return Broken()

    with pytest.raises(OSError, match="the disk is gone"):
        asked(file, b"")
    assert closed == [True]
