"""Keeping bytes and getting them back: small ones in their row, larger ones in the data folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ghiseu.lib import blobs as files
from ghiseu.tickets.models.blob import IN_ROW_BYTES, Blob


def keep_bytes(data: bytes) -> Blob:
    """The blob of these bytes, made where it was not known. A file is on disk for good before its row is.

    Safe beside other writers of the same bytes. Raises OSError where the disk is full: then no row names it.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    in_row = len(data) <= IN_ROW_BYTES
    if not in_row:
        files.write(_root(), sha256, data)
    with connection.cursor() as cursor:
        # One statement, whether the bytes are new or not: the second of two writers waits and gets the first's row.
        cursor.execute(
            "INSERT INTO tickets_blob (sha256, size, data, created_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256 RETURNING id",
            [sha256, len(data), data if in_row else None, timezone.now()],
        )
        row = cursor.fetchone()
    return Blob(pk=row[0], sha256=sha256, size=len(data), data=data if in_row else None)


def bytes_of(blob: Blob) -> bytes:
    """The bytes as they came. Raises FileNotFoundError where the data folder has lost them."""
    return bytes(blob.data) if blob.data is not None else files.read(_root(), blob.sha256)


def head_of(blob: Blob, size: int) -> bytes:
    """At most the first `size` bytes. Raises FileNotFoundError as `bytes_of` does."""
    return bytes(blob.data[:size]) if blob.data is not None else files.read_head(_root(), blob.sha256, size)


def _root() -> Path:
    return Path(settings.BLOBS_FOLDER)
