"""Message-IDs that prove themselves: what lets an answer join its ticket (promise I1).

`t<ticket>.<nonce>.<signature>@<domain>`, the signature keyed by the installation's secret. Nobody else can make one,
so whoever quotes it in In-Reply-To or References (RFC 5322 section 3.6.4) holds a message that we sent. The domain
proves nothing and may change.
"""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from ghiseu.tickets.models import Ticket

_OURS = re.compile(r"t(\d{1,18})\.([0-9a-f]{16})\.([0-9a-f]{32})@[^@\s]{1,255}")


def new_message_id(ticket: Ticket) -> str:
    """A Message-ID, without angle brackets, for a message that leaves the desk about this ticket."""
    nonce = secrets.token_hex(8)
    return f"t{ticket.pk}.{nonce}.{_signature(ticket.pk, nonce, settings.SECRET_KEY)}@{settings.MAIL_DOMAIN}"


def ticket_id_in(message_id: str) -> int | None:
    """The ticket that one of our own Message-IDs belongs to, or None where it is not one of ours."""
    match = _OURS.fullmatch(message_id.strip("<> \t"))
    if match is None:
        return None
    ticket_id, nonce = int(match[1]), match[2]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    genuine = any(constant_time_compare(match[3], _signature(ticket_id, nonce, key)) for key in keys)
    return ticket_id if genuine else None


def _signature(ticket_id: int, nonce: str, key: str | bytes) -> str:
    digest = salted_hmac("ghiseu.mail.message_ids", f"{ticket_id}.{nonce}", secret=key, algorithm="sha256")
    return digest.hexdigest()[:32]
