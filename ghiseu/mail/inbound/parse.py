"""What a mail says: bytes in, a frozen ParsedMail out. Pure, bounded, without an opinion on what shall become of it.

The journey: `mime` cuts the bytes into parts, `headers` reads the fields, `parts` sorts text from attachments, `body`
reads the text, `quotes` finds what is new in it; `bounces`, `automatic` and `abuse` say what kind of mail it is.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ghiseu.lib.addresses import Address
from ghiseu.lib.charsets import decode
from ghiseu.lib.text import storable, tidy
from ghiseu.mail.inbound.reading import headers, limits, mime
from ghiseu.mail.inbound.reading.abuse import AbuseReport, read_abuse
from ghiseu.mail.inbound.reading.abuse_formats import read_structured
from ghiseu.mail.inbound.reading.automatic import is_automatic
from ghiseu.mail.inbound.reading.body import read_body
from ghiseu.mail.inbound.reading.bounces import Bounce, read_bounce
from ghiseu.mail.inbound.reading.indicators import Indicator
from ghiseu.mail.inbound.reading.parts import ParsedAttachment, attachment_of, sort_parts
from ghiseu.mail.inbound.reading.quotes import reply_text

__all__ = ["Address", "ParsedAttachment", "ParsedMail", "parse_mail"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """Everything read out of one mail; see `as_json` for the same in the form other programs get."""

    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    date: datetime | None
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str
    html: str | None
    reply_text: str
    attachments: tuple[ParsedAttachment, ...]
    auto_submitted: bool
    bounce: Bounce | None
    abuse_report: AbuseReport | None
    indicators: tuple[Indicator, ...]
    headers: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The reading as plain values, as `ghiseu mail-parse` prints it."""
        return {
            "from": _address(self.sender) if self.sender else None,
            "to": [_address(address) for address in self.to],
            "cc": [_address(address) for address in self.cc],
            "reply_to": [_address(address) for address in self.reply_to],
            "subject": self.subject,
            "date": self.date.isoformat().replace("+00:00", "Z") if self.date else None,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": list(self.references),
            "text": self.text,
            "html": self.html,
            "reply_text": self.reply_text,
            "attachments": [_attachment(file) for file in self.attachments],
            "auto_submitted": self.auto_submitted,
            "bounce": _bounce(self.bounce) if self.bounce else None,
            "abuse_report": _report(self.abuse_report) if self.abuse_report else None,
            "indicators": [_indicator(found) for found in self.indicators],
        }


def _address(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def _attachment(file: ParsedAttachment) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "inline": file.inline,
        "content_id": file.content_id,
    }


def _bounce(bounce: Bounce) -> dict[str, Any]:
    recipients = [
        {
            "recipient": one.recipient,
            "status": one.status,
            "action": one.action,
            "diagnostic": one.diagnostic,
            "category": one.category,
        }
        for one in bounce.recipients
    ]
    first = recipients[0] if recipients else {"recipient": None, "status": None, "diagnostic": ""}
    return {
        "recipients": recipients,
        "recipient": first["recipient"],
        "status": first["status"],
        "reason": first["diagnostic"],
        "original_message_id": bounce.original_message_id,
    }


def _report(report: AbuseReport) -> dict[str, Any]:
    return {
        "format": report.format,
        "feedback_type": report.feedback_type,
        "reported": [_indicator(found) for found in report.reported],
        "source": report.source,
    }


def _indicator(found: Indicator) -> dict[str, str]:
    return {"kind": found.kind, "value": found.value}


def parse_mail(raw: bytes) -> ParsedMail:
    """Read a mail. Never raises, whatever the bytes are; time and memory stay linear in their size."""
    try:
        return _read(raw)
    except Exception:  # a mail that breaks the reading must still be seen by somebody
        log.exception("A mail of %d bytes could not be read; it is shown as plain text.", len(raw))
        return _unread(raw)


def _read(raw: bytes) -> ParsedMail:
    root = mime.parse(raw)
    contents = sort_parts(root)
    body = read_body(contents)
    senders = headers.addresses_of(root, "from") or headers.addresses_of(root, "sender")
    replied = headers.ids_of(root, "in-reply-to")
    structured = read_structured(root, body.text)
    bounce = None if structured else read_bounce(root, body.text)
    findings = read_abuse(root, body, structured, is_bounce=bounce is not None)
    reply = reply_text(body.text)
    return ParsedMail(
        sender=senders[0] if senders else None,
        to=headers.addresses_of(root, "to"),
        cc=headers.addresses_of(root, "cc"),
        reply_to=headers.addresses_of(root, "reply-to"),
        subject=headers.text_of(root, "subject"),
        date=headers.date_of(root),
        message_id=headers.message_id_of(root),
        in_reply_to=replied[0] if replied else None,
        references=headers.ids_of(root, "references"),
        text=body.text,
        html=body.html,
        reply_text=reply,
        attachments=tuple(attachment_of(part) for part in contents.attached) + body.embedded,
        auto_submitted=bounce is not None or is_automatic(root, body.text, reply),
        bounce=bounce,
        abuse_report=findings.report,
        indicators=findings.indicators,
        headers=headers.decoded_fields(root),
    )


def _unread(raw: bytes) -> ParsedMail:
    text = tidy(storable(decode(raw[: limits.MAX_TEXT_CHARACTERS])))
    return ParsedMail(None, (), (), (), "", None, None, None, (), text, None, text, (), False, None, None, (), ())
