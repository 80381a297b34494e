"""Keeping bytes and getting them back: small ones in their row, larger ones in the data folder.

Bytes that nothing needs any more are taken away later, by `sweep`. Who keeps bytes and who sweeps hold the same lock of
the database for the same bytes, so that neither can come between the other's two steps, the file and the row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from ghiseu.lib import blobs as files
from ghiseu.tickets.models.blob import IN_ROW_BYTES, Blob
from ghiseu.tickets.relations import rows_naming

log = structlog.get_logger(__name__)

# Bytes that came in are read again soon, if at all: only then compressing is worth its time.
COMPACT_AFTER = dt.timedelta(days=30)
_Step = Callable[[str], None]


def keep_bytes(data: bytes) -> Blob:
    """The blob of these bytes, made where it was not known. A file is on disk for good before its row is.

    Safe beside other writers of the same bytes and beside `sweep`, where the row that will need the blob is written in
    the same transaction. Raises OSError where the disk is full: then no row names it.
    """
    if len(data) <= IN_ROW_BYTES:
        return keep_all([data])[data]
    with transaction.atomic():
        return keep_all([data])[data]


def keep_all(contents: Iterable[bytes]) -> dict[bytes, Blob]:
    """The same for many at once, in the caller's transaction.

    All writers take them in their order, so that none waits for another in a circle.
    """
    blobs = {data: blob_of(data) for data in contents}
    large = {blob.sha256: data for data, blob in blobs.items() if blob.data is None}
    if large:
        _lock(large)
        for sha256, data in large.items():
            files.write(_root(), sha256, data)
    rows = sorted(blobs.values(), key=lambda blob: blob.sha256)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(keeping(len(rows)), [value for row in rows for value in kept_values(row)])
            ids = {sha256: pk for pk, sha256 in cursor.fetchall()}
        for row in rows:
            row.pk = ids[row.sha256]
    return blobs


def blob_of(data: bytes) -> Blob:
    """The blob that these bytes will be; it has no row yet."""
    in_row = len(data) <= IN_ROW_BYTES
    return Blob(sha256=hashlib.sha256(data).hexdigest(), size=len(data), data=data if in_row else None)


def keeping(count: int) -> str:
    """The statement that keeps the rows of so many blobs, from their `kept_values`, and returns id and SHA-256 of each.

    One statement, whether the bytes are new or not: the second of two writers waits and gets the first's row. Where
    only the row was left of erased bytes they stand in it again, and `sweep` asks who needs them. It may stand within
    a larger statement.
    """
    return f"""
        INSERT INTO tickets_blob AS known (sha256, size, data, created_at)
        VALUES {", ".join(["(%s, %s, %s, %s)"] * count)}
        ON CONFLICT (sha256) DO UPDATE SET
            erased_at = NULL, is_doubtful = known.is_doubtful OR known.erased_at IS NOT NULL,
            data = CASE WHEN known.erased_at IS NULL THEN known.data ELSE excluded.data END,
            coding = CASE WHEN known.erased_at IS NULL THEN known.coding ELSE '' END
        RETURNING id, sha256
    """  # noqa: S608  # made of nothing but the number


def kept_values(blob: Blob) -> list[Any]:
    return [blob.sha256, blob.size, blob.data, timezone.now()]


def bytes_of(blob: Blob) -> bytes:
    """The bytes as they came. Raises FileNotFoundError where the data folder has lost them or they were erased."""
    if blob.data is None:
        return files.read(_root(), blob.sha256)
    return files.unpacked(bytes(blob.data)) if blob.coding == Blob.Coding.ZLIB else bytes(blob.data)


def head_of(blob: Blob, size: int) -> bytes:
    """At most the first `size` bytes. Raises FileNotFoundError as `bytes_of` does."""
    if blob.data is None:
        return files.read_head(_root(), blob.sha256, size)
    if blob.coding == Blob.Coding.ZLIB:
        return files.unpacked_head(bytes(blob.data), size)
    return bytes(blob.data[:size])


def doubt(blob_ids: Iterable[int]) -> None:
    """Something that needed these has gone; `sweep` will ask whether anything else needs them."""
    Blob.objects.filter(pk__in=sorted(set(blob_ids))).update(is_doubtful=True)


def sweep(limit: int = 100, *, between: _Step = lambda _step: None) -> int:
    """Take away the bytes of doubtful blobs that nothing needs; returns how many were looked at.

    Each is a transaction of its own. What something still names, as a mail that must be known again, keeps its row
    without bytes. Killed anywhere, the blob is doubtful still or gone. `between` is told each step, for tests.
    """
    doubtful = Blob.objects.filter(is_doubtful=True).order_by("pk").values_list("pk", flat=True)
    return sum(_settle(blob_id, between) for blob_id in list(doubtful[:limit]))


def _settle(blob_id: int, between: _Step) -> int:
    with transaction.atomic():
        # A writer of the same bytes holds the row until it has committed what needs them: then it is needed.
        waiting = Blob.objects.filter(pk=blob_id, is_doubtful=True).defer("data")
        blob = waiting.select_for_update(skip_locked=True).first()
        if blob is None or not _try_lock(blob.sha256):
            return 0
        between("locked")
        if _is_named(blob, needing=True):
            Blob.objects.filter(pk=blob_id).update(is_doubtful=False)
            return 1
        if _is_named(blob, needing=False):
            for rows in rows_naming(Blob, [blob_id], going_along=True):
                rows.delete()
            Blob.objects.filter(pk=blob_id).update(
                data=None, coding=Blob.Coding.PLAIN, erased_at=timezone.now(), is_doubtful=False
            )
        else:
            Blob.objects.filter(pk=blob_id).delete()
        between("row gone")
        files.remove(_root(), blob.sha256)
        between("file gone")
    return 1


def _is_named(blob: Blob, *, needing: bool) -> bool:
    """Whether any row of the desk names the blob; with `needing`, one that needs its bytes.

    A model whose rows may outlive their bytes says by `NEEDS_BYTES` which of them still need them.
    """
    return any(
        rows.filter(getattr(rows.model, "NEEDS_BYTES", Q()) if needing else Q()).exists()
        for rows in rows_naming(Blob, [blob.pk], going_along=False)
    )


def compact_some(position: int, *, limit: int) -> tuple[int, int]:
    """Compress what is old enough among the next `limit` blobs behind `position`, an id.

    Returns how many were looked at, 0 at the end, and the new position. Each blob is looked at once in its life.
    """
    old = Blob.objects.filter(pk__gt=position, created_at__lt=timezone.now() - COMPACT_AFTER)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    for blob_id in ids:
        compact(blob_id)
    return len(ids), ids[-1] if ids else position


def compact(blob_id: int, *, between: _Step = lambda _step: None) -> tuple[int, int]:
    """Store the bytes compressed where that saves a tenth; returns how many they took before and take now.

    Safe beside readers and writers. Killed anywhere, the bytes are there in one form or in both, and the next call
    finishes what this one began. Bytes that the data folder has lost are logged and passed over.
    """
    with transaction.atomic():
        blob = Blob.objects.select_for_update(skip_locked=True).filter(pk=blob_id, erased_at__isnull=True).first()
        if blob is None or not _try_lock(blob.sha256):
            return 0, 0
        before, after = _squeeze(blob)
        between("compressed")
        if after < before:
            Blob.objects.filter(pk=blob_id).update(coding=Blob.Coding.ZLIB)
        elif blob.coding == Blob.Coding.PLAIN:
            return before, after
    between("committed")
    if blob.data is None:
        files.remove_plain(_root(), blob.sha256)
    return before, after


def _squeeze(blob: Blob) -> tuple[int, int]:
    if blob.coding == Blob.Coding.ZLIB:
        return 0, 0
    if blob.data is not None:
        return _compact_row(blob)
    try:
        return files.compact(_root(), blob.sha256)
    except FileNotFoundError:
        log.error("blob_lost", sha256=blob.sha256)
        return 0, 0


def _compact_row(blob: Blob) -> tuple[int, int]:
    before = bytes(blob.data or b"")
    squeezed = files.packed(before)
    if squeezed is None:
        return len(before), len(before)
    Blob.objects.filter(pk=blob.pk).update(data=squeezed)
    return len(before), len(squeezed)


def _lock(sha256s: Iterable[str]) -> None:
    """Until the transaction ends nobody else writes or removes these bytes."""
    keys = sorted(map(_key, sha256s))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def _try_lock(sha256: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(sha256)])
        row = cursor.fetchone()
    return bool(row and row[0])


def _key(sha256: str) -> int:
    return int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)


def _root() -> Path:
    return Path(settings.BLOBS_FOLDER)
