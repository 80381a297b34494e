"""Bytes of an import on their way to the blobs: small ones into rows, larger ones into files, each once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content
from ghiseu.lib import blobs as files
from ghiseu.tickets.models.blob import IN_ROW_BYTES


class Contents:
    """The blobs of a batch: `known` holds id and size by SHA-256. With `is_dry` nothing is written."""

    def __init__(self, cursor: Any, now: dt.datetime, *, is_dry: bool) -> None:
        self._cursor = cursor
        self._now = now
        self._is_dry = is_dry
        self.known: dict[str, tuple[int, int]] = {}

    def look_up(self, hashes: Iterable[str]) -> None:
        wanted = [sha256 for sha256 in hashes if sha256 not in self.known]
        if wanted:
            self._cursor.execute("SELECT sha256, id, size FROM tickets_blob WHERE sha256 = ANY(%s)", [wanted])
            self.known |= {sha256: (row, size) for sha256, row, size in self._cursor.fetchall()}

    def keep(self, content: Content, created_at: dt.datetime | None = None) -> tuple[int, int]:
        """Id and size of the bytes, kept durably. Raises Refused where they are not what they should be, OSError."""
        if content.data is None and content.path is None:
            self.look_up([content.sha256])
            if content.sha256 not in self.known:
                raise Refused(f"the bytes {content.sha256[:12]}… are neither given nor in the desk")
            return self.known[content.sha256]
        data = content.path.read_bytes() if content.path else content.data or b""
        sha256 = hashlib.sha256(data).hexdigest()
        if content.sha256 and content.sha256 != sha256:
            raise Refused(f"sha256: the bytes have {sha256}")
        if sha256 not in self.known:
            self.known[sha256] = (self._written(sha256, data, created_at or self._now), len(data))
        return self.known[sha256]

    def _written(self, sha256: str, data: bytes, created_at: dt.datetime) -> int:
        if self._is_dry:
            return 0
        in_row = len(data) <= IN_ROW_BYTES
        if not in_row:
            # On disk for good before its row is, as everywhere.
            files.write(Path(settings.BLOBS_FOLDER), sha256, data)
        self._cursor.execute(
            "INSERT INTO tickets_blob (sha256, size, data, created_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256 RETURNING id",
            [sha256, len(data), data if in_row else None, created_at],
        )
        return int(self._cursor.fetchone()[0])
