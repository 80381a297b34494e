"""A POP3 server of the tests' own (RFC 1939), with TLS on demand, XOAUTH2 and ways to break off."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Maildrop:
    """What lies there, by number, and everything that was asked."""

    mails: dict[int, bytes] = field(default_factory=dict)
    login: str = "support"
    password: str = "window-42"
    tokens: set[str] = field(default_factory=set)
    refusal: str = "-ERR [AUTH] Authentication failed."
    # The size that LIST tells, where that is not the truth.
    sizes: dict[int, int] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    commands: list[str] = field(default_factory=list)
    # Hang up instead of answering the first command that begins so.
    dies_at: str = ""

    def put(self, raw: bytes, *, size: int = -1) -> int:
        number = max(self.mails, default=0) + 1
        self.mails[number] = raw
        if size >= 0:
            self.sizes[number] = size
        return number


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.drop: Maildrop = self.server.drop  # type: ignore[attr-defined]  # set where the server is made
        self.user = ""
        self.marked: set[int] = set()
        self.say("+OK ready")
        while line := self.rfile.readline():
            command = line.strip().decode()
            self.drop.commands.append(command)
            if self.drop.dies_at and command.startswith(self.drop.dies_at):
                self.drop.dies_at = ""
                return
            method = getattr(self, f"do_{command.split(' ')[0]}", None)
            self.say(method(command) if method else "-ERR unknown command")
            if command == "STLS" and self.drop.tls:
                self.go_inside_tls(self.drop.tls)
            if command == "QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def go_inside_tls(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def do_CAPA(self, _command: str) -> str:  # noqa: N802 -- the verbs of the protocol
        return "+OK list follows\r\nSTLS\r\nUSER\r\n." if self.drop.tls else "+OK list follows\r\nUSER\r\n."

    def do_STLS(self, _command: str) -> str:  # noqa: N802
        return "+OK begin" if self.drop.tls else "-ERR no TLS here"

    def do_USER(self, command: str) -> str:  # noqa: N802
        self.user = command.removeprefix("USER ")
        return "+OK"

    def do_PASS(self, command: str) -> str:  # noqa: N802
        self.drop.commands[-1] = "PASS ..."
        is_right = (self.user, command.removeprefix("PASS ")) == (self.drop.login, self.drop.password)
        return "+OK in" if is_right else self.drop.refusal

    def do_AUTH(self, _command: str) -> str:  # noqa: N802
        self.say("+ ")
        said = base64.b64decode(self.rfile.readline().strip()).decode()
        if said in {f"user={self.drop.login}\1auth=Bearer {token}\1\1" for token in self.drop.tokens}:
            return "+OK in"
        self.say("+ " + base64.b64encode(b'{"status":"400"}').decode())
        assert self.rfile.readline().strip() == b""
        return self.drop.refusal

    def do_LIST(self, _command: str) -> str:  # noqa: N802
        there = {number: raw for number, raw in self.drop.mails.items() if number not in self.marked}
        lines = [f"{number} {self.drop.sizes.get(number, len(raw))}" for number, raw in there.items()]
        return "\r\n".join(["+OK", *lines, "."])

    def do_RETR(self, command: str) -> str:  # noqa: N802
        raw = self.drop.mails[int(command.split(" ")[1])]
        lines = raw.split(b"\r\n")
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        self.wfile.write(b"+OK\r\n" + stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n"))
        return "."

    def do_DELE(self, command: str) -> str:  # noqa: N802
        self.marked.add(int(command.split(" ")[1]))
        return "+OK marked"

    def do_QUIT(self, _command: str) -> str:  # noqa: N802
        for number in self.marked:
            del self.drop.mails[number]
        return "+OK bye"


@contextlib.contextmanager
def serving(drop: Maildrop, *, inside_tls: bool = False) -> Iterator[int]:
    """Serve the maildrop on a port of the loopback, which is given; `inside_tls` from the first byte."""

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, _request: Any, _client: Any) -> None:
            """A client that hangs up is part of the tests."""

    with Server(("127.0.0.1", 0), Session) as server:
        server.drop = drop  # type: ignore[attr-defined]
        if inside_tls:
            assert drop.tls is not None
            server.socket = drop.tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
