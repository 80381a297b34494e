"""The way to a mailbox's server, whatever it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from django.utils.translation import gettext as _

from ghiseu.mail.errors import TokenRefused, Unreachable
from ghiseu.mail.inbound import imap, pop3
from ghiseu.mail.inbound.connection import Server
from ghiseu.mail.inbound.oauth import forget_token
from ghiseu.mail.models import Mailbox


@contextmanager
def opened(mailbox: Mailbox, *, read_only: bool = False) -> Iterator[Server]:
    """Sign in to the server of a mailbox that is fetched from; afterwards sign out. `read_only` changes nothing there.

    A stored access token that the server does not take any more is replaced once. Whatever goes wrong, also later in
    the block, becomes Unreachable with a sentence; so does a mailbox that is not fetched from anywhere.
    """
    if not mailbox.is_fetched:
        raise Unreachable(
            _("Mailbox %(name)s is not fetched from a server: its mail comes by LMTP or pipe.") % {"name": mailbox.name}
        )
    with ExitStack() as stack:
        try:
            server = stack.enter_context(_door(mailbox, read_only))
        except TokenRefused:
            forget_token(mailbox)
            server = stack.enter_context(_door(mailbox, read_only))
        yield server


def _door(mailbox: Mailbox, read_only: bool) -> AbstractContextManager[Server]:
    if mailbox.protocol == Mailbox.Protocol.POP3:
        return pop3.opened(mailbox, read_only=read_only)
    return imap.opened(mailbox, read_only=read_only)
