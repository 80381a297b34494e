"""Signing what leaves, so that receivers can tell our mail from forged one (RFC 6376, Ed25519 by RFC 8463).

Canonicalization is relaxed for header and body. The signature covers what a reader sees and what keeps a thread
together; it carries no time limit, as a mail may wait five days for its server.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from ghiseu.lib.canonical import relaxed_body, relaxed_field

SigningKey = RSAPrivateKey | Ed25519PrivateKey
_SIGNED = (
    *("from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "auto-submitted", "content-language"),
)
_FEWEST_RSA_BITS = 1024  # what receivers still accept, RFC 8301 section 3.2


class KeyUnusable(ValueError):
    """The key cannot sign; `str()` says why and what is needed."""


def read_key(pem: bytes) -> SigningKey:
    """A private key in PEM, without a password: RSA of 1024 bits or more, or Ed25519. Raises KeyUnusable."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(
            f"The DKIM key cannot be read ({error}). It takes a private key in PEM, without a password."
        ) from error
    if isinstance(key, RSAPrivateKey) and key.key_size >= _FEWEST_RSA_BITS:
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise KeyUnusable(
        "The DKIM key is of a kind that receivers do not accept. Make an RSA key of 2048 bits, or Ed25519."
    )


def signed(raw: bytes, *, sender: str) -> bytes:
    """The mail with our signature on top, if a key is set and the sender's domain is the one it speaks for.

    Raises KeyUnusable, OSError where the key file cannot be read.
    """
    domain = sender.rpartition("@")[2].lower()
    ours: str = settings.DKIM_DOMAIN
    if not settings.DKIM_KEY_FILE or not (domain == ours or domain.endswith(f".{ours}")):
        return raw
    key = _key_in(settings.DKIM_KEY_FILE)
    return signature(raw, domain=ours, selector=settings.DKIM_SELECTOR, key=key) + raw


@lru_cache(maxsize=4)
def _key_in(path: str) -> SigningKey:
    return read_key(Path(path).read_bytes())


def signature(raw: bytes, *, domain: str, selector: str, key: SigningKey) -> bytes:
    """The DKIM-Signature field with its line end, to stand before the first field; the same for the same mail."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    # Naming a field once more than it occurs keeps others from adding one (section 5.4.2).
    names = [name for name in _SIGNED if name in fields] + ["from", "subject"]
    algorithm = "rsa-sha256" if isinstance(key, RSAPrivateKey) else "ed25519-sha256"
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    unsigned = (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n"
        f" h={':'.join(names)};\r\n bh={body_hash};\r\n b="
    )
    signed = b"".join(relaxed_field(fields[name]) for name in names[:-2])
    signed += relaxed_field(unsigned.encode()).rstrip(b"\r\n")
    value = base64.b64encode(_sign(key, signed)).decode()
    return (unsigned + "\r\n ".join(re.findall(".{1,70}", value)) + "\r\n").encode()


def _sign(key: SigningKey, data: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, PKCS1v15(), hashes.SHA256())
    return key.sign(hashlib.sha256(data).digest())


def _fields(head: bytes) -> dict[str, bytes]:
    """Each field's bytes by its name in lower case; of several with one name the last, as section 5.4.2 wants."""
    whole = re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", head)
    return {field.split(b":", 1)[0].strip().decode("ascii", "replace").lower(): field for field in whole}
