"""Speaking IMAP with a mailbox's server: listing, taking, and removing or marking exactly what was taken (RFC 3501).

UIDs are used within one session only, in which a folder's UIDVALIDITY cannot change, and are never kept: what is held
here is known by its bytes.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError, UnexpectedCommandStatusError
from imap_tools.utils import encode_folder

from ghiseu.lib.sealing import unseal
from ghiseu.mail.errors import LoginRefused, SignInAgain, TokenRefused, Unreachable
from ghiseu.mail.inbound.connection import (
    ANSWER_SECONDS,
    OnServer,
    PlaceRefused,
    login_refused,
    readable,
    refuse_inside,
    refuse_plain_to_others,
    troubles_told,
)
from ghiseu.mail.inbound.oauth import access_token, why_refused, xoauth2
from ghiseu.mail.models import Mailbox

# Marks what we hold: left on the server with it, or begun to remove, so that a removal cut in two is finished later.
HELD = "$GhiseuHeld"
Afterwards = Mailbox.Afterwards

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")


class Session:
    """A server that has let us in."""

    def __init__(self, box: BaseMailBox, mailbox: Mailbox, *, read_only: bool) -> None:
        self.box, self.mailbox, self.read_only = box, mailbox, read_only
        # Many servers tell what they can do only to those who are signed in.
        answer = _checked(box.client.capability())
        self.abilities = {word.upper() for word in b" ".join(answer).decode("ascii", "replace").split()}

    def names(self) -> list[str]:
        return list(self.mailbox.folders)

    def place(self, name: str) -> Folder:
        """The folder, selected. Raises PlaceRefused."""
        try:
            return Folder(self, name)
        except UnexpectedCommandStatusError as error:
            raise PlaceRefused(
                _("%(server)s refused: %(answer)s. Check the folder %(folder)s and the rights on it.")
                % {"server": self.mailbox.server, "answer": _words(error), "folder": name}
            ) from error


class Folder:
    """The selected folder. Only `done_with` and `finish_removing` change anything on the server."""

    def __init__(self, session: Session, name: str) -> None:
        self.session, self.box, self.name = session, session.box, name
        self.box.folder.set(name, readonly=session.read_only)
        allowed = (self.box.client.untagged_responses.get("PERMANENTFLAGS") or [b""])[-1] or b""
        self.takes_our_flag = rb"\*" in allowed or HELD.encode() in allowed
        self._is_tidy = session.read_only or session.mailbox.afterwards == Afterwards.FLAG

    def mails(self) -> list[OnServer]:
        """What is to be taken, oldest first, without what somebody has marked as deleted."""
        if not self._is_tidy:
            self.finish_removing()
        return self._listed(self._wanted())

    def everything(self) -> list[OnServer]:
        """The same, whether it was taken before or not."""
        return self._listed("UNDELETED")

    def _listed(self, what: str) -> list[OnServer]:
        uids = self._search(what)
        found: list[OnServer] = []
        for some in _in_groups(uids, 500):
            for head, _body in self._fetch(some, "(UID RFC822.SIZE)"):
                uid, size = _UID.search(head), _SIZE.search(head)
                if uid and size:
                    found.append(OnServer(uid[1].decode(), int(size[1])))
        return sorted(found, key=lambda mail: int(mail.uid))

    def _wanted(self) -> str:
        if self.session.mailbox.afterwards != Afterwards.FLAG:
            return "UNDELETED"
        # Where a server takes no flag of ours, reading it is the mark, and mail read elsewhere counts as taken too.
        return f"UNDELETED UNKEYWORD {HELD}" if self.takes_our_flag else "UNDELETED UNSEEN"

    def count(self) -> int:
        return len(self._search("UNDELETED"))

    def raw(self, mails: Sequence[OnServer]) -> Iterator[tuple[str, bytes]]:
        """UID and bytes of each that is still there, unchanged by our reading."""
        wanted = {mail.uid for mail in mails}
        for head, body in self._fetch([mail.uid for mail in mails], "(UID BODY.PEEK[])"):
            uid = _UID.search(head)
            if body is not None and uid and uid[1].decode() in wanted:
                yield uid[1].decode(), body

    def done_with(self, uids: Sequence[str]) -> None:
        """Delete, move or mark these and no others, as the mailbox says."""
        if not uids:
            return
        afterwards, target = self.session.mailbox.afterwards, self.session.mailbox.move_to_folder
        if afterwards == Afterwards.FLAG:
            self._flag(uids, HELD if self.takes_our_flag else r"\Seen")
        elif afterwards == Afterwards.MOVE:
            self._move(uids, target)
        else:
            self._remove(uids)

    def finish_removing(self) -> None:
        """Remove what an earlier session held and marked, and had no time to remove."""
        if self.takes_our_flag and (uids := self._search(f"DELETED KEYWORD {HELD}")):
            self._expunge(uids)

    def _flag(self, uids: Sequence[str], *flags: str) -> None:
        _checked(self.box.client.uid("STORE", ",".join(uids), "+FLAGS.SILENT", f"({' '.join(flags)})"))

    def _remove(self, uids: Sequence[str]) -> None:
        """In the way of RFC 4315. A server without UIDPLUS can only remove everything that anybody has marked: there
        they are marked, not removed."""
        self._flag(uids, r"\Deleted", *([HELD] if self.takes_our_flag else []))
        self._expunge(uids)

    def _move(self, uids: Sequence[str], folder: str) -> None:
        """Into another folder of the account, which is made if it is missing (RFC 6851)."""
        if not self.box.folder.exists(folder):
            self.box.folder.create(folder)
        if "MOVE" in self.session.abilities:
            _checked(self.box.client.uid("MOVE", ",".join(uids), _wire(folder)))
            return
        _checked(self.box.client.uid("COPY", ",".join(uids), _wire(folder)))
        self._remove(uids)

    def _expunge(self, uids: Sequence[str]) -> None:
        if "UIDPLUS" in self.session.abilities:
            _checked(self.box.client.uid("EXPUNGE", ",".join(uids)))

    def _search(self, what: str) -> list[str]:
        found = _checked(self.box.client.uid("SEARCH", what))
        return sorted({uid.decode() for line in found for uid in line.split()}, key=int)

    def _fetch(self, uids: Sequence[str], parts: str) -> Iterator[tuple[bytes, bytes | None]]:
        """Each answer's text, with the literal where it has one; a server may put the UID before or after it."""
        if not uids:
            return
        pending: tuple[bytes, bytes | None] | None = None
        for item in _checked(self.box.client.uid("FETCH", ",".join(uids), parts)):
            if isinstance(item, tuple):
                if pending:
                    yield pending
                pending = item[0], item[1]
            elif isinstance(item, bytes) and pending:
                yield pending[0] + item, pending[1]
                pending = None
            elif isinstance(item, bytes):
                yield item, None
        if pending:
            yield pending


