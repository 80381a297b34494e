"""A digest of what a source says of a ticket, by which a repeated import knows its own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

BYTES = 16


def fingerprint_of(document: dict[str, Any]) -> bytes:
    """The digest of a JSON object, whatever the order of its keys and the blanks between them."""
    # Half characters were taken out before; `surrogatepass` only spares this function from having to fail.
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=BYTES).digest()
