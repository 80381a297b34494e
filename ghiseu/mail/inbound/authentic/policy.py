"""What a domain asks others to think of mail in its name: its DMARC record (RFC 7489)."""

from __future__ import annotations

from dataclasses import dataclass

from ghiseu.lib.domains import organizational_domain
from ghiseu.mail.inbound.authentic.dns import Lookup
from ghiseu.mail.inbound.authentic.signatures import Invalid, read_tags

_VERSION = b"v=DMARC1"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked: none, quarantine or reject. With `is_strict` only the domain itself signs for its mail."""

    asks: str
    is_strict: bool = False

    @property
    def disowns(self) -> bool:
        """Whether mail that is not signed shall not be believed."""
        return self.asks in ("quarantine", "reject")

    def aligned(self, signer: str, domain: str) -> bool:
        """Whether a signature of `signer` speaks for mail from `domain` (section 3.1.1)."""
        return signer == domain or (not self.is_strict and same_organization(signer, domain))


def same_organization(one: str, other: str) -> bool:
    return bool(organizational_domain(one)) and organizational_domain(one) == organizational_domain(other)


def policy_of(domain: str, lookup: Lookup) -> Policy | None:
    """The policy for mail from this domain: its own, else that of the registered domain above it (section 6.6.3).

    None where there is none, or several, or one that cannot be read. Raises Unanswered.
    """
    above = organizational_domain(domain)
    for place in dict.fromkeys((domain, above)):
        if not place:
            continue
        records = [text for text in lookup(f"_dmarc.{place}") if text.lstrip().startswith(_VERSION)]
        if records:
            return _read(records[0], is_above=place != domain) if len(records) == 1 else None
    return None


def _read(record: bytes, *, is_above: bool) -> Policy | None:
    try:
        tags = {name.lower(): value.lower() for name, value in read_tags(record.decode("ascii", "replace")).items()}
    except Invalid:
        return None
    asks = tags.get("sp", tags.get("p", "none")) if is_above else tags.get("p", "none")
    # Only being tried out: by the old sign and by the new one.
    if tags.get("pct") == "0" or tags.get("t") == "y":
        asks = "none"
    return Policy(asks if asks in ("quarantine", "reject") else "none", tags.get("adkim") == "s")
