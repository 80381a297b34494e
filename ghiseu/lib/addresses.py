"""Mail addresses out of header lines: the only address parser of the house.

Reads the address lists of RFC 5322 section 3.4 (with groups, comments, quoted strings and the obsolete routes of
section 4.4) and what mail programs make of them. A name is decoded (RFC 2047) only after the list has been cut,
so that an encoded comma or bracket can never add an address.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghiseu.lib.charsets import decode_words
from ghiseu.lib.text import one_line

MAX_HEADER_CHARACTERS = 200_000
MAX_ADDRESSES = 2_000
MAX_NAME_CHARACTERS = 1_000
MAX_ADDRESS_CHARACTERS = 320  # 64 + @ + 255, RFC 5321 section 4.5.3.1

_QUOTED = re.compile(r'"((?:[^"\\]|\\.){0,2000})"', re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"[^"@<>]{1,64}"@[^\s@"<>]{1,255}')
_PLAIN = re.compile(r'[^"(<,;:\\]+')
_BLANKS = re.compile(r"\s+")
_LOOSE_BLANKS = re.compile(r"\s{0,100}([@.])\s{0,100}")  # RFC 5322 section 4.4 allows them there
_BRACKETS = re.compile(r"[<>\s]+")
_SURNAME = re.compile(r"\s{0,20}[^\W\d_][\w .'\u2019-]{0,60}")
_SPECIAL = re.compile(r"""[\s<>,;:"'()\[\]\\]+""")
_ROUTE = re.compile(r"^(?:@[^:,@]{1,255},?\s*){1,20}:")


@dataclass(frozen=True, slots=True)
class Address:
    """Who a header names: a display name (may be empty) and `local@domain`, the domain in lower case."""

    name: str
    address: str


def parse_addresses(header: str) -> tuple[Address, ...]:
    """Every address of a header value, groups opened, in order; what has no `@` is left out. Never fails."""
    found: list[Address] = []
    before: list[str] = []  # "Moraru, Vera <...>" without the quotes it needs
    for entry in _entries(header[:MAX_HEADER_CHARACTERS]):
        if _is_half_a_name(entry):
            before = [*entry.words, ", "]
            continue
        if entry.angle is not None and "".join(entry.words).strip():
            entry.words = before + entry.words
        before = []
        found.extend(_from_entry(entry))
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found[:MAX_ADDRESSES])


def _is_half_a_name(entry: "_Entry") -> bool:
    words = decode_words("".join(entry.words))
    return entry.angle is None and not entry.comments and _SURNAME.fullmatch(words) is not None


@dataclass(slots=True)
class _Entry:
    words: list[str]
    angle: str | None
    comments: list[str]


def _entries(header: str) -> Iterator[_Entry]:
    """Cut a list at its commas, semicolons and group names."""
    entry, position = _Entry([], None, []), 0
    while position < len(header):
        character = header[position]
        if character == '"':
            quoted = _QUOTED.match(header, position)
            entry.words.append(_quoted_word(quoted[1]) if quoted else "")
            position = quoted.end() if quoted else position + 1
        elif character == "(":
            comment, position = _comment(header, position)
            entry.comments.append(comment)
        elif character == "<":
            end = header.find(">", position)
            end = len(header) if end < 0 else end
            inside = header[position + 1 : end]
            if "@" in inside or entry.angle is None:
                entry.angle = inside
            position = end + 1
            while header[position : position + 1] == ">":
                position += 1
        elif character in ",;":
            yield entry
            entry, position = _Entry([], None, []), position + 1
        elif character == ":":
            # the name of a group; an address before it is no group name
            if not any("@" in word for word in entry.words):
                entry = _Entry([], None, [])
            position += 1
        elif character == "\\":
            entry.words.append(header[position + 1 : position + 2])
            position += 2
        else:
            plain = _PLAIN.match(header, position)
            entry.words.append(plain[0] if plain else character)
            position = plain.end() if plain else position + 1
    yield entry


def _quoted_word(inside: str) -> str:
    word = re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL)
    return f'"{word}"'


def _comment(header: str, start: int) -> tuple[str, int]:
    depth, position = 0, start
    while position < len(header):
        character = header[position]
        if character == "\\":
            position += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return header[start + 1 : position], position + 1
        position += 1
    return header[start + 1 :], len(header)  # never closed


def _from_entry(entry: _Entry) -> Iterator[Address]:
    name = _name("".join(entry.words))
    if entry.angle is not None:
        address = normal_address(entry.angle)
        if address:
            yield Address(name or _name(" ".join(entry.comments)), address)
            return
    text = "".join(entry.words)
    if _QUOTED_LOCAL.fullmatch(text.strip()) and (whole := normal_address(text)):
        yield Address(_name(" ".join(entry.comments)), whole)
        return
    found = _bare_addresses(text) or _bare_addresses(decode_words(text))
    for address in found:
        rest = _name(_BRACKETS.sub(" ", text.replace(address, " "))) if len(found) == 1 else ""
        if normal := normal_address(address):
            yield Address(rest or _name(" ".join(entry.comments)), normal)


def _bare_addresses(text: str) -> list[str]:
    """The words of a text that are addresses; domain literals in brackets count only inside `<...>`."""
    if "@" not in text:
        return []
    return [
        word
        for word in _SPECIAL.split(text)
        if word.count("@") == 1 and not word.startswith("@") and not word.endswith("@")
    ]


def _name(words: str) -> str:
    text = one_line(decode_words(words[: 4 * MAX_NAME_CHARACTERS].strip()))[:MAX_NAME_CHARACTERS]
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def normal_address(text: str) -> str:
    """`local@domain` with a lower-case domain, or `""` if the text is no single address."""
    text = (_LOOSE_BLANKS.sub(r"\1", decode_words(text)) if '"' not in text else text).strip()
    text = _ROUTE.sub("", text).strip("<>'").removeprefix("mailto:").rstrip(".,;")
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or len(text) > MAX_ADDRESS_CHARACTERS or _BLANKS.search(domain):
        return ""
    if ("@" in local or _BLANKS.search(local)) and not local.startswith('"'):
        return ""
    return one_line(f"{local}@{domain.lower()}")
