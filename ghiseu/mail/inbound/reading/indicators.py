"""Things in a text that can be looked up: addresses of pages, hosts, machines and people, with their disguises undone.

Reporters write `hxxps://www[.]example[.]com` so that nobody clicks; `refang` gives back what is meant. Pages: RFC 3986,
machines: RFC 4291 section 2.2 and dotted decimals, mail addresses: as they are written in text.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ghiseu.lib.text import storable
from ghiseu.mail.inbound.reading import limits

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MAX_URL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something that can be looked up: kind is `url`, `domain`, `ip` or `email`; the value is refanged."""

    kind: str
    value: str


_DEFANGED_SCHEME = re.compile(
    r"\b(?:h[tx*]{1,2}p|ht\*p|hxxp|fxp|f\*p|nttp)(s?)(?=\s?\[?:\]?\s?/|\[:?//|\(:\)//|:\[?//)", re.IGNORECASE
)
_DEFANGED_SEPARATOR = re.compile(
    r"\[\s?(?:://|:\s?//)\s?\]|\[\s?:\s?\]\s?//|\(:\)//|:\[//\]|:// ?(?=\[)|\[:\]/{2}", re.IGNORECASE
)
_DEFANGED_DOT = re.compile(
    r"\s?[\[({<]\s?(?:\.|dot|точка|punct|кропка|крапка)\s?[\])}>]\s?|\[\.(?=\w)|(?<=\w)\.\]|\\\.|"
    r"(?<=[a-z]{2})\]\.(?=[a-z]{2})|"
    r"(?<=\w) dot (?=(?:com|net|org|ru|info|biz|ro|ua|md)\b)",
    re.IGNORECASE,
)
_DEFANGED_AT = re.compile(r"\s?[\[({<]\s?(?:@|at|собака)\s?[\])}>]\s?", re.IGNORECASE)
_DEFANGED_COLON = re.compile(r"(?<=\w)\[:\](?=\d)")

