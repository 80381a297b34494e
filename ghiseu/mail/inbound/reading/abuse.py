"""Reports of abuse: ARF (RFC 5965), XARF, ACNS, feeds, and plain words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that can be looked up: kind is `url`, `domain`, `ip` or `email`; the value is refanged."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class AbuseReport:
    """What is reported and in which format: arf, xarf, acns, feed or freetext."""

    format: str
    feedback_type: str | None
    reported: tuple[Indicator, ...]
    source: str | None
