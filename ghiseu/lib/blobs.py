"""Files under the name of their own content, safe against a power cut at any moment.

A file is written under a temporary name, synced, renamed, and its folder synced, before anybody may speak of it. So
what a database row names is there, and what is there without a row is at most a stray copy, never a torn one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def path_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256[2:4] / sha256


def write(root: Path, sha256: str, data: bytes) -> None:
    """Put the bytes in place durably; bytes that are there already are left alone. Raises OSError on a full disk."""
    target = path_of(root, sha256)
    if target.exists():
        return
    _make_folder(target.parent, root)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).rename(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def read(root: Path, sha256: str) -> bytes:
    """The bytes; raises FileNotFoundError where they are missing."""
    return path_of(root, sha256).read_bytes()


def read_head(root: Path, sha256: str, size: int) -> bytes:
    """At most the first `size` bytes; raises FileNotFoundError where they are missing."""
    with path_of(root, sha256).open("rb") as file:
        return file.read(size)


def _make_folder(folder: Path, root: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for parent in (folder.parent, folder.parent.parent):
        if parent.is_relative_to(root.parent):
            _sync_folder(parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
