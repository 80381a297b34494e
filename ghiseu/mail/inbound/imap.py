"""One IMAP folder of one mailbox: looking, taking, and removing exactly what was taken (RFC 3501).

UIDs are used within one session only, in which a folder's UIDVALIDITY cannot change, and are never kept: what is held
here is known by its bytes.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError, UnexpectedCommandStatusError
from imap_tools.utils import encode_folder

from ghiseu.lib.sealing import CannotUnseal, unseal
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.models import Mailbox
from ghiseu.mail.network import is_this_machine

ANSWER_SECONDS = 30
# Marks what we hold and have begun to remove, so that a removal cut in two is finished by the next session.
HELD = "$GhiseuHeld"

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")


class LoginRefused(Unreachable):
    """The server lets us not in: trying again soon may lock the account."""


@dataclass(frozen=True, slots=True)
class OnServer:
    """A mail that lies on the server: `size` in bytes, as the server counts them."""

    uid: str
    size: int


class Folder:
    """The selected folder. Only `remove` and `move` change anything on the server."""

    def __init__(self, box: BaseMailBox, name: str, *, read_only: bool = False) -> None:
        self.box = box
        box.folder.set(name, readonly=read_only)
        allowed = box.client.untagged_responses.get("PERMANENTFLAGS") or [b""]
        self.takes_new_flags = rb"\*" in (allowed[-1] or b"")
        # Many servers tell what they can do only to those who are signed in.
        answer = _checked(box.client.capability())
        self.abilities = {word.upper() for word in b" ".join(answer).decode("ascii", "replace").split()}

    def mails(self) -> list[OnServer]:
        """What lies there, oldest first, without what somebody has marked as deleted."""
        uids = self._search("UNDELETED")
        found: list[OnServer] = []
        for some in _in_groups(uids, 500):
            for head, _body in self._fetch(some, "(UID RFC822.SIZE)"):
                uid, size = _UID.search(head), _SIZE.search(head)
                if uid and size:
                    found.append(OnServer(uid[1].decode(), int(size[1])))
        return sorted(found, key=lambda mail: int(mail.uid))

    def raw(self, mails: Sequence[OnServer]) -> Iterator[tuple[str, bytes]]:
        """UID and bytes of each that is still there, unchanged by our reading."""
        wanted = {mail.uid for mail in mails}
        for head, body in self._fetch([mail.uid for mail in mails], "(UID BODY.PEEK[])"):
            uid = _UID.search(head)
            if body is not None and uid and uid[1].decode() in wanted:
                yield uid[1].decode(), body

    def remove(self, uids: Sequence[str]) -> None:
        """Delete these and no others, in the way of RFC 4315.

        A server without UIDPLUS can only remove everything that anybody has marked: there they are marked, not removed.
        """
        if not uids:
            return
        flags = rf"(\Deleted {HELD})" if self.takes_new_flags else r"(\Deleted)"
        _checked(self.box.client.uid("STORE", ",".join(uids), "+FLAGS.SILENT", flags))
        self._expunge(uids)

    def finish_removing(self) -> None:
        """Remove what an earlier session held and marked, and had no time to remove."""
        if self.takes_new_flags and (uids := self._search(f"DELETED KEYWORD {HELD}")):
            self._expunge(uids)

    def move(self, uids: Sequence[str], folder: str) -> None:
        """Put these into another folder of the account, which is made if it is missing (RFC 6851)."""
        if not uids:
            return
        if not self.box.folder.exists(folder):
            self.box.folder.create(folder)
        if "MOVE" in self.abilities:
            _checked(self.box.client.uid("MOVE", ",".join(uids), _wire(folder)))
            return
        _checked(self.box.client.uid("COPY", ",".join(uids), _wire(folder)))
        self.remove(uids)

    def _expunge(self, uids: Sequence[str]) -> None:
        if "UIDPLUS" in self.abilities:
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
def opened(mailbox: Mailbox, *, read_only: bool = False) -> Iterator[Folder]:
    """Sign in and select the mailbox's folder; afterwards sign out.

    Whatever goes wrong, also later in the block, becomes Unreachable with a sentence. `read_only` changes nothing, also
    not by mistake.
    """
    server = f"{mailbox.imap_host}:{mailbox.imap_port}"
    try:
        with _connected(mailbox) as box:
            _sign_in(box, mailbox, server)
            yield Folder(box, mailbox.imap_folder, read_only=read_only)
    except CannotUnseal as error:
        raise Unreachable(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            _("The certificate of %(server)s is not trusted: %(cause)s.")
            % {"server": server, "cause": error.verify_message}
        ) from error
    except UnexpectedCommandStatusError as error:
        raise Unreachable(
            _("%(server)s refused: %(answer)s. Check the folder %(folder)s and the rights on it.")
            % {"server": server, "answer": _words(error), "folder": mailbox.imap_folder}
        ) from error
    except (OSError, imaplib.IMAP4.error, ImapToolsError, UnicodeError) as error:
        cause = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        raise Unreachable(
            _("%(server)s cannot be reached or does not answer as it should: %(cause)s.")
            % {"server": server, "cause": cause.rstrip(".")}
        ) from error


@contextmanager
def _connected(mailbox: Mailbox) -> Iterator[BaseMailBox]:
    if mailbox.imap_security == Mailbox.Security.PLAIN and not is_this_machine(mailbox.imap_host):
        raise Unreachable(
            _("Without TLS only a server on this machine is spoken to, and %(host)s is none. Use TLS or STARTTLS.")
            % {"host": mailbox.imap_host}
        )
    box = _box(mailbox)
    try:
        yield box
    except BaseException:
        # No polite goodbye: the server may not be listening any more.
        with suppress(OSError):
            box.client.shutdown()
        raise
    with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):  # everything was done before
        box.logout()


def _box(mailbox: Mailbox) -> BaseMailBox:
    host, port = mailbox.imap_host, mailbox.imap_port
    if mailbox.imap_security == Mailbox.Security.TLS:
        return MailBox(host, port, timeout=ANSWER_SECONDS, ssl_context=ssl.create_default_context())
    if mailbox.imap_security == Mailbox.Security.STARTTLS:
        return MailBoxStartTls(host, port, timeout=ANSWER_SECONDS, ssl_context=ssl.create_default_context())
    return MailBoxUnencrypted(host, port, timeout=ANSWER_SECONDS)


def _sign_in(box: BaseMailBox, mailbox: Mailbox, server: str) -> None:
    login, password = mailbox.imap_login, unseal(mailbox.imap_password, key=settings.SECRET_KEY)
    try:
        if (login + password).isascii():
            box.login(login, password, initial_folder=None)
        else:
            box.login_utf8(login, password, initial_folder=None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        raise LoginRefused(
            _("%(server)s lets %(login)s not in: %(answer)s. Check the login name and the password.")
            % {"server": server, "login": login, "answer": _words(error)}
        ) from error


def _words(error: Exception) -> str:
    """What the server said, without our password, which no server repeats."""
    if isinstance(error, UnexpectedCommandStatusError):
        lines = error.command_result[1] or []
        said = b" ".join(line for line in lines if isinstance(line, bytes)).decode("utf-8", "replace")
    else:
        said = str(error)
    return " ".join(said.replace("\x00", "").split())[:500].rstrip(".") or type(error).__name__
