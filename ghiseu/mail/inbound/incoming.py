"""A mail that was read, what it finds on the desk, and the message that it becomes in a ticket."""

from __future__ import annotations

import datetime as dt
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ghiseu.lib.addresses import Address
from ghiseu.mail.inbound.parse import ParsedAttachment, ParsedMail, parse_mail
from ghiseu.mail.inbound.routing import queues_named
from ghiseu.mail.inbound.verdict import Verdict, own_check, verdict_on
from ghiseu.mail.models import IMPORT, InboundMail
from ghiseu.mail.outbound.autoresponse import AutomaticAnswers
from ghiseu.people.customers import identities_for
from ghiseu.people.models import Identity
from ghiseu.tickets.actions import NewFile, NewMessage
from ghiseu.tickets.blobs import bytes_of, keep_all
from ghiseu.tickets.models import Blob, Queue

# The mail names no sender: all such mails stand together under this one, which can never be written to (RFC 2606).
NOBODY = "unknown-sender@invalid"
# A mail that says to be older is mistaken.
FIRST_DAY = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail that was read: the row it lies in, what it says, and what is known of its sender."""

    mail: InboundMail
    parsed: ParsedMail
    verdict: Verdict

    @classmethod
    def read(cls, mail: InboundMail) -> Incoming:
        """Outside any transaction, as it may wait for the DNS."""
        raw = bytes_of(mail.raw)
        parsed = parse_mail(raw)
        return cls(mail, parsed, verdict_on(parsed, mail.mailbox.trusted_server, own_check(raw, parsed, mail)))

    @property
    def sender(self) -> str:
        return self.parsed.sender.address.lower() if self.parsed.sender else NOBODY

    @property
    def is_imported(self) -> bool:
        return self.mail.channel == IMPORT


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What mails that are filed together find on the desk: asked once for all of them."""

    queues: Mapping[str, Queue]
    identities: Mapping[str, Identity]
    files: Mapping[bytes, Blob]
    answers: AutomaticAnswers

    @classmethod
    def of(cls, mails: Sequence[Incoming], *, from_customers: Sequence[Incoming]) -> Surroundings:
        """For mails that will be articles; `from_customers` are those whose senders are the desk's customers by it."""
        files = {file.content for one in mails for file in one.parsed.attachments}
        names: dict[str, str] = {}
        for one in from_customers:
            names.setdefault(one.sender, one.parsed.sender.name if one.parsed.sender else "")
        return cls(
            queues=queues_named(one.parsed for one in from_customers),
            identities=identities_for(names),
            files=keep_all(files),
            answers=AutomaticAnswers(one.parsed for one in from_customers if not one.is_imported),
        )


def message_of(one: Incoming, around: Surroundings, *, is_verified: bool = True) -> NewMessage:
    parsed = one.parsed
    return NewMessage(
        text=parsed.text,
        reply_text=parsed.reply_text,
        html=parsed.html or "",
        subject=parsed.subject,
        from_name=parsed.sender.name if parsed.sender else "",
        from_address=parsed.sender.address.lower() if parsed.sender else "",
        to=_people(parsed.to),
        cc=_people(parsed.cc),
        reply_to=_people(parsed.reply_to),
        message_id=parsed.message_id or "",
        in_reply_to=parsed.in_reply_to or "",
        files=files_of(one, around),
        raw=one.mail.raw,
        written_at=parsed.date,
        arrived_at=_arrived_at(one.mail, parsed),
        is_verified=is_verified,
        sender_sign=one.verdict.sign,
    )


def _arrived_at(mail: InboundMail, parsed: ParsedMail) -> dt.datetime | None:
    """When an old mail came: as it says itself, where that can be believed. None for mail that comes in now."""
    if mail.channel != IMPORT:
        return None
    return parsed.date if parsed.date and FIRST_DAY <= parsed.date <= mail.received_at else mail.received_at


def _people(addresses: Sequence[Address]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]


def files_of(one: Incoming, around: Surroundings) -> list[NewFile]:
    return [_new_file(file, position, around) for position, file in enumerate(one.parsed.attachments, start=1)]


def _new_file(file: ParsedAttachment, position: int, around: Surroundings) -> NewFile:
    return NewFile(
        filename=file.filename or f"attachment-{position}{mimetypes.guess_extension(file.content_type) or ''}",
        content_type=file.content_type,
        content=file.content,
        is_inline=file.inline,
        content_id=file.content_id or "",
        blob=around.files[file.content],
    )
