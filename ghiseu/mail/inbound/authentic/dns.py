"""Asking the DNS for text records, so that it can never hold up the filing of mail for long.

A sender chooses which name servers we ask, and can let each of them be slow. So a mail may wait a few seconds, and all
mails of this process together a sixth of the time; whoever has used that up finds nothing checked, and mail is filed.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Protocol

from django.conf import settings

SECONDS_FOR_A_MAIL = 3.0
SECONDS_AT_ONCE = 10.0
SHARE_OF_THE_TIME = 1 / 6
MOST_REMEMBERED = 5_000
SHORTEST_MEMORY_SECONDS, LONGEST_MEMORY_SECONDS = 60.0, 3_600.0
MEMORY_OF_NOTHING_SECONDS = 300.0
LONGEST_RECORD = 10_000

Texts = tuple[bytes, ...]


class Unanswered(Exception):
    """Nobody can tell at the moment; later somebody may."""


class Lookup(Protocol):
    def __call__(self, name: str) -> Texts:
        """The text records of a name, each put together; none where there are none. Raises Unanswered."""


class Allowance:
    """How long may still be waited: at most ten seconds, which come back slowly."""

    def __init__(self) -> None:
        self._used = 0.0
        self._seen_at = time.monotonic()

    def left(self) -> float:
        now = time.monotonic()
        self._used = max(0.0, self._used - (now - self._seen_at) * SHARE_OF_THE_TIME)
        self._seen_at = now
        return SECONDS_AT_ONCE - self._used

    def use(self, seconds: float) -> None:
        self._used += seconds


class Resolver:
    """One for a process: remembers what it heard, also that there was no answer, and keeps to its allowance."""

    def __init__(self, servers: tuple[tuple[str, int], ...] = ()) -> None:
        """Asks `servers`, (address, port) each; without any those that the machine asks."""
        import dns.resolver  # slow to load, and most desks need none of it

        self._ask = dns.resolver.Resolver(configure=not servers)
        if servers:
            import dns.nameserver

            self._ask.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._known: dict[str, tuple[float, Texts | None]] = {}
        self._allowance = Allowance()
        self._guard = threading.Lock()

    def for_one_mail(self) -> Lookup:
        """A way to ask for the few names that one mail needs, within the time that a mail may take."""
        left = [SECONDS_FOR_A_MAIL]

        def lookup(name: str) -> Texts:
            began = time.monotonic()
            try:
                return self._texts(name, left[0])
            finally:
                left[0] -= time.monotonic() - began

        return lookup

    def _texts(self, name: str, seconds: float) -> Texts:
        with self._guard:
            until, known = self._known.get(name, (0.0, None))
            if time.monotonic() >= until:
                seconds = min(seconds, self._allowance.left())
                known = self._asked(name, seconds) if seconds > 0.1 else None
        if known is None:
            raise Unanswered(name)
        return known

    def _asked(self, name: str, seconds: float) -> Texts | None:
        import dns.exception
        import dns.resolver

        began = time.monotonic()
        found: Texts | None = None
        memory = SHORTEST_MEMORY_SECONDS
        try:
            answer = self._ask.resolve(f"{name}.", "TXT", lifetime=seconds)
            found = tuple(b"".join(record.strings)[:LONGEST_RECORD] for record in answer)
            memory = min(max(answer.rrset.ttl if answer.rrset else 0, SHORTEST_MEMORY_SECONDS), LONGEST_MEMORY_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            found, memory = (), MEMORY_OF_NOTHING_SECONDS
        except (dns.exception.DNSException, OSError):
            found = None
        self._allowance.use(time.monotonic() - began)
        while len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[name] = (time.monotonic() + memory, found)
        return found


@cache
def resolver() -> Resolver:
    """This process's own, as `GHISEU_DNS_SERVERS` says."""
    return Resolver(settings.DNS_SERVERS)
