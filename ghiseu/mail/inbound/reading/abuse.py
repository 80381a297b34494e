"""Whether a mail reports abuse, what it reports, and everything in it that can be looked up.

Formats are recognised by structure first (XARF, ARF, ACNS, feeds); a report in plain words is recognised by weights.
The generic extraction of indicators always runs. The reporter, the victim and the destination are never *reported*.
"""

import re
from dataclasses import dataclass

from ghiseu.lib.text import one_line
from ghiseu.mail.inbound.reading import abuse_words, headers, limits
from ghiseu.mail.inbound.reading.abuse_formats import Structured, read_structured, table_indicators
from ghiseu.mail.inbound.reading.body import Body
from ghiseu.mail.inbound.reading.indicators import Indicator, find_indicators, trim_url, without
from ghiseu.mail.inbound.reading.mime import Part

MAX_WORDS = 20_000  # characters of a mail in which the words of a report are looked for

_LINK = re.compile(r"\b(?:href|src|action)\s{0,10}=\s{0,10}[\"']?\s{0,10}(https?://[^\s\"'<>]{1,2000})", re.IGNORECASE)

__all__ = ["AbuseReport", "Findings", "Indicator", "read_abuse", "read_structured"]


@dataclass(frozen=True, slots=True)
class AbuseReport:
    """A report: format is arf, xarf, acns, feed or freetext; `source` tells who reports, as far as it is told."""

    format: str
    feedback_type: str | None
    reported: tuple[Indicator, ...]
    source: str | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: the report if the mail is one, and every indicator in any case."""

    report: AbuseReport | None
    indicators: tuple[Indicator, ...]


def read_abuse(root: Part, body: Body, structured: Structured | None, *, is_bounce: bool) -> Findings:
    """Judge a mail and collect its indicators; `structured` is what `read_structured` found."""
    excluded = _reporter(root)
    subject = headers.text_of(root, "subject")
    words = f"{subject}\n{body.text[: limits.MAX_SCAN_CHARACTERS]}"
    seen = find_indicators(words) + [
        Indicator("url", trim_url(link)) for link in _LINK.findall(body.html_source[: limits.MAX_SCAN_CHARACTERS])
    ]
    if structured:
        excluded |= {(one.kind, one.value.lower()) for one in structured.hidden} - {
            (one.kind, one.value.lower()) for one in structured.reported
        }
        reported = without(structured.reported, excluded)
        report = AbuseReport(
            structured.format,
            structured.feedback_type,
            reported[: limits.MAX_INDICATORS],
            structured.source or _sender_domain(root),
        )
        found = [*structured.reported, *seen, *structured.seen, *table_indicators(root)]
        return Findings(report, without(found, excluded)[: limits.MAX_INDICATORS])
    weight = 0 if is_bounce else weigh(root, subject, body.text)
    if weight < abuse_words.THRESHOLD:
        return Findings(None, without(seen, excluded)[: limits.MAX_INDICATORS])
    everything = without([*seen, *table_indicators(root)], excluded)
    is_feed = abuse_words.SENDERS.search(_sender_domain(root) or "") is not None and any(
        part.content_type == "text/csv" or "csv" in part.disposition()[1].get("filename", "") for part in root.walk()
    )
    reported = tuple(one for one in everything if one.kind != "email" and not _belongs_to_reporter(one, root))
    return Findings(
        AbuseReport("feed" if is_feed else "freetext", None, reported[: limits.MAX_INDICATORS], _sender_domain(root)),
        everything[: limits.MAX_INDICATORS],
    )


def weigh(root: Part, subject: str, text: str) -> int:
    """How much a mail looks like a report in plain words."""
    subject = one_line(subject).lower()[:500]
    words = one_line(text[:MAX_WORDS]).lower()
    sender = headers.addresses_of(root, "from")
    address = sender[0].address if sender else ""
    local, _, domain = address.rpartition("@")
    from_subject = max(
        (weight for weight, pattern in abuse_words.SUBJECT_PATTERNS if pattern.search(subject)), default=0
    )
    from_body = sum(weight for weight, pattern in abuse_words.BODY_PATTERNS if pattern.search(words))
    known = abuse_words.SENDERS.search("." + domain) is not None
    role = abuse_words.SENDER_LOCAL.match(local) is not None
    to_desk = any(
        abuse_words.TO_ABUSE_DESK.search(value)
        for field in ("to", "cc", "x-original-to", "delivered-to")
        for value in headers.all_values(root, field)
    )
    if re.match(r"(?:re|aw|antw|sv|odp|re\[\d\]|ответ|ha|r)\s?:", subject) and root.raw("in-reply-to") is not None:
        from_subject = 0
    is_newsletter = (root.raw("list-unsubscribe") is not None or root.raw("list-id") is not None) and not (
        known or to_desk
    )
    if is_newsletter:
        return 0
    weight = abuse_words.SUBJECT_POINTS[from_subject] + min(from_body, 12) // 3
    weight += (5 if known else 0) + (1 if role else 0) + (3 if to_desk else 0)
    return weight if from_subject + from_body > 0 or known else 0


def _sender_domain(root: Part) -> str | None:
    sender = headers.addresses_of(root, "from")
    return sender[0].address.rpartition("@")[2] if sender else None


def _reporter(root: Part) -> set[tuple[str, str]]:
    """The reporter's and our own addresses and hosts, which are never what is reported."""
    excluded: set[tuple[str, str]] = set()
    for field in ("from", "sender", "reply-to", "return-path", "to", "cc"):
        for address in headers.addresses_of(root, field)[:50]:
            excluded.add(("email", address.address.lower()))
            excluded.add(("domain", address.address.rpartition("@")[2].lower()))
    return excluded


def _belongs_to_reporter(one: Indicator, root: Part) -> bool:
    domain = _sender_domain(root)
    if not domain:
        return False
    host = re.sub(r"^[a-z]+://", "", one.value.lower()).partition("/")[0].partition(":")[0]
    return host == domain or host.endswith("." + domain) or (domain.count(".") > 1 and domain.endswith("." + host))
