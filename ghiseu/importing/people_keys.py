"""How people are named in documents: customers by an address, senders and recipients as mail headers have them."""

from __future__ import annotations

import re
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.values import shown, text
from ghiseu.lib.addresses import parse_addresses

LOGIN = "login:"
# The name of a customer without any identity, good within one file.
NAMELESS = "#"
_ADDRESS = re.compile(r"[^\s@<>,;\"\x00-\x1f]{1,64}@[^\s@<>,;\"\x00-\x1f]{1,255}")
_USUAL = re.compile(r'"?([^"<>,\\=()]*)"?\s*<([^\s@<>,;"]+@[^\s@<>,;"]+)>')
_NAME_CHARACTERS, _ADDRESS_CHARACTERS = 300, 320


def address_key(value: Any) -> str:
    """A customer named by a mail address, in lower case. Raises Refused."""
    address = text(value).strip().lower()
    if not _ADDRESS.fullmatch(address):
        raise Refused(f"{shown(value)} is not a mail address")
    return address


def customer_key(value: Any) -> str:
    """A customer named by a mail address, by `login:NAME`, or by `#KEY` as a line of the same file names them."""
    key = text(value)
    if key.startswith((LOGIN, NAMELESS)):
        if not 1 < len(key) <= _ADDRESS_CHARACTERS:
            raise Refused(f"{shown(value)} names nobody")
        return key
    return address_key(key)


def person_of(value: Any) -> tuple[str, str]:
    """Name and address of `"Vera" <vera@site.example>` or `{"name", "address"}`."""
    if value is None:
        return "", ""
    if isinstance(value, dict):
        return _named(value)
    if usual := _USUAL.fullmatch(text(value)):
        return usual[1].strip()[:_NAME_CHARACTERS], usual[2][:_ADDRESS_CHARACTERS]
    found = parse_addresses(value)
    if not found:
        # A name without an address, as notes often have it.
        return value.strip()[:_NAME_CHARACTERS], ""
    return found[0].name[:_NAME_CHARACTERS], found[0].address


def persons_of(value: Any) -> list[dict[str, str]]:
    """The people of a header, a text or a list of texts and `{"name", "address"}`; what has no @ is left out."""
    found: list[dict[str, str]] = []
    for one in value if isinstance(value, list) else [value or ""]:
        if isinstance(one, dict):
            name, address = _named(one)
            found.append({"name": name, "address": address})
        elif usual := _USUAL.fullmatch(text(one)):
            found.append({"name": usual[1].strip(), "address": usual[2]})
        else:
            found += [{"name": each.name, "address": each.address} for each in parse_addresses(one)]
    return found


def _named(value: dict[str, Any]) -> tuple[str, str]:
    if set(value) - {"name", "address"}:
        raise Refused(f"{shown(value)} has other keys than name and address")
    return text(value.get("name", ""), _NAME_CHARACTERS), text(value.get("address", ""), _ADDRESS_CHARACTERS)
