"""How far a sender is proven, as one plain sign: by the word of the receiving mail server, else by our own check.

The server's word are its Authentication-Results (RFC 8601). Anybody can write such a field, so only those of the server
named at the mailbox count, and of them the topmost: that server puts its own on top and removes what strangers wrote in
its name (section 5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ghiseu.lib.domains import ascii_name
from ghiseu.mail.inbound.authentic.check import OwnCheck, check, names_several_senders
from ghiseu.mail.inbound.authentic.dns import resolver
from ghiseu.mail.inbound.authentic.policy import same_organization
from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.models import IMPORT, InboundMail
from ghiseu.tickets.models import SenderSign

_LONGEST_FIELD = 10_000
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_METHOD = re.compile(r"\s*([a-z][a-z0-9-]{0,30})(?:/\d+)?\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header|smtp|policy)\.([a-z]{1,20})\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sign, the reason for the trace, and what was found by each method: `{"spf": "pass", "dkim": "fail"}`."""

    sign: SenderSign
    reason: str
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    outcome: str
    properties: dict[str, str]


def own_check(raw: bytes, parsed: ParsedMail, mail: InboundMail) -> OwnCheck | None:
    """Check the signatures of a mail, where its mailbox wants that and no trusted server has done it; else None.

    It may wait for the DNS, a few seconds at most: not while something is locked. Old mail that is imported is left as
    it is, since the keys of those days are gone.
    """
    mailbox = mail.mailbox
    if not mailbox.checks_signatures or mail.channel == IMPORT or parsed.sender is None:
        return None
    if _word(parsed, mailbox.trusted_server) is not None:
        return None
    return check(raw, parsed, lookup=resolver().for_one_mail(), at=mail.received_at)


def verdict_on(parsed: ParsedMail, trusted_server: str, own: OwnCheck | None = None) -> Verdict:
    """What is known of the sender: by `trusted_server` (an authserv-id; empty means that none is trusted), else `own`.

    A mail with several From fields proves nobody, whatever was found: each could be the one that was meant (I7).
    """
    word = _word(parsed, trusted_server)
    if word is None:
        if own:
            return Verdict(own.sign, own.reason, own.outcomes)
        if parsed.sender is None:
            return Verdict(SenderSign.UNKNOWN, "it names no sender")
        said = f"{trusted_server} says nothing" if trusted_server else "no server is trusted to judge"
        return Verdict(SenderSign.UNKNOWN, said)
    outcomes = {result.method: result.outcome for result in word}
    sign, reason = _judged(parsed, word, outcomes.get("dmarc", ""), trusted_server)
    return Verdict(sign, reason, outcomes)


def _judged(parsed: ParsedMail, word: list[_Result], dmarc: str, server: str) -> tuple[SenderSign, str]:
    if parsed.sender is None:
        return SenderSign.UNKNOWN, "it names no sender"
    domain = ascii_name(parsed.sender.address.rpartition("@")[2])
    if dmarc == "fail":
        return SenderSign.FORGED, f"DMARC failed for {domain}"
    if names_several_senders(parsed):
        return SenderSign.UNKNOWN, "it names several senders"
    if dmarc == "pass":
        judged = next(one.properties.get("header.from", domain) for one in reversed(word) if one.method == "dmarc")
        if same_organization(ascii_name(judged.rpartition("@")[2]), domain) or ascii_name(judged) == domain:
            return SenderSign.PROVEN, f"DMARC passed for {domain}"
        return SenderSign.UNKNOWN, f"DMARC passed for {judged}, and the sender is of {domain}"
    for result in word:
        named = result.properties.get("header.d", "") or result.properties.get("header.i", "").rpartition("@")[2]
        signer = ascii_name(named)
        if result.method == "dkim" and result.outcome == "pass" and same_organization(signer, domain):
            return SenderSign.PROVEN, f"DKIM signature of {signer}"
    return SenderSign.UNKNOWN, f"{server} says nothing that proves {domain}"


def _word(parsed: ParsedMail, trusted_server: str) -> list[_Result] | None:
    """What the trusted server found, method by method; None where it says nothing about this mail."""
    if not trusted_server:
        return None
    for name, value in parsed.headers:
        if name.lower() != "authentication-results":
            continue
        server, _, rest = _COMMENT.sub(" ", value[:_LONGEST_FIELD]).partition(";")
        if (server.split() or [""])[0].strip('"').lower() == trusted_server.lower():
            return [result for part in rest.split(";") if (result := _read(part))]
    return None


def _read(part: str) -> _Result | None:
    match = _METHOD.match(part)
    if match is None:
        return None
    properties = {f"{kind}.{name}".lower(): value for kind, name, value in _PROPERTY.findall(part)}
    return _Result(match[1].lower(), match[2].lower(), properties)
