"""What the receiving mail server says about the sender: Authentication-Results (RFC 8601) as one plain sign.

Anybody can write such a field, so only those of the server named at the mailbox count, and of them the topmost: that
server puts its own on top and removes what strangers wrote in its name (section 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.tickets.models import SenderSign

_LONGEST_FIELD = 10_000
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_METHOD = re.compile(r"\s*([a-z][a-z0-9-]{0,30})(?:/\d+)?\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header|smtp|policy)\.([a-z]{1,20})\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    sign: SenderSign
    reason: str


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    outcome: str
    properties: dict[str, str]


def verdict_on(parsed: ParsedMail, trusted_server: str) -> Verdict:
    """The sign for a mail that came through `trusted_server` (its authserv-id; empty means that none is trusted)."""
    if not trusted_server or parsed.sender is None:
        return Verdict(SenderSign.UNKNOWN, "no server is trusted to judge" if parsed.sender else "it names no sender")
    results = _results(parsed, trusted_server)
    domain = parsed.sender.address.rpartition("@")[2].lower()
    by_method = {result.method: result.outcome for result in results}
    if by_method.get("dmarc") == "pass":
        return Verdict(SenderSign.PROVEN, f"DMARC passed for {domain}")
    if by_method.get("dmarc") == "fail":
        return Verdict(SenderSign.FORGED, f"DMARC failed for {domain}")
    for result in results:
        signer = result.properties.get("header.d", "") or result.properties.get("header.i", "").rpartition("@")[2]
        if result.method == "dkim" and result.outcome == "pass" and _aligned(signer.lower(), domain):
            return Verdict(SenderSign.PROVEN, f"DKIM signature of {signer.lower()}")
    return Verdict(SenderSign.UNKNOWN, f"{trusted_server} says nothing that proves {domain}")


def outcomes_of(parsed: ParsedMail, trusted_server: str) -> dict[str, str]:
    """What the trusted server found, by method in lower case: `{"spf": "pass", "dkim": "fail"}`; the last of each."""
    return {one.method: one.outcome for one in _results(parsed, trusted_server)} if trusted_server else {}


def _results(parsed: ParsedMail, trusted_server: str) -> list[_Result]:
    for name, value in parsed.headers:
        if name.lower() != "authentication-results":
            continue
        server, _, rest = _COMMENT.sub(" ", value[:_LONGEST_FIELD]).partition(";")
        if (server.split() or [""])[0].strip('"').lower() == trusted_server.lower():
            return [result for part in rest.split(";") if (result := _read(part))]
    return []


def _read(part: str) -> _Result | None:
    match = _METHOD.match(part)
    if match is None:
        return None
    properties = {f"{kind}.{name}".lower(): value for kind, name, value in _PROPERTY.findall(part)}
    return _Result(match[1].lower(), match[2].lower(), properties)


def _aligned(signer: str, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1), without asking for organizational domains: equal, or one above."""
    return bool(signer) and "." in signer and (domain == signer or domain.endswith("." + signer))
