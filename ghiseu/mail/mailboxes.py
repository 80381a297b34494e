"""Trying out a mailbox before mail depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from ghiseu.mail.inbound.imap import opened
from ghiseu.mail.models import Mailbox


@dataclass(frozen=True, slots=True)
class Trial:
    """What was found: how many mails wait in the folder, and how many of them are too large to be taken."""

    mails: int
    too_large: int


def try_out(mailbox: Mailbox) -> Trial:
    """Sign in, look, and change nothing on the server (promise M3). Raises Unreachable with the cause."""
    with opened(mailbox, read_only=True) as folder:
        mails = folder.mails()
    return Trial(len(mails), sum(mail.size > settings.MAIL_MAX_BYTES for mail in mails))
