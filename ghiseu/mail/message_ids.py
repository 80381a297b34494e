"""Message-IDs that prove themselves: what lets an answer join its ticket (promise I1).

`t<ticket>.<nonce>.<signature>@<domain>`, the signature keyed by the installation's secret. Nobody else can make one,
so whoever quotes it in In-Reply-To or References (RFC 5322 section 3.6.4) holds a message that we sent. The first
letter says in which conversation: with the customer, or with a third party. The domain proves nothing and may change.

A notification has `a<ticket>-<agent>-<time>.<signature>@<domain>`: whoever answers it with the agent's own address
speaks as that agent, for a month, and only with the rights the agent has at that moment (promise I2).
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from ghiseu.tickets.models import Ticket

_OURS = re.compile(r"([tp])(\d{1,18})\.([0-9a-f]{16})\.([0-9a-f]{32})@[^@\s]{1,255}")


_TO_AGENT = re.compile(r"a(\d{1,18})-(\d{1,18})-(\d{1,12})\.([0-9a-f]{32})@[^@\s]{1,255}")
AGENT_TOKEN_LASTS = dt.timedelta(days=30)


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
    if any(constant_time_compare(match[4], _signature(conversation, ticket_id, nonce, key)) for key in _keys()):
        return OurMessage(ticket_id, conversation)
    return None


@dataclass(frozen=True, slots=True)
class AgentToken:
    """What the Message-ID of a notification says: who may answer it, in which ticket, and since when."""

    ticket_id: int
    agent_id: int
    issued_at: dt.datetime

    @property
    def is_valid(self) -> bool:
        age = timezone.now() - self.issued_at
        return dt.timedelta(minutes=-5) <= age <= AGENT_TOKEN_LASTS


def notification_id(token: AgentToken) -> str:
    """The Message-ID of a notification, without angle brackets; the same for the same token."""
    issued = int(token.issued_at.timestamp())
    key = f"{token.ticket_id}-{token.agent_id}-{issued}"
    return f"a{key}.{_keyed(key, settings.SECRET_KEY)}@{settings.MAIL_DOMAIN}"


def read_notification_id(message_id: str) -> AgentToken | None:
    """What the Message-ID of a notification says, or None where it is none of ours."""
    match = _TO_AGENT.fullmatch(message_id.strip("<> \t"))
    if match is None:
        return None
    key = f"{match[1]}-{match[2]}-{match[3]}"
    if not any(constant_time_compare(match[4], _keyed(key, secret)) for secret in _keys()):
        return None
    return AgentToken(int(match[1]), int(match[2]), dt.datetime.fromtimestamp(int(match[3]), tz=dt.UTC))


def _keys() -> tuple[str | bytes, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _keyed(value: str, key: str | bytes) -> str:
    return salted_hmac("ghiseu.mail.message_ids", value, secret=key, algorithm="sha256").hexdigest()[:32]


def _signature(conversation: Conversation, ticket_id: int, nonce: str, key: str | bytes) -> str:
    return _keyed(f"{conversation}{ticket_id}.{nonce}", key)
