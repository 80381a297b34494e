"""Keeping bytes and getting them back: small ones in their row, larger ones in the data folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

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
    blob = Blob.objects.filter(sha256=sha256).defer("data").first()
    if blob is None:
        row = Blob(sha256=sha256, size=len(data), data=data if in_row else None)
        # Another writer may be first: their row waits for their commit, and is then found as ours.
        Blob.objects.bulk_create([row], ignore_conflicts=True)
        blob = Blob.objects.defer("data").get(sha256=sha256)
    return blob


def bytes_of(blob: Blob) -> bytes:
    """The bytes as they came. Raises FileNotFoundError where the data folder has lost them."""
    return bytes(blob.data) if blob.data is not None else files.read(_root(), blob.sha256)


def _root() -> Path:
    return Path(settings.BLOBS_FOLDER)
