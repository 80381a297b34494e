"""Message-IDs that prove themselves: what lets an answer join its ticket (promise I1).

`t<ticket>.<nonce>.<signature>@<domain>`, the signature keyed by the installation's secret. Nobody else can make one,
so whoever quotes it in In-Reply-To or References (RFC 5322 section 3.6.4) holds a message that we sent. The first
letter says in which conversation: with the customer, or with a third party. The domain proves nothing and may change.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from ghiseu.tickets.models import Ticket

_OURS = re.compile(r"([tp])(\d{1,18})\.([0-9a-f]{16})\.([0-9a-f]{32})@[^@\s]{1,255}")


class Conversation(StrEnum):
    CUSTOMER = "t"
    THIRD_PARTY = "p"


@dataclass(frozen=True, slots=True)
class OurMessage:
    """What one of our own Message-IDs says."""

    ticket_id: int
    conversation: Conversation


def new_message_id(ticket: Ticket, conversation: Conversation = Conversation.CUSTOMER) -> str:
    """A Message-ID, without angle brackets, for a message that leaves the desk about this ticket."""
    nonce = secrets.token_hex(8)
    signature = _signature(conversation, ticket.pk, nonce, settings.SECRET_KEY)
    return f"{conversation}{ticket.pk}.{nonce}.{signature}@{settings.MAIL_DOMAIN}"


def read_message_id(message_id: str) -> OurMessage | None:
    """What the Message-ID says, or None where it is not one of ours."""
    match = _OURS.fullmatch(message_id.strip("<> \t"))
    if match is None:
        return None
    conversation, ticket_id, nonce = Conversation(match[1]), int(match[2]), match[3]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if any(constant_time_compare(match[4], _signature(conversation, ticket_id, nonce, key)) for key in keys):
        return OurMessage(ticket_id, conversation)
    return None


def _signature(conversation: Conversation, ticket_id: int, nonce: str, key: str | bytes) -> str:
    value = f"{conversation}{ticket_id}.{nonce}"
    return salted_hmac("ghiseu.mail.message_ids", value, secret=key, algorithm="sha256").hexdigest()[:32]
