"""Secrets sealed with a key that lies outside the database, so that a stolen dump gives nobody a password.

A sealed text is a Fernet token (AES-128-CBC with HMAC-SHA256, random each time). Its key is derived from the
installation's secret key by HKDF (RFC 5869), so that what one purpose seals no other can use.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"ghiseu: secrets in the database, first kind of key"


class CannotUnseal(ValueError):
    """The text was sealed under another key, or changed since; `str()` says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be opened: it was sealed under another secret key. Put the former key back "
            "(GHISEU_SECRET_KEY, or the file keys/secret in GHISEU_HOME), or enter the secret again."
        )


def seal(secret: str, *, key: str) -> str:
    """The secret as a text that is useless without `key`. The empty secret stays empty."""
    return _box(key).encrypt(secret.encode()).decode("ascii") if secret else ""


def unseal(sealed: str, *, key: str) -> str:
    """What `seal` was given. Raises CannotUnseal under another key."""
    if not sealed:
        return ""
    try:
        return _box(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotUnseal from None


def _box(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
