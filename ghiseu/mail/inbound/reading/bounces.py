"""Mail that came back: delivery reports (RFC 3464, codes of RFC 3463), and what other systems write in plain words.

A report is believed by its structure. Words count only together with a sign that a mail system wrote them, so that
a customer who quotes an error message is not taken for one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from ghiseu.lib.addresses import parse_addresses
from ghiseu.lib.charsets import decode
from ghiseu.lib.text import one_line, storable
from ghiseu.mail.inbound.reading import bounce_words, headers, limits, mime
from ghiseu.mail.inbound.reading.mime import Part

MAX_WORDS = 6_000  # characters of a notification in which its sentences are looked for

_ROLES = {"postmaster", "mailer-daemon", "abuse", "support", "hostmaster"}
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,128}@[A-Za-z0-9\u0080-\uffff][\w.\u0080-\uffff-]{0,253}")
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY_CODE = re.compile(
    r"(?:(?<![\d.\[:/-])|(?<=code :)|(?<=code:))([45])([0-7]\d)(?=[\s:;,<#-]|$)(?!\s*(?:bytes|kb|mb|hours|"
    r"days|minutes|characters))",
    re.IGNORECASE,
)
_STATUS_FIELD = re.compile(
    r"^\s{0,20}(?:final-recipient|original-recipient|x-actual-recipient)\s?:", re.IGNORECASE | re.MULTILINE
)
_DIVIDER = re.compile(
    r"^[^\w\n]{0,80}(?:this is (?:a |the )?copy of|original (?:mail|message|e-mail)|"
    r"below (?:this line )?is a copy|returned message|(?:the )?header of the original|"
    r"(?:included|following|attached|enclosed) is (?:a|the) (?:copy|original|header)|un(?:sent|"
    r"delivered) (?:message|mail)|message (?:header|follows|text)|"
    r"the (?:first|original|full|body|text|message) [^\n]{0,60}(?:follow|below)|copy of (?:the|your)|"
    r"your (?:original )?message (?:follows|reads)|below is (?:a|the)|"
    r"begin(?:ning)? of (?:the )?(?:original|returned)|start of (?:returned|original)|ursprüngliche nachricht|"
    r"----(?![^\n]{0,200}(?:address|recipient|transcript|session|reason|error|server message|information|log)))"
    r"[^\n]{0,200}$",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL_HEADER = re.compile(
    r"^(?:>\s?|[ \t]{1,6})?(?:received: |return-path: ?<|dkim-signature: |message-id: ?<|mime-version: )",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID_LINE = re.compile(r"^[>\s]{0,10}message-id:\s{0,20}<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)
_OWN_LINE = re.compile(
    r"^[\s*>-]{0,20}(?:to:?\s{0,10}|recipient:?\s{0,10}|\d{1,3}\.\s)?[<\"'(]{0,2}("
    + _ADDRESS.pattern
    + r")[>\"')]{0,2}\s{0,5}(?:[:;,.(]|\.\.\.|$|\s-|\s)",
    re.MULTILINE,
)
_RCPT = re.compile(
    r"(?:rcpt to:?|recipient(?: address)?:?|delivery to|deliver(?: message| mail)? to|mail to|for|address:?|"
    r"user:?|unknown:?|size:)\s{0,10}[<\"'(]{0,2}(" + _ADDRESS.pattern + r")",
    re.IGNORECASE,
)

_ANY_ADDRESS = re.compile(f"({_ADDRESS.pattern})")
_BRACKETED_ADDRESS = re.compile(f"[<(]{_ADDRESS.pattern}[>)]")
_NO_CATEGORY = len(bounce_words.CATEGORIES)


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One address that a mail did not reach.

    `status` is an enhanced code (RFC 3463), `x.0.0` where only the class is known; `action` is failed or delayed;
    `category` is one of no-recipient, no-domain, mailbox-full, too-large, rejected, delivery-problem.
    """

    recipient: str | None
    status: str | None
    action: str
    diagnostic: str
    category: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """Who was not reached, and the Message-ID of the mail that bounced if the notification tells it."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str | None


def read_bounce(root: Part, text: str) -> Bounce | None:
    """The bounce that a mail is, or None. `text` is its readable body."""
    text = text[: limits.MAX_SCAN_CHARACTERS]
    notice, returned = _divide(text)
    recipients = list(_from_reports(root, text))
    if recipients:
        recipients = [one for one in recipients if one.action in ("failed", "delayed")]
        if not recipients:
            return None  # a report of success
        if len(recipients) == 1 and recipients[0].recipient is None:
            recipients = [
                replace(recipients[0], recipient=next((one for one, _ in _failed_addresses(root, notice)), None))
            ]
    else:
        recipients = list(_from_notification_service(text))
    if not recipients:
        if not _is_notice(root, notice, returned):
            return None
        recipients = list(_from_words(root, notice))
    return Bounce(tuple(recipients[: limits.MAX_BOUNCED_RECIPIENTS]), _original_id(root, returned))


def _divide(text: str) -> tuple[str, str]:
    """The notification's own words, and the returned mail that follows them in the same text."""
    ends = [found.start() for found in (_DIVIDER.search(text, 40), _ORIGINAL_HEADER.search(text)) if found]
    end = min(ends, default=len(text))
    return text[:end], text[end:]


