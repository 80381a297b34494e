"""The fields of an outgoing mail's header, in ASCII and in lines that fit.

Written here instead of by the standard library, whose folding encodes long Message-IDs (so that threads break) and may
drop the quotes of a display name (so that a comma in it adds a recipient).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.charset import BASE64, Charset
from email.header import Header

from ghiseu.lib.addresses import normal_address
from ghiseu.lib.text import one_line

LINE_CHARACTERS = 76
LONGEST_MESSAGE_ID = 900  # fits the 998 characters of a line, RFC 5322 section 2.1.1

_MESSAGE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = BASE64


def field(name: str, *values: str, separator: str = ",") -> str:
    """One field, each value on a line of its own; no field where there is no value."""
    given = [value for value in values if value]
    return f"{name}: " + f"{separator}\r\n ".join(given) + "\r\n" if given else ""


def ids(message_ids: Iterable[str]) -> list[str]:
    """Those that can stand in a header; what a stranger called a Message-ID may hold anything."""
    return [
        f"<{message_id}>"
        for message_id in message_ids
        if len(message_id) <= LONGEST_MESSAGE_ID and _MESSAGE_ID.fullmatch(message_id)
    ]


def people(persons: Iterable[dict[str, str]]) -> list[str]:
    """Each `{"name": ..., "address": ...}` as it stands in a header; what is no address is left out."""
    return [entry for person in persons if (entry := _person(one_line(person["name"]), person["address"]))]


def _person(name: str, given: str) -> str:
    address = ascii_domain(normal_address(given))
    if not address:
        return ""
    if not address.isascii():
        # Only a mail in UTF-8 can carry it (RFC 6531); an empty group shows it everywhere (RFC 6854 section 2.1).
        return f"{encoded(f'{name} {address}'.strip(), 2)}:;"
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > LINE_CHARACTERS:
        return f"{encoded(name, 2, always=True)}\r\n <{address}>"
    if _ATOMS.fullmatch(name):
        return f"{name} <{address}>"
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>'


def ascii_domain(address: str) -> str:
    """The address with its domain as it stands in the DNS (RFC 5891); unchanged where that cannot be made."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}" if local and not domain.isascii() else address
    except UnicodeError:
        return address


def encoded(text: str, used: int, *, always: bool = False) -> str:
    """The text as ASCII in lines that fit, in encoded words (RFC 2047) where it needs them."""
    if text.isascii() and "=?" not in text and not always and len(text) + used <= LINE_CHARACTERS:
        return text
    charset = "us-ascii" if text.isascii() and "=?" not in text and not always else _UTF8
    header = Header(text, charset, maxlinelen=LINE_CHARACTERS, header_name="x" * used)
    return header.encode(linesep="\r\n")
