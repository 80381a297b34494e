"""Mail that could not be delivered: RFC 3464 (delivery status), RFC 3463 (status codes)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One address that a mail did not reach."""

    recipient: str | None
    status: str | None
    action: str
    diagnostic: str
    category: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back, and the Message-ID of the mail that bounced if it is told."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str | None