# ------------------------------------------------------------ RFC 3464


def _from_reports(root: Part, text: str) -> Iterator[BouncedRecipient]:
    """Recipients of a machine-readable report: its own part, or the same fields written into the text."""
    for part in _report_parts(root):
        yield from _from_fields(
            decode(part.decoded()[: limits.MAX_SCAN_CHARACTERS], part.parameters.get("charset", "")), text
        )
        return
    if _STATUS_FIELD.search(text) and re.search(r"^\s{0,20}(?:action|status)\s?:", text, re.IGNORECASE | re.MULTILINE):
        notice, _ = _divide(text)
        yield from _from_fields(text if not _STATUS_FIELD.search(notice) else notice, text)


def _report_parts(root: Part) -> Iterator[Part]:
    """Status parts of this mail, or of a report that a gateway put into a mail of its own."""
    for part in root.walk():
        if "delivery-status" in part.content_type and not part.children:
            yield part
    if not is_from_mail_system(root):
        return
    for part in root.walk():
        if part.content_type == "message/rfc822" and part is not root and b"delivery-status" in part.body[:20_000]:
            inner = mime.parse(part.decoded())
            yield from (
                found
                for found in inner.walk()
                if "message/delivery-status" in found.content_type and inner.content_type == "multipart/report"
            )


def _from_fields(report: str, text: str) -> Iterator[BouncedRecipient]:
    lines = re.sub(r"\n[ \t]+(?![\w-]+:)", " ", report.replace("\r\n", "\n").replace("\r", "\n"))
    notice = text[:MAX_WORDS]
    for block in islice(_recipient_blocks(lines), limits.MAX_BOUNCED_RECIPIENTS):
        recipient = _field_address(block)
        diagnostic = one_line(block.get("diagnostic-code", "").partition(";")[2] or block.get("diagnostic-code", ""))[
            :2_000
        ]
        action = re.sub(r"[^a-z].*", "", block.get("action", "").strip().lower())
        status = _ENHANCED.search(block.get("status", ""))
        code = _refined(status[1] if status else None, diagnostic)
        if action not in ("failed", "delayed", "delivered", "relayed", "expanded"):
            action = "delayed" if (code or "5").startswith("4") else "failed"
        if action == "failed" and code is None:
            code = "5.0.0"
        beside = "" if len(diagnostic) > 12 else notice
        yield BouncedRecipient(recipient, code, action, diagnostic, category_of(diagnostic, code, beside=beside))


