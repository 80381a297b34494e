"""Where a domain is registered, by the public suffix list that comes with the house: nobody is asked."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LONGEST_NAME = 253


def ascii_name(domain: str) -> str:
    """The name as the DNS has it, in lower case, without a dot at its end; empty where it can be none."""
    domain = domain.strip().rstrip(".").lower()
    if not domain or len(domain) > LONGEST_NAME:
        return ""
    try:
        name = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    labels = name.split(".")
    is_name = all(0 < len(label) < 64 and label.replace("-", "a").replace("_", "a").isalnum() for label in labels)
    return name if is_name and len(name) <= LONGEST_NAME else ""


@lru_cache(maxsize=4_096)
def organizational_domain(name: str) -> str:
    """What somebody has registered, `site.example` for `mail.site.example` (RFC 7489 section 3.2).

    Empty for a public suffix, such as `co.uk`, which speaks for nobody.
    """
    return _suffixes().privatesuffix(name) or ""


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # slow to load, and most mails need none of it

    return PublicSuffixList()
