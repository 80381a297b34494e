"""Our own check of who signed a mail, for mail that no server in front of us has judged.

It knows a signature (DKIM) and what the sender's domain asks for (DMARC). It does not know which machine delivered the
mail, so SPF counts for nothing here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from ghiseu.lib.addresses import parse_addresses
from ghiseu.lib.canonical import CRLF, name_of, split_mail
from ghiseu.lib.domains import ascii_name
from ghiseu.mail.inbound.authentic.dns import Lookup, Unanswered
from ghiseu.mail.inbound.authentic.policy import Policy, policy_of, same_organization
from ghiseu.mail.inbound.authentic.signatures import Invalid, Signature, SignedMail, verify
from ghiseu.mail.inbound.parse import ParsedMail, parse_mail
from ghiseu.tickets.models import SenderSign

# A mail in a sender's name has one or two; each costs a question to the DNS.
MOST_SIGNATURES = 4
LONGEST_HEADER = 500_000
PASS, FAIL, NONE, UNTOLD = "pass", "fail", "none", "temperror"


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """What was found: the sign, the reason in words, and each method's outcome as RFC 8601 names it."""

    sign: SenderSign
    reason: str
    outcomes: Mapping[str, str] = field(default_factory=dict)


def check(raw: bytes, parsed: ParsedMail, *, lookup: Lookup, at: dt.datetime) -> OwnCheck:
    """Judge a mail that came at `at`. Never raises: what cannot be told is told as unknown."""
    mail = SignedMail(*split_mail(raw))
    domain, why_not = _sender_domain(mail, parsed)
    if not domain:
        return OwnCheck(SenderSign.UNKNOWN, f"not checked: {why_not}")
    policy, is_told = None, True
    try:
        policy = policy_of(domain, lookup)
    except Unanswered:
        is_told = False
    # As long as nobody knows the policy, only the domain itself speaks for its mail.
    rule = policy or Policy("none", is_strict=not is_told)
    found = _first_that_holds(mail, domain, rule, lookup=lookup, at=at)
    if found.by:
        outcomes = {"dkim": PASS} | ({"dmarc": PASS} if policy else {})
        return OwnCheck(SenderSign.PROVEN, f"own check: DKIM signature of {found.by}", outcomes)
    if found.outcome == UNTOLD or not is_told:
        outcomes = {"dkim": found.outcome, "dmarc": UNTOLD}
        return OwnCheck(SenderSign.UNKNOWN, "not checked: the DNS did not answer in time", outcomes)
    outcomes = {"dkim": found.outcome, "dmarc": FAIL if policy else NONE}
    if policy and policy.disowns:
        told = f"own check: {domain} disowns mail that it did not sign ({policy.asks}), and {found.reason}"
        return OwnCheck(SenderSign.FORGED, told, outcomes)
    return OwnCheck(SenderSign.UNKNOWN, f"own check: {found.reason}", outcomes)


def _sender_domain(mail: SignedMail, parsed: ParsedMail) -> tuple[str, str]:
    """The domain that the signature must speak for, else why there is none.

    Two fields, or two addresses in one, could be read in two ways, and so could a field that was signed and another one
    that is shown: then nothing is proven (promise I7).
    """
    if sum(map(len, mail.fields)) > LONGEST_HEADER:
        return "", "its header is too long"
    signed = [one for one in mail.fields if name_of(one) == "from"]
    if len(signed) != 1 or names_several_senders(parsed):
        return "", "it does not name one sender"
    people = parse_addresses(" ".join(signed[0].partition(b":")[2].decode("utf-8", "replace").split()))
    alone = parse_mail(signed[0] + CRLF).sender
    if len(people) != 1 or alone is None or parsed.sender is None or alone.address != parsed.sender.address:
        return "", "its sender can be read in more than one way"
    domain = ascii_name(alone.address.rpartition("@")[2])
    return domain, "" if domain else "the domain of its sender is none"


def names_several_senders(parsed: ParsedMail) -> bool:
    """Whether there are more From fields than the one that RFC 5322 allows: each could be the one that was proven."""
    return sum(name.lower() == "from" for name, _ in parsed.headers) > 1


@dataclass(frozen=True, slots=True)
class Held:
    """`by` is the domain whose signature holds and speaks for the sender; empty where none does, for this `reason`."""

    by: str
    reason: str
    outcome: str


def _first_that_holds(mail: SignedMail, domain: str, rule: Policy, *, lookup: Lookup, at: dt.datetime) -> Held:
    reason, outcome, tried = f"no signature speaks for {domain}", NONE, 0
    for field_of_one in mail.fields:
        if name_of(field_of_one) != "dkim-signature" or tried == MOST_SIGNATURES:
            continue
        try:
            signature = Signature.read(field_of_one)
            # Nobody else's key is asked for: it could prove nothing about this sender.
            if signature.domain != domain and not same_organization(signature.domain, domain):
                continue
            tried += 1
            verify(signature, mail, lookup=lookup, at=at)
        except Invalid as error:
            reason, outcome = str(error), UNTOLD if outcome == UNTOLD else FAIL
        except Unanswered:
            outcome = UNTOLD
        else:
            if rule.aligned(signature.domain, domain):
                return Held(signature.domain, "", PASS)
            reason = f"the signature of {signature.domain} does not speak for {domain}"
    return Held("", reason, outcome)
