"""The signatures are checked here by the text of RFC 6376, apart from the code that makes them."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import override_settings

from ghiseu.mail.outbound.dkim import KeyUnusable, SigningKey, read_key, signature, signed

RAW = (
    b"Date: Sun, 22 Nov 2026 10:00:00 +0200\r\nMessage-ID: <a@desk.example>\r\n"
    b"From: Support\r\n <support@desk.example>\r\n"
    b"To: vera@site.example\r\nSubject:  Your   site\r\nMIME-Version: 1.0\r\n\r\nIt  works \t\r\n\r\n.\r\n\r\n\r\n"
)
KEYS: list[SigningKey] = [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()]


def verified(raw: bytes, key: SigningKey) -> bool:
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", head + b"\r\n")
    ours, others = fields[0], fields[1:]
    tags = dict(tag.split("=", 1) for tag in re.sub(r"\s", "", ours.decode().split(":", 1)[1]).split(";"))
    plain = re.sub(rb"[ \t]+", b" ", body.rstrip(b"\r\n") + b"\r\n").replace(b" \r\n", b"\r\n")
    if base64.b64encode(hashlib.sha256(plain).digest()).decode() != tags["bh"]:
        return False

    def relaxed(field: bytes) -> bytes:
        name, _, value = field.partition(b":")
        return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip() + b"\r\n"

    data = b""
    left = list(others)
    for name in tags["h"].split(":"):
        for field in reversed(left):
            if field.lower().startswith(name.encode() + b":"):
                left.remove(field)
                data += relaxed(field)
                break
    unsigned = ours[: ours.index(b" b=") + 3]
    data += relaxed(unsigned).rstrip(b"\r\n")
    value = base64.b64decode(tags["b"])
    try:
        if isinstance(key, rsa.RSAPrivateKey):
            key.public_key().verify(value, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.public_key().verify(value, hashlib.sha256(data).digest())
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("key", KEYS)
def test_a_signed_mail_verifies_and_a_changed_one_does_not(key: SigningKey) -> None:
    mail = signature(RAW, domain="desk.example", selector="2026a", key=key) + RAW

    assert verified(mail, key)
    assert verified(mail.replace(b"It  works \t", b"It works"), key)
    assert not verified(mail.replace(b"works", b"fails"), key)
    assert not verified(mail.replace(b"Your   site", b"Your bank"), key)
    assert not verified(mail.replace(b"\r\n\r\n", b"\r\nSubject: added\r\n\r\n", 1), key)
    assert mail == signature(RAW, domain="desk.example", selector="2026a", key=key) + RAW


@pytest.mark.parametrize(
    ("sender", "is_signed"), [("a@desk.example", True), ("a@x.desk.example", True), ("a@other.example", False)]
)
def test_only_mail_of_the_own_domain_is_signed(tmp_path: Path, sender: str, is_signed: bool) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(KEYS[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with override_settings(DKIM_KEY_FILE=str(file), DKIM_SELECTOR="2026a", DKIM_DOMAIN="desk.example"):
        mail = signed(RAW, sender=sender)

    assert (mail != RAW) is is_signed


def test_without_a_key_nothing_is_signed() -> None:
    assert signed(RAW, sender="a@desk.example") == RAW


WRONG = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("pem", [b"", b"no key", WRONG])
def test_what_is_no_usable_key_is_refused_with_the_reason(pem: bytes) -> None:
    with pytest.raises(KeyUnusable, match="DKIM key"):
        read_key(pem)