def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
    """The lines of a positive answer, and pairs of line and literal; raises what imap-tools does for another."""
    status, lines = answer
    if status != "OK":
        raise UnexpectedCommandStatusError(answer, "OK")
    return [line for line in lines if line is not None]


def _wire(folder: str) -> str:
    return encode_folder(folder).decode("ascii")


def _in_groups(uids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


@contextmanager
def opened(mailbox: Mailbox, *, read_only: bool = False) -> Iterator[Session]:
    """Sign in; afterwards sign out. `read_only` changes nothing, also not by mistake.

    Whatever goes wrong, also later in the block, becomes Unreachable with a sentence.
    """
    refuse_plain_to_others(mailbox)
    with troubles_told(mailbox, (imaplib.IMAP4.error, ImapToolsError)), _connected(mailbox) as box:
        _sign_in(box, mailbox)
        try:
            yield Session(box, mailbox, read_only=read_only)
        except UnexpectedCommandStatusError as error:
            raise Unreachable(
                _("%(server)s refused: %(answer)s. Check the folders and the rights on them.")
                % {"server": mailbox.server, "answer": _words(error)}
            ) from error


@contextmanager
def _connected(mailbox: Mailbox) -> Iterator[BaseMailBox]:
    refuse_inside(mailbox)
    box = _box(mailbox)
    try:
        refuse_inside(mailbox, box.client.socket())
        yield box
    except BaseException:
        # No polite goodbye: the server may not be listening any more.
        with suppress(OSError):
            box.client.shutdown()
        raise
    with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):  # everything was done before
        box.logout()


def _box(mailbox: Mailbox) -> BaseMailBox:
    host, port = mailbox.host, mailbox.port
    if mailbox.security == Mailbox.Security.TLS:
        return MailBox(host, port, timeout=ANSWER_SECONDS, ssl_context=ssl.create_default_context())
    if mailbox.security == Mailbox.Security.STARTTLS:
        return MailBoxStartTls(host, port, timeout=ANSWER_SECONDS, ssl_context=ssl.create_default_context())
    return MailBoxUnencrypted(host, port, timeout=ANSWER_SECONDS)


def _sign_in(box: BaseMailBox, mailbox: Mailbox) -> None:
    if mailbox.sign_in == Mailbox.SignIn.OAUTH2:
        _sign_in_by_token(box, mailbox)
        return
    login, password = mailbox.login, unseal(mailbox.password, key=settings.SECRET_KEY)
    try:
        if (login + password).isascii():
            box.login(login, password, initial_folder=None)
        else:
            box.login_utf8(login, password, initial_folder=None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        raise LoginRefused(login_refused(mailbox, _words(error))) from error


def _sign_in_by_token(box: BaseMailBox, mailbox: Mailbox) -> None:
    token = access_token(mailbox)
    # A server that refuses explains itself first, and wants an empty answer before it says NO.
    answers = iter([xoauth2(mailbox.login, token.value)])
    try:
        box.client.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))
    except imaplib.IMAP4.error as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        refusal = SignInAgain if token.is_new else TokenRefused
        raise refusal(why_refused(mailbox, _words(error))) from error


def _words(error: Exception) -> str:
    """What the server said, without our password, which no server repeats."""
    if isinstance(error, UnexpectedCommandStatusError):
        return readable(error.command_result[1] or []) or type(error).__name__
    return readable(str(error)) or type(error).__name__
