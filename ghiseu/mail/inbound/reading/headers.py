"""What the header says: subject, addresses (RFC 5322 section 3.6.3), date, Message-IDs (section 3.6.4)."""

import re
from datetime import datetime

from ghiseu.lib.addresses import Address, parse_addresses
from ghiseu.lib.charsets import decode_words
from ghiseu.lib.text import one_line
from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.dates import parse_date
from ghiseu.mail.inbound.reading.mime import Part, unfold

_MESSAGE_ID = re.compile(r"<([^<>]{1,1000})>")


def text_of(part: Part, name: str) -> str:
    """A field's text on one line, encoded words decoded."""
    return one_line(decode_words(part.value(name)))


def all_values(part: Part, name: str) -> list[str]:
    """Every field of that name (lower case), on one line each, encoded words still encoded."""
    return [unfold(value) for value in part.raw_values(name)]


def addresses_of(part: Part, name: str) -> tuple[Address, ...]:
    """The addresses of all fields of that name."""
    values = all_values(part, name)
    return parse_addresses(", ".join(values)) if values else ()


def ids_of(part: Part, name: str) -> tuple[str, ...]:
    """The Message-IDs of a field without brackets, in order, each once; a bare word counts if it has an @."""
    value = decode_words(part.value(name))
    found = _MESSAGE_ID.findall(value) or [word for word in value.split() if "@" in word]
    ids = dict.fromkeys(one_line(re.sub(r"\s+", "", identifier)) for identifier in found)
    return tuple(identifier for identifier in ids if identifier)[: limits.MAX_REFERENCES]


def message_id_of(part: Part) -> str | None:
    """The mail's own Message-ID without brackets, or None."""
    value = one_line(decode_words(part.value("message-id")))
    found = _MESSAGE_ID.search(value)
    return (found[1] if found else value.strip("<> "))[:995] or None


def date_of(part: Part) -> datetime | None:
    """The Date field in UTC; without zone it is taken as UTC; None if it says no possible time."""
    for value in all_values(part, "date"):
        if (moment := parse_date(one_line(decode_words(value)))) is not None:
            return moment
    return None


def decoded_fields(part: Part) -> tuple[tuple[str, str], ...]:
    """All fields in order, decoded, on one line each."""
    return tuple((name, one_line(decode_words(unfold(value)))) for name, value in part.fields)