_URL = re.compile(
    r"(?<![\w+.-])(?:https?|ftps?|sftp|wss?|magnet|tftp|ed2k)://[^\s<>\"`|"
    r"\\^{}\u201c\u201d\u00ab\u00bb\uff08\uff09\u3002]{1,4000}",
    re.IGNORECASE,
)
_NEXT_URL = re.compile(r"[,;|](https?://)", re.IGNORECASE)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(
    r"(?<![\w@.%/=&-])((?:_?"
    + _LABEL
    + r"\.){1,20}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))\.?(?![\w@-]|\.\w)(:\d{1,5})?(/[^\s<>\"`|"
    r"\\^{}]{0,2000})?",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![\w.!#$%&'*+/=?^`{|}~@-])([\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:"
    + _LABEL
    + r"\.){1,20}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))(?![\w-])",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"(?<![\w.])((?:\d{1,3}\.){3}\d{1,3})(?![\w]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?:\d{1,3}(?:\.\d{1,3}){3})?)(?![\w:]|\.\d)", re.IGNORECASE
)

# Endings that are top-level domains, but in running text nearly always files.
_FILE_ENDINGS = {
    "zip",
    "md",
    "py",
    "sh",
    "rs",
    "mov",
    "app",
    "cab",
    "so",
    "ps",
    "pm",
    "java",
    "cc",
    "cpp",
    "dev0",
    "ai0",
    "doc",
    "pdf",
    "txt",
    "php",
    "html",
    "htm",
    "exe",
}
_RESERVED = {
    "example",
    "test",
    "invalid",
    "tld",
    "local",
    "onion",
    "localhost",
    "lan",
}  # RFC 2606, RFC 7686 and common stand-ins


def refang(text: str) -> str:
    """The text with disguised schemes, dots and at-signs written plainly."""
    if not any(mark in text for mark in ("[", "]", "(", "{", "xx", "XX", "\\.", "*", " dot ", "<.", "fxp", "nttp")):
        return text
    text = _DEFANGED_SEPARATOR.sub("://", text)
    text = _DEFANGED_DOT.sub(".", text)
    text = _DEFANGED_AT.sub("@", text)
    text = _DEFANGED_COLON.sub(":", text)
    text = text.replace("[/]", "/")
    return _DEFANGED_SCHEME.sub(lambda found: ("ftp" if found[0][0] in "fF" else "http") + found[1].lower(), text)


def find_indicators(text: str) -> list[Indicator]:
    """Every indicator in a text, each once, in order of kind: pages, people, machines, hosts."""
    text = refang(storable(text[: limits.MAX_SCAN_CHARACTERS]))
    found: dict[Indicator, None] = {}
    for indicator in _all(text):
        found.setdefault(indicator)
        if len(found) >= limits.MAX_INDICATORS:
            break
    return list(found)


def _all(text: str) -> Iterator[Indicator]:
    has_dot_or_colon = "." in text or ":" in text
    if not has_dot_or_colon:
        return
    if "://" in text:
        text = _NEXT_URL.sub(r" \1", text)
        for url in _URL.finditer(text):
            if (value := trim_url(url[0])).partition("://")[2]:
                yield Indicator("url", value)
        text = _URL.sub(" ", text)
    if "@" in text:
        for address in _EMAIL.finditer(text):
            yield Indicator("email", address[1].lstrip("'.").lower())
    for machine in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        if (address_of_machine := valid_ip(machine[1])) is not None:
            yield Indicator("ip", address_of_machine)
    for host in _HOST.finditer(text):
        name = host[1].lower()
        if is_public_name(name):
            if host[3] and len(host[3]) > 1:
                yield Indicator("url", trim_url(host[1] + (host[2] or "") + host[3]))
            yield Indicator("domain", name)


def trim_url(url: str) -> str:
    """A page's address without the punctuation of the sentence it stands in."""
    url = url[:MAX_URL_CHARACTERS]
    while url:
        last = url[-1]
        if (
            last in ".,;:!?'\"*_~>\u2019\u2026\u00bb"
            or (last == ")" and url.count(")") > url.count("("))
            or (last == "]" and url.count("]") > url.count("["))
        ):
            url = url[:-1]
        else:
            break
    return url


def valid_ip(text: str) -> str | None:
    """The address in its shortest form, or None if it is none (a version number, all zeros); IPv4 in IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return None if address.is_unspecified or (address.version == 6 and int(address) < 0x10000) else str(address)


def is_public_name(name: str) -> bool:
    """Whether a dotted name ends in a top-level domain that exists (or is kept for examples), and is no file name."""
    last = name.rpartition(".")[2]
    if last in _FILE_ENDINGS:
        return False
    if last in _RESERVED:
        return True
    return _is_top_level_domain(last)


@lru_cache(maxsize=4_096)
def _is_top_level_domain(label: str) -> bool:
    return _suffixes().publicsuffix(label) is not None


@cache
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # slow to load, and most mails need none of it

    return PublicSuffixList(only_icann=True, accept_unknown=False)


def from_value(value: str) -> Indicator | None:
    """The one indicator that a field's whole value is, or None. Any host name is believed here."""
    value = refang(storable(value.strip().strip("<>\"' ")))[:MAX_URL_CHARACTERS]
    if "://" in value:
        return Indicator("url", value) if re.match(r"[a-z][a-z0-9+.-]{0,20}://\S+$", value, re.IGNORECASE) else None
    if address := valid_ip(value.partition("/")[0] if value.count(".") == 3 else value):
        return Indicator("ip", address)
    if (port := re.match(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$", value)) and (address := valid_ip(port[1])):
        return Indicator("ip", address)
    if _EMAIL.fullmatch(value):
        return Indicator("email", value.lower())
    host = _HOST.fullmatch(value)
    if host and not host[2] and not host[3]:
        return Indicator("domain", host[1].lower())
    return None


def without(indicators: Iterable[Indicator], excluded: set[tuple[str, str]]) -> tuple[Indicator, ...]:
    """The indicators that are none of the excluded (kind, value) pairs, each once."""
    return tuple(dict.fromkeys(one for one in indicators if (one.kind, one.value.lower()) not in excluded))
