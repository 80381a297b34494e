"""Signing mails as senders do, by the text of RFC 6376 and apart from the code that checks them."""

from __future__ import annotations

import base64
import hashlib
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key = RSAPrivateKey | Ed25519PrivateKey
RSA = generate_private_key(65537, 2048)
OTHER_RSA = generate_private_key(65537, 2048)
ED25519 = Ed25519PrivateKey.generate()


def record(key: Key, extra: str = "") -> str:
    """The text record that publishes the key."""
    if isinstance(key, RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return key_record("rsa", public, extra)
    return key_record("ed25519", key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), extra)


def key_record(kind: str, public: bytes, extra: str = "") -> str:
    return f"v=DKIM1; k={kind}; {extra}p={base64.b64encode(public).decode()}"


def sign(
    raw: bytes,
    key: Key = RSA,
    *,
    domain: str = "site.example",
    selector: str = "s1",
    form: str = "relaxed/relaxed",
    names: str = "from:to:subject:date:message-id",
    tags: str = "",
    body_length: int | None = None,
) -> bytes:
    """The mail with a signature on top."""
    head, _, body = raw.partition(b"\r\n\r\n")
    header_form, _, body_form = form.partition("/")
    algorithm = "rsa-sha256" if isinstance(key, RSAPrivateKey) else "ed25519-sha256"
    signed_body = _body(body, body_form)[:body_length]
    body_hash = base64.b64encode(hashlib.sha256(signed_body).digest()).decode()
    field = (
        f"DKIM-Signature: v=1; a={algorithm}; c={form}; d={domain}; s={selector};\r\n\t{tags}"
        f"h={names};\r\n\tbh={body_hash};\r\n\tb="
    ).encode()
    fields = re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", head + b"\r\n")
    data = b""
    for name in names.lower().split(":"):
        found = [one for one in fields if one.lower().startswith(name.encode() + b":")]
        if found:
            fields.reverse()
            fields.remove(found[-1])
            fields.reverse()
            data += _field(found[-1], header_form)
    data += _field(field + b"\r\n", header_form).removesuffix(b"\r\n")
    if isinstance(key, RSAPrivateKey):
        value = key.sign(data, PKCS1v15(), hashes.SHA256())
    else:
        value = key.sign(hashlib.sha256(data).digest())
    return field + base64.b64encode(value) + b"\r\n" + raw


def _field(field: bytes, form: str) -> bytes:
    if form == "simple":
        return field
    name, _, value = field.partition(b":")
    return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip() + b"\r\n"


def _body(body: bytes, form: str) -> bytes:
    if form == "relaxed":
        body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n")
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    if body == b"\r\n":
        return body if form == "simple" else b""
    return body
