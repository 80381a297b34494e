"""An IMAP server of the tests' own: as much of RFC 3501 as fetching needs, and abilities to take away."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Stored:
    raw: bytes
    flags: set[str] = field(default_factory=set)
    size: int = -1  # as the server says, where that is not the truth


@dataclass
class Account:
    """One account: folders with mails by UID, and everything that was asked of it."""

    folders: dict[str, dict[int, Stored]] = field(default_factory=lambda: {"INBOX": {}})
    abilities: str = "IMAP4rev1 UIDPLUS MOVE"
    login: str = "support"
    password: str = "window-42"
    takes_new_flags: bool = True
    uid_last: bool = False
    commands: list[str] = field(default_factory=list)
    # Hang up instead of answering the first command that begins so.
    dies_at: str = ""
    next_uid: int = 1
    # Access tokens that are taken, besides the password.
    tokens: set[str] = field(default_factory=set)
    # Sessions in IDLE; each is told of a new mail.
    listeners: list[Callable[[], None]] = field(default_factory=list)
    idle: threading.Event = field(default_factory=threading.Event)

    def put(self, raw: bytes, *, folder: str = "INBOX", flags: tuple[str, ...] = (), size: int = -1) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.folders[folder][uid] = Stored(raw, set(flags), size)
        for tell in list(self.listeners):
            tell()
        return uid

    def raws(self, folder: str = "INBOX") -> list[bytes]:
        return [stored.raw for stored in self.folders[folder].values()]

    def changing(self) -> list[str]:
        """What was asked that changes something on the server."""
        verbs = ("UID STORE", "UID EXPUNGE", "EXPUNGE", "UID MOVE", "UID COPY", "CREATE", "DELETE", "CLOSE", "APPEND")
        return [command for command in self.commands if command.startswith(verbs)]


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.account: Account = self.server.account  # type: ignore[attr-defined]  # set where the server is made
        self.folder: dict[int, Stored] = {}
        self.is_in = False
        self.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")
        while line := self.rfile.readline():
            tag, _, command = line.strip().decode().partition(" ")
            self.account.commands.append(command)
            if self.account.dies_at and command.startswith(self.account.dies_at):
                self.account.dies_at = ""
                return
            verb = command.upper().removeprefix("UID ").split(" ")[0]
            method = getattr(self, f"do_{verb}", None)
            if method is None:
                self.say(f"{tag} BAD unknown command")
            else:
                self.say(f"{tag} {method(command)}")
            if verb == "LOGOUT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def do_CAPABILITY(self, _command: str) -> str:  # noqa: N802 -- the verbs of the protocol
        self.say(f"* CAPABILITY {self.account.abilities if self.is_in else 'IMAP4rev1'}")
        return "OK done"

    def do_LOGIN(self, command: str) -> str:  # noqa: N802
        if command == f'LOGIN "{self.account.login}" "{self.account.password}"':
            self.is_in = True
            return "OK welcome"
        return "NO [AUTHENTICATIONFAILED] Authentication failed."

    def do_AUTHENTICATE(self, command: str) -> str:  # noqa: N802
        assert command == "AUTHENTICATE XOAUTH2"
        self.say("+ ")
        said = base64.b64decode(self.rfile.readline().strip()).decode()
        self.account.commands.append(f"token {said!r}")
        if said in {f"user={self.account.login}\1auth=Bearer {token}\1\1" for token in self.account.tokens}:
            self.is_in = True
            return "OK welcome"
        self.say("+ " + base64.b64encode(b'{"status":"400"}').decode())
        assert self.rfile.readline().strip() == b""
        return "NO [AUTHENTICATIONFAILED] Token refused."

    def do_IDLE(self, _command: str) -> str:  # noqa: N802
        def tell() -> None:
            self.say(f"* {len(self.folder)} EXISTS")

        self.say("+ idling")
        self.account.listeners.append(tell)
        self.account.idle.set()
        try:
            line = self.rfile.readline().strip().decode()
        finally:
            self.account.listeners.remove(tell)
        self.account.commands.append(line)
        return "OK done"

    def do_SELECT(self, command: str) -> str:  # noqa: N802
        name = command.split(" ", 1)[1].strip('"')
        if name not in self.account.folders:
            return "NO [NONEXISTENT] Mailbox doesn't exist"
        self.folder = self.account.folders[name]
        self.say(f"* {len(self.folder)} EXISTS")
        new = r" \*" if self.account.takes_new_flags else ""
        self.say(rf"* OK [PERMANENTFLAGS (\Seen \Deleted{new})] allowed")
        self.say("* OK [UIDVALIDITY 1] valid")
        return "OK [READ-WRITE] selected"

    do_EXAMINE = do_SELECT  # noqa: N815

    def do_SEARCH(self, command: str) -> str:  # noqa: N802
        wants = command.split(" ", 2)[2]
        deleted = [uid for uid, mail in self.folder.items() if r"\Deleted" in mail.flags]
        if wants.startswith("UNDELETED"):
            without = {"UNSEEN": r"\Seen"}.get(wants.split(" ")[-1], wants.split(" ")[-1])
            found = [uid for uid in self.folder if uid not in deleted and without not in self.folder[uid].flags]
        else:
            keyword = wants.removeprefix("DELETED KEYWORD ")
            found = [uid for uid in deleted if keyword in self.folder[uid].flags]
        self.say(f"* SEARCH {' '.join(map(str, found))}")
        return "OK done"

    def do_FETCH(self, command: str) -> str:  # noqa: N802
        _uid, _fetch, uids, parts = command.split(" ", 3)
        for number, uid in enumerate(self.chosen(uids), start=1):
            mail = self.folder[uid]
            if "BODY.PEEK[]" in parts:
                head, tail = ("", f" UID {uid}") if self.account.uid_last else (f"UID {uid} ", "")
                self.wfile.write(f"* {number} FETCH ({head}BODY[] {{{len(mail.raw)}}}\r\n".encode())
                self.wfile.write(mail.raw + f"{tail})\r\n".encode())
            else:
                size = mail.size if mail.size >= 0 else len(mail.raw)
                self.say(f"* {number} FETCH (UID {uid} RFC822.SIZE {size})")
        return "OK done"

    def do_STORE(self, command: str) -> str:  # noqa: N802
        _uid, _store, uids, _how, flags = command.split(" ", 4)
        for uid in self.chosen(uids):
            self.folder[uid].flags |= set(flags.strip("()").split())
        return "OK done"

    def do_EXPUNGE(self, command: str) -> str:  # noqa: N802
        words = command.split(" ")
        uids = self.chosen(words[2]) if words[0] == "UID" else list(self.folder)
        for uid in uids:
            if r"\Deleted" in self.folder[uid].flags:
                del self.folder[uid]
        return "OK done"

    def do_MOVE(self, command: str) -> str:  # noqa: N802
        self.do_COPY(command)
        for uid in self.chosen(command.split(" ")[2]):
            del self.folder[uid]
        return "OK done"

    def do_COPY(self, command: str) -> str:  # noqa: N802
        _uid, _verb, uids, folder = command.split(" ", 3)
        for uid in self.chosen(uids):
            self.account.put(self.folder[uid].raw, folder=folder.strip('"'))
        return "OK done"

    def do_LIST(self, command: str) -> str:  # noqa: N802
        if (name := command.split(" ", 2)[2].strip('"')) in self.account.folders:
            self.say(rf'* LIST (\HasNoChildren) "/" "{name}"')
        return "OK done"

    def do_CREATE(self, command: str) -> str:  # noqa: N802
        self.account.folders[command.split(" ", 1)[1].strip('"')] = {}
        return "OK done"

    def do_LOGOUT(self, _command: str) -> str:  # noqa: N802
        self.say("* BYE")
        return "OK done"

    def chosen(self, uids: str) -> list[int]:
        return [int(uid) for uid in uids.split(",") if int(uid) in self.folder]


@contextlib.contextmanager
def serving(account: Account, port: int = 0) -> Iterator[int]:
    """Serve the account on a port of the loopback, which is given."""

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, _request: Any, _client: Any) -> None:
            """A client that hangs up is part of the tests."""

    with Server(("127.0.0.1", port), Session) as server:
        server.account = account  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
