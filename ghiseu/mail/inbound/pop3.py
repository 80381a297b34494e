"""Speaking POP3 with a mailbox's server (RFC 1939): a maildrop that is emptied from the oldest mail on.

What DELE marks the server deletes at QUIT and not before. So a session that is cut deletes nothing, and the next one
finds mails that are held here already; they are known by their bytes, and UIDL is not needed.
"""

from __future__ import annotations

import base64
import poplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from ghiseu.lib.sealing import unseal
from ghiseu.mail.errors import LoginRefused, SignInAgain, TokenRefused, Unreachable
from ghiseu.mail.inbound.connection import (
    ANSWER_SECONDS,
    OnServer,
    login_refused,
    readable,
    refuse_inside,
    refuse_plain_to_others,
    troubles_told,
)
from ghiseu.mail.inbound.oauth import access_token, why_refused, xoauth2
from ghiseu.mail.models import Mailbox

# Refusals that are about the moment and not about the password (RFC 2449 section 8.1, RFC 3206).
_LATER = ("[IN-USE]", "[LOGIN-DELAY", "[SYS/TEMP]")
_PIECE_BYTES = 65_536
_LINE_END = b"\r\n"


class Wire(poplib.POP3):
    """poplib with the two things that mail needs besides: bytes as they are, in lines of any length, and XOAUTH2."""

    if TYPE_CHECKING:

        def _shortcmd(self, line: str) -> bytes: ...

    def mail(self, number: str, limit: int) -> bytes:
        """The mail with every byte, also bare line ends; what lies above `limit` bytes is read and dropped.

        Only CRLF ends a line (RFC 1939 section 3): a server does not double the dot after anything else.
        """
        self._shortcmd(f"RETR {number}")
        raw, tail, dropped = bytearray(), _LINE_END, 0
        while True:
            piece: bytes = self.file.readline(_PIECE_BYTES)
            if not piece:
                raise poplib.error_proto("-ERR the connection ended in the middle of a mail")
            at_line_start = tail == _LINE_END
            if at_line_start and piece == b".\r\n":
                return bytes(raw)
            tail = (tail + piece)[-2:]
            text = piece[1:] if at_line_start and piece.startswith(b".") else piece
            if len(raw) <= limit:
                raw += text
            else:
                dropped += len(text)
            if dropped > limit:
                raise poplib.error_proto("-ERR the mail does not end")

    def xoauth2(self, first: bytes) -> None:
        """In two steps, as a token is longer than a command may be (RFC 5034 section 4). Raises error_proto."""
        self._shortcmd("AUTH XOAUTH2")
        answer = self._shortcmd(base64.b64encode(first).decode("ascii"))
        if answer.startswith(b"+OK"):
            return
        # The server explains its refusal in a challenge of its own and wants an empty answer before it says -ERR.
        self._shortcmd("")
        raise poplib.error_proto(answer)


class WireOverTLS(poplib.POP3_SSL, Wire):
    """The same inside TLS from the first byte (RFC 8314)."""


class Session:
    """A server that has let us in."""

    def __init__(self, wire: Wire, mailbox: Mailbox, *, read_only: bool) -> None:
        self.wire, self.mailbox, self.read_only = wire, mailbox, read_only

    def names(self) -> list[str]:
        return [self.mailbox.login]

    def place(self, _name: str) -> Maildrop:
        return Maildrop(self)


class Maildrop:
    """All there is at a POP3 server. Only `done_with` changes anything, and only once QUIT is answered."""

    def __init__(self, session: Session) -> None:
        self.session, self.wire = session, session.wire
        self._marked: set[str] = set()

    def mails(self) -> list[OnServer]:
        _answer, lines, _size = self.wire.list()
        found = [line.decode("ascii", "replace").split() for line in lines]
        return [OnServer(words[0], int(words[1])) for words in found if len(words) > 1 and words[1].isdigit()]

    def count(self) -> int:
        return len(self.mails())

    def raw(self, mails: Sequence[OnServer]) -> Iterator[tuple[str, bytes]]:
        for mail in mails:
            yield mail.uid, self.wire.mail(mail.uid, settings.MAIL_MAX_BYTES)

    def done_with(self, uids: Sequence[str]) -> None:
        if self.session.read_only:
            raise RuntimeError("a session that only looks was asked to delete")
        for uid in uids:
            self.wire.dele(uid)


@contextmanager
def opened(mailbox: Mailbox, *, read_only: bool = False) -> Iterator[Session]:
    """Sign in; afterwards QUIT, which deletes what was marked. `read_only` marks nothing.

    Whatever goes wrong, also at the end, becomes Unreachable with a sentence: then nothing was deleted.
    """
    refuse_plain_to_others(mailbox)
    with troubles_told(mailbox, (poplib.error_proto, EOFError)), _connected(mailbox) as wire:
        _sign_in(wire, mailbox)
        yield Session(wire, mailbox, read_only=read_only)


@contextmanager
def _connected(mailbox: Mailbox) -> Iterator[Wire]:
    refuse_inside(mailbox)
    wire = _wire(mailbox)
    try:
        refuse_inside(mailbox, wire.sock)
        yield wire
        wire.quit()
    except BaseException:
        # Without QUIT nothing is deleted (RFC 1939 section 6), which is what we want in doubt.
        with suppress(OSError):
            wire.sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            wire.close()
        raise


def _wire(mailbox: Mailbox) -> Wire:
    if mailbox.security == Mailbox.Security.TLS:
        context = ssl.create_default_context()
        return WireOverTLS(mailbox.host, mailbox.port, timeout=ANSWER_SECONDS, context=context)
    wire = Wire(mailbox.host, mailbox.port, timeout=ANSWER_SECONDS)
    if mailbox.security == Mailbox.Security.STARTTLS:
        try:
            wire.stls(context=ssl.create_default_context())
        except BaseException:
            with suppress(OSError):  # a failed handshake has taken the socket with it
                wire.close()
            raise
    return wire


def _sign_in(wire: Wire, mailbox: Mailbox) -> None:
    if mailbox.sign_in == Mailbox.SignIn.OAUTH2:
        token = access_token(mailbox)
        refusal: type[LoginRefused] = SignInAgain if token.is_new else TokenRefused
        try:
            wire.xoauth2(xoauth2(mailbox.login, token.value))
        except poplib.error_proto as error:
            _raise_if_later(mailbox, error)
            raise refusal(why_refused(mailbox, _words(error))) from error
        return
    try:
        wire.user(mailbox.login)
        wire.pass_(unseal(mailbox.password, key=settings.SECRET_KEY))
    except poplib.error_proto as error:
        _raise_if_later(mailbox, error)
        raise LoginRefused(login_refused(mailbox, _words(error))) from error


def _raise_if_later(mailbox: Mailbox, error: poplib.error_proto) -> None:
    """A maildrop serves one session at a time; another of ours or of a person's may hold it now."""
    answer = _words(error)
    if answer.upper().startswith(_LATER):
        raise Unreachable(
            _("%(server)s is busy: %(answer)s. It is tried again.") % {"server": mailbox.server, "answer": answer}
        ) from error


def _words(error: poplib.error_proto) -> str:
    said = error.args[0] if error.args else b""
    return readable(said if isinstance(said, bytes) else str(said)).removeprefix("-ERR").strip() or "-ERR"
