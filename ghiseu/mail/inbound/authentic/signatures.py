"""Whether a DKIM signature holds (RFC 6376, RFC 8301, Ed25519 by RFC 8463).

Stricter than the RFC where it leaves a choice: what a signature does not cover to the end proves nothing, and neither
does one that is only being tried out.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ghiseu.lib.canonical import CRLF, name_of, relaxed_body, relaxed_field, simple_body
from ghiseu.lib.domains import ascii_name
from ghiseu.mail.inbound.authentic.dns import Lookup

FEWEST_RSA_BITS, MOST_RSA_BITS = 1024, 4096  # RFC 8301 section 3.2
LONGEST_SIGNATURE = 10_000
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NEEDED = ("v", "a", "b", "bh", "d", "h", "s")
PublicKey = RSAPublicKey | Ed25519PublicKey


class Invalid(ValueError):
    """The signature proves nothing; `str()` says why, for the trace."""


@dataclass(frozen=True)
class SignedMail:
    """Header fields and body as `split_mail` gives them; the body is hashed once, however many signatures there are."""

    fields: Sequence[bytes]
    body: bytes

    @cached_property
    def simple_hash(self) -> bytes:
        return hashlib.sha256(simple_body(self.body)).digest()

    @cached_property
    def relaxed_hash(self) -> bytes:
        return hashlib.sha256(relaxed_body(self.body)).digest()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a DKIM-Signature field says; `field` are its bytes."""

    field: bytes
    tags: dict[str, str]
    domain: str

    @classmethod
    def read(cls, field: bytes) -> Signature:
        """Raises Invalid for what is none of version 1."""
        if len(field) > LONGEST_SIGNATURE:
            raise Invalid("the signature is too long")
        tags = read_tags(field.partition(b":")[2].decode("ascii", "replace"))
        if tags.get("v") != "1" or any(not tags.get(name) for name in _NEEDED):
            raise Invalid("the signature cannot be read")
        domain = ascii_name(tags["d"])
        signer = ascii_name(tags.get("i", domain).rpartition("@")[2])
        if not domain or not (signer == domain or signer.endswith(f".{domain}")):
            raise Invalid("the signature cannot be read")
        return cls(field, tags, domain)


def read_tags(text: str) -> dict[str, str]:
    """A tag list (section 3.2), blanks in values left out. Raises Invalid."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not _TAG_NAME.fullmatch(name) or name in tags:
            raise Invalid("the signature cannot be read")
        tags[name] = "".join(value.split())
    return tags


def verify(signature: Signature, mail: SignedMail, *, lookup: Lookup, at: dt.datetime) -> None:
    """Return where the signature holds for this mail, which came at `at`. Raises Invalid, or Unanswered by the DNS."""
    tags = signature.tags
    if tags["a"] not in _ALGORITHMS:
        raise Invalid("its algorithm is not accepted")
    if "l" in tags:
        raise Invalid("the signature covers only the beginning of the text")
    _check_times(tags, at)
    header_form, body_form = _forms(tags.get("c", "simple/simple"))
    signed = [name.lower() for name in tags["h"].split(":")]
    if "from" not in signed:
        raise Invalid("the signature does not cover the sender")
    if _base64(tags["bh"]) != (mail.relaxed_hash if body_form == "relaxed" else mail.simple_hash):
        raise Invalid("the text was changed after signing")
    key = _key(signature, lookup)
    data = _signed_header(signature.field, mail.fields, signed, relaxed=header_form == "relaxed")
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(_base64(tags["b"]), data, PKCS1v15(), hashes.SHA256())
        else:
            key.verify(_base64(tags["b"]), hashlib.sha256(data).digest())
    except InvalidSignature as error:
        raise Invalid("the signature is not by the key of its domain, or the header was changed") from error


def _check_times(tags: dict[str, str], at: dt.datetime) -> None:
    expires = tags.get("x")
    if expires is not None:
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            raise Invalid("the signature cannot be read")
        if int(expires) < at.timestamp():
            raise Invalid("the signature has expired")


def _forms(text: str) -> tuple[str, str]:
    header_form, _, body_form = text.lower().partition("/")
    body_form = body_form or "simple"
    if header_form not in ("simple", "relaxed") or body_form not in ("simple", "relaxed"):
        raise Invalid("the signature cannot be read")
    return header_form, body_form


def _signed_header(own: bytes, fields: Sequence[bytes], signed: Sequence[str], *, relaxed: bool) -> bytes:
    """Sections 3.7 and 5.4.2: of fields with one name the last first; a name too many stands for none."""
    waiting: dict[str, list[bytes]] = {}
    for field in fields:
        waiting.setdefault(name_of(field), []).append(field)
    chosen = [waiting[name].pop() for name in signed if waiting.get(name)]
    unsigned = _without_value(own)
    if relaxed:
        return b"".join(map(relaxed_field, chosen)) + relaxed_field(unsigned).removesuffix(CRLF)
    return b"".join(chosen) + unsigned.removesuffix(CRLF)


def _without_value(field: bytes) -> bytes:
    """The signature field with an empty `b=`, and otherwise as it is."""
    name, _, value = field.partition(b":")
    parts = value.split(b";")
    for position, part in enumerate(parts):
        tag, _, _ = part.partition(b"=")
        if tag.strip() == b"b":
            # The line end behind the last tag is none of its value.
            end = CRLF if position == len(parts) - 1 else b""
            parts[position] = tag + b"=" + end
    return name + b":" + b";".join(parts)


def _key(signature: Signature, lookup: Lookup) -> PublicKey:
    """The public key that the DNS names for this signature (section 3.6.1)."""
    selector = ascii_name(signature.tags["s"])
    if not selector or "dns/txt" not in signature.tags.get("q", "dns/txt").lower().split(":"):
        raise Invalid("the signature cannot be read")
    records = [text for text in lookup(f"{selector}._domainkey.{signature.domain}") if b"p=" in text.replace(b" ", b"")]
    if len(records) != 1:
        raise Invalid("its domain publishes no key for it" if not records else "its domain publishes several keys")
    tags = read_tags(records[0].decode("ascii", "replace"))
    algorithm, flags = _ALGORITHMS[signature.tags["a"]], tags.get("t", "").lower().split(":")
    signer = ascii_name(signature.tags.get("i", signature.domain).rpartition("@")[2])
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa").lower() != algorithm:
        raise Invalid("the key of its domain is of another kind")
    if not tags.get("p"):
        raise Invalid("its domain has withdrawn the key")
    if "sha256" not in tags.get("h", "sha256").lower().split(":"):
        raise Invalid("the key of its domain is of another kind")
    if not {"*", "email"} & set(tags.get("s", "*").lower().split(":")):
        raise Invalid("the key of its domain is not for mail")
    if "y" in flags:
        raise Invalid("its domain only tries signing out")
    if "s" in flags and signer != signature.domain:
        raise Invalid("the key of its domain is not for subdomains")
    return _loaded(_base64(tags["p"]), algorithm)


def _loaded(data: bytes, algorithm: str) -> PublicKey:
    try:
        key = Ed25519PublicKey.from_public_bytes(data) if algorithm == "ed25519" else load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("the key of its domain cannot be read") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey) or not FEWEST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise Invalid("the key of its domain is too weak, or of another kind")
    return key


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the signature cannot be read") from error