def _recipient_blocks(lines: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient; of none that is an address (`LOCAL;<>`, X.400), what is said of it all the same."""
    block: dict[str, str] = {}
    is_named = False
    for line in [*lines.split("\n")[:20_000], ""]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        ends = not line.strip() or (name in block and name in ("final-recipient", "action"))
        if ends and _field_address(block):
            is_named = True
            yield block
        if ends:
            block = {} if line.strip() or _field_address(block) else block
        if colon and re.fullmatch(r"[a-z-]{1,60}", name):
            block.setdefault(name, value.strip())
    if not is_named and "action" in block and "status" in block:
        yield block


def _field_address(block: dict[str, str]) -> str | None:
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = block.get(name, "")
        address = (
            re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), value)
            if value.startswith("xtext")
            else value
        )
        found = parse_addresses(address.partition(";")[2] or address)
        if found:
            return found[0].address
    return None


def _refined(status: str | None, diagnostic: str) -> str | None:
    """The more telling of two codes: the report's own, or the remote server's where the report only says x.0.0."""
    stated: list[str] = [code for code in _ENHANCED.findall(diagnostic) if not code.startswith("2")]
    if status and not status.startswith("2") and not status.endswith(".0.0"):
        return status
    if stated:
        return stated[0]
    if status and not status.startswith("2"):
        return status
    reply = _REPLY_CODE.search(diagnostic)
    return f"{reply[1]}.0.0" if reply else None


# ------------------------------------------------------------ services that report in JSON


def _from_notification_service(text: str) -> Iterator[BouncedRecipient]:
    """Amazon SES by SNS: a JSON object with notificationType or eventType Bounce."""
    start = text.find("{")
    if start < 0 or "bouncedRecipients" not in text:
        return
    message = _json_object(text[start:].replace("\n", ""))
    if isinstance(message.get("Message"), str):
        message = _json_object(message["Message"])
    bounce = message.get("bounce")
    if str(message.get("notificationType") or message.get("eventType")).lower() != "bounce" or not isinstance(
        bounce, dict
    ):
        return
    temporary = str(bounce.get("bounceType")).lower() == "transient"
    for one in bounce.get("bouncedRecipients") or ():
        if isinstance(one, dict):
            diagnostic = one_line(str(one.get("diagnosticCode") or ""))
            stated = _ENHANCED.search(str(one.get("status") or ""))
            code = _refined(stated[1] if stated else None, diagnostic) or ("4.0.0" if temporary else "5.0.0")
            address = one_line(str(one.get("emailAddress") or "")) or None
            action = "delayed" if temporary else "failed"
            yield BouncedRecipient(address, code, action, diagnostic, category_of(diagnostic, code))


def _json_object(text: str) -> dict[str, Any]:
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


# ------------------------------------------------------------ plain words


def _is_notice(root: Part, notice: str, returned: str) -> bool:
    """Whether a mail system wrote this about an undelivered mail; `returned` is what follows its words in the text."""
    subject = headers.text_of(root, "subject").lower()[:500]
    if bounce_words.AUTOMATIC_REPLY_SUBJECT.match(subject):
        return False
    if root.raw("x-failed-recipients") is not None:
        return True
    words = one_line(notice[:MAX_WORDS]).lower()
    says_subject = bounce_words.SUBJECT.match(subject) is not None
    says_text = bounce_words.SENTENCE.search(words) is not None
    if is_from_mail_system(root):
        return says_subject or (says_text and not _is_perhaps_a_person(root))
    if says_subject and says_text and _is_no_reply(root) and bounce_words.MAILBOX.search(words):
        return True
    report_type = root.parameters.get("report-type", "").lower()
    is_report = root.content_type == "multipart/report" and report_type in ("", "delivery-status")
    if not says_subject or not (says_text or is_report):
        return False
    # A person may complain in the same words: only a machine answers nobody, or brings the mail itself back.
    has_empty_path = any(value.strip() == "<>" for value in headers.all_values(root, "return-path"))
    submitted = headers.text_of(root, "auto-submitted").lower()
    is_machine = submitted.startswith("auto-replied") or (
        submitted not in ("", "no") and bounce_words.MAILBOX.search(words) is not None
    )
    return is_report or has_empty_path or is_machine or _brings_mail_back(root, returned)


def _brings_mail_back(root: Part, returned: str) -> bool:
    copies = ("message/rfc822", "text/rfc822-headers")
    return any(part.content_type in copies for part in root.walk()) or _ORIGINAL_HEADER.search(returned) is not None


def is_from_mail_system(root: Part) -> bool:
    """Whether the sender names itself a mail system (MAILER-DAEMON, postmaster, no address at all ...)."""
    sender = mime.unfold(root.raw("from") or b"")
    if sender.strip() == "<>":
        return True
    addresses = parse_addresses(sender)
    if not addresses:
        return "postmaster" in sender.lower() or bounce_words.DAEMON_NAME.search(sender.lower()) is not None
    name, address = addresses[0].name.lower(), addresses[0].address.lower()
    return bool(bounce_words.DAEMON_ADDRESS.match(address) or bounce_words.DAEMON_NAME.search(name))


def _is_perhaps_a_person(root: Part) -> bool:
    """Whether only a title that people bear too (system administrator) tells that the sender is a mail system."""
    senders = headers.addresses_of(root, "from")
    if not senders or bounce_words.DAEMON_ADDRESS.match(senders[0].address.lower()):
        return False
    names = bounce_words.DAEMON_NAME.findall(senders[0].name.lower())
    return all(bounce_words.TITLE.fullmatch(name) for name in names)


def _is_no_reply(root: Part) -> bool:
    return any(bounce_words.NO_REPLY.match(sender.address.lower()) for sender in headers.addresses_of(root, "from"))


def _from_words(root: Part, notice: str) -> Iterator[BouncedRecipient]:
    subject = headers.text_of(root, "subject")
    everything = one_line(f"{subject} {notice[:MAX_WORDS]}")
    temporary = bool(bounce_words.TEMPORARY.search(everything.lower())) and not bounce_words.PERMANENT.search(
        everything.lower()
    )
    gave_up = bounce_words.GAVE_UP.search(everything.lower()) is not None
    expired = bounce_words.RETRIED.search(everything.lower()) is not None
    overall = _refined(None, everything) or ("4.4.7" if expired else "4.0.0" if temporary else "5.0.0")
    found = list(islice(_failed_addresses(root, notice), limits.MAX_BOUNCED_RECIPIENTS))
    if not found:
        yield _told(None, everything, overall)
        return
    for address, position in found:
        following = min((other for _, other in found if other > position), default=len(notice))
        around = one_line(notice[position : min(following, position + 1_500)])
        told = _told(address, around, overall)
        if gave_up:
            told = replace(told, action="failed")
        if len(found) == 1 and _refined(None, around) is None and _first_category(around) == _NO_CATEGORY:
            told = replace(told, category=category_of(everything, overall))
        yield told


def _told(address: str | None, words: str, overall: str) -> BouncedRecipient:
    code = _refined(None, words) or overall
    return BouncedRecipient(
        address, code, "delayed" if code.startswith("4") else "failed", words[:500], category_of(words, code)
    )


def _failed_addresses(root: Part, notice: str) -> Iterator[tuple[str, int]]:
    """Addresses that the words call undelivered, with the place where they stand, each once."""
    told = headers.all_values(root, "x-failed-recipients")
    given = dict.fromkeys(address.address for value in told for address in parse_addresses(value))
    if given:
        yield from ((address, max(notice.lower().find(address.lower()), 0)) for address in given)
        return
    involved = {address.address.lower() for field in ("to", "from") for address in headers.addresses_of(root, field)}
    for pattern in (_OWN_LINE, _RCPT, _ANY_ADDRESS):
        if places := _places(pattern, notice, involved):
            yield from places.items()
            return
    yield from ((address, 0) for address in _recipients_of_copy(root))


def _places(pattern: re.Pattern[str], notice: str, involved: set[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for found in pattern.finditer(notice):
        address = found[1].rstrip(".'")
        if address.lower() not in involved and address.partition("@")[0].lower() not in _ROLES:
            places.setdefault(address, found.start(1))
    return places


def _recipients_of_copy(root: Part) -> list[str]:
    """To whom the returned mail was sent, where the words name nobody."""
    for part in root.walk():
        if part.content_type == "message/rfc822" and part is not root:
            fields, _ = mime.parse_fields(part.decoded()[: limits.MAX_HEADER_BYTES])
            to = headers.addresses_of(Part(fields), "to")
            return [address.address for address in to[:1]]
    return []


def category_of(words: str, status: str | None, *, beside: str = "") -> str:
    """What kind of failure the words and the status code tell; `beside` are words that several failures share."""
    by_status = bounce_words.BY_STATUS.get(status[2:]) if status else None
    if status and (by_status in ("mailbox-full", "too-large") or status[2:] in ("1.2", "1.6", "1.7", "1.8", "7.13")):
        return by_status or "delivery-problem"
    first = min(_first_category(words), _first_category(beside))
    if first < _NO_CATEGORY:
        return bounce_words.CATEGORIES[first][0]
    return by_status or ("rejected" if status and status[2:].startswith("7.") else "delivery-problem")


@lru_cache(maxsize=16)
def _first_category(words: str) -> int:
    """The place of the first kind of failure that the words tell, or `_NO_CATEGORY`; an address tells none."""
    text = _BRACKETED_ADDRESS.sub("<it>", one_line(storable(words[:MAX_WORDS])).lower())
    text = bounce_words.SAYS_NOTHING.sub(" ", text)
    kinds = enumerate(pattern for _, pattern in bounce_words.CATEGORIES)
    return next((place for place, pattern in kinds if pattern.search(text)), _NO_CATEGORY)


def _original_id(root: Part, returned: str) -> str | None:
    """The Message-ID of the mail that came back: of its copy, of its header in the text, else what is answered."""
    for part in root.walk():
        if part is not root and part.content_type in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/rfc822-headers",
        ):
            fields, _ = mime.parse_fields(part.decoded()[: limits.MAX_HEADER_BYTES].lstrip())
            if identifier := headers.message_id_of(Part(fields)):
                return identifier
    if found := _MESSAGE_ID_LINE.search(returned):
        return found[1]
    answered = headers.ids_of(root, "in-reply-to") or headers.ids_of(root, "references")
    return answered[-1] if answered else None
