"""Bytes of an import on their way to the blobs, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content, Row
from ghiseu.tickets.blobs import keep_bytes


class Contents:
    """The blobs of a batch: `known` holds id and size by SHA-256. With `is_dry` nothing is written."""

    def __init__(self, cursor: Any, *, is_dry: bool) -> None:
        self._cursor = cursor
        self._is_dry = is_dry
        self.known: dict[str, tuple[int, int]] = {}

    def look_up(self, hashes: Iterable[str]) -> None:
        """Find what the desk has, and hold it until the batch is written."""
        wanted = [sha256 for sha256 in hashes if sha256 not in self.known]
        if wanted:
            self._cursor.execute(
                "SELECT sha256, id, size FROM tickets_blob WHERE sha256 = ANY(%s) ORDER BY sha256 FOR KEY SHARE",
                [wanted],
            )
            self.known |= {sha256: (row, size) for sha256, row, size in self._cursor.fetchall()}

    def keep(self, content: Content) -> tuple[int, int]:
        """Id and size of the bytes, kept durably. Raises Refused where they are not what they should be, OSError."""
        if content.data is None and content.path is None:
            self.look_up([content.sha256])
            if content.sha256 not in self.known:
                raise Refused(f"the bytes {content.sha256[:12]}… are neither given nor in the desk")
            return self.known[content.sha256]
        data = content.path.read_bytes() if content.path else content.data or b""
        sha256 = hashlib.sha256(data).hexdigest()
        if content.sha256 and content.sha256 != sha256:
            raise Refused(f"the bytes have {sha256}", "sha256")
        if self._is_dry:
            return self.known.setdefault(sha256, (0, len(data)))
        blob = keep_bytes(data)
        return self.known.setdefault(sha256, (blob.pk, blob.size))

    def remember_erased(self, row: Row) -> bool:
        """Bytes that the other desk erased, known by their name alone; false where they were here before."""
        if self._is_dry:
            return row["sha256"] not in self.known
        self._cursor.execute(
            "INSERT INTO tickets_blob (sha256, size, erased_at, created_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (sha256) DO NOTHING",
            [row["sha256"], row["size"], row["erased_at"], row["erased_at"]],
        )
        return bool(self._cursor.rowcount)
