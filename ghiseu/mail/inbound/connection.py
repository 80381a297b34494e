"""What fetching by IMAP and by POP3 have in common: a way to a server, and sentences for what goes wrong on it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from ghiseu.lib.sealing import CannotUnseal
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.models import Mailbox
from ghiseu.mail.network import has_public_peer, is_public, is_this_machine

ANSWER_SECONDS = 30
BATCH_MAILS = 50
BATCH_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class OnServer:
    """A mail that lies on the server: `size` in bytes, as the server counts them. `uid` holds within one session."""

    uid: str
    size: int


class Place(Protocol):
    """Where mails lie on a server: a folder (IMAP), or the whole maildrop (POP3)."""

    def mails(self) -> list[OnServer]:
        """What is to be taken, oldest first."""

    def count(self) -> int:
        """How many mails lie here by now, taken or not."""

    def raw(self, mails: Sequence[OnServer]) -> Iterator[tuple[str, bytes]]:
        """UID and bytes of each that is still there, unchanged by our reading."""

    def done_with(self, uids: Sequence[str]) -> None:
        """These are committed here: delete, move or mark them, as the mailbox says, and touch no others."""


class Server(Protocol):
    """A mail server that has let us in."""

    def names(self) -> list[str]:
        """The places to look into."""

    def place(self, name: str) -> Place:
        """One of them. Raises PlaceRefused."""


class PlaceRefused(Unreachable):
    """A folder that is not there or not ours; the others can still be looked into."""


def in_batches(mails: Sequence[OnServer]) -> Iterator[list[OnServer]]:
    """Several small mails or one large at a time, so that the memory needed stays that of the largest mail."""
    batch: list[OnServer] = []
    for mail in mails:
        if batch and (len(batch) >= BATCH_MAILS or sum(one.size for one in batch) + mail.size > BATCH_BYTES):
            yield batch
            batch = []
        batch.append(mail)
    if batch:
        yield batch


def refuse_plain_to_others(mailbox: Mailbox) -> None:
    """Raises Unreachable where the password would travel without TLS to another machine."""
    if mailbox.security == Mailbox.Security.PLAIN and not is_this_machine(mailbox.host):
        raise Unreachable(
            _("Without TLS only a server on this machine is spoken to, and %(host)s is none. Use TLS or STARTTLS.")
            % {"host": mailbox.host}
        )


def refuse_inside(mailbox: Mailbox, line: socket.socket | None = None) -> None:
    """Raises Unreachable where the server, or who answers on `line`, stands in our own network without leave (X2).

    Raises OSError for a name that nobody knows.
    """
    if mailbox.may_be_inside or (has_public_peer(line) if line else is_public(mailbox.host)):
        return
    raise Unreachable(
        _(
            "%(host)s stands in the network of this installation. On pages only servers on the open internet can be "
            "set up; whoever runs the machine can add the mailbox with: ghiseu mailbox add"
        )
        % {"host": mailbox.host}
    )


@contextmanager
def troubles_told(mailbox: Mailbox, protocol_errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Whatever goes wrong in the block becomes Unreachable with a sentence."""
    kinds: tuple[type[Exception], ...] = (OSError, UnicodeError, *protocol_errors)
    try:
        yield
    except CannotUnseal as error:
        raise Unreachable(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            _("The certificate of %(server)s is not trusted: %(cause)s.")
            % {"server": mailbox.server, "cause": error.verify_message}
        ) from error
    except kinds as error:
        cause = (error.strerror if isinstance(error, OSError) else "") or readable(str(error)) or type(error).__name__
        raise Unreachable(
            _("%(server)s cannot be reached or does not answer as it should: %(cause)s.")
            % {"server": mailbox.server, "cause": cause.rstrip(".")}
        ) from error


def login_refused(mailbox: Mailbox, answer: str) -> str:
    return _("%(server)s lets %(login)s not in: %(answer)s. Check the login name and the password.") % {
        "server": mailbox.server,
        "login": mailbox.login,
        "answer": answer,
    }


def readable(said: str | bytes | Iterable[object]) -> str:
    """What a server said, on one line of bounded length."""
    if not isinstance(said, str | bytes):
        said = b" ".join(line for line in said if isinstance(line, bytes))
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.replace("\x00", "").split())[:500].rstrip(".")
