"""Files under the name of their own content, safe against a power cut at any moment.

A file is written under a temporary name, synced, renamed, and its folder synced, before anybody may speak of it. So
what a database row names is there, and what is there without a row is at most a stray copy, never a torn one. A file
may lie compressed, under the same name with `.z` behind it; who reads need not know.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

COMPRESSED = ".z"
_PIECE_BYTES = 65_536


def path_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256[2:4] / sha256


def compressed_path_of(root: Path, sha256: str) -> Path:
    return path_of(root, sha256).with_name(sha256 + COMPRESSED)


def write(root: Path, sha256: str, data: bytes) -> None:
    """Put the bytes in place durably; bytes that are there already are left alone. Raises OSError on a full disk."""
    target = path_of(root, sha256)
    if target.exists() or compressed_path_of(root, sha256).exists():
        return
    _make_folder(target.parent, root)
    _put(target, data)


def read(root: Path, sha256: str) -> bytes:
    """The bytes; raises FileNotFoundError where they are missing."""
    return _either_way(root, sha256, lambda plain: plain.read_bytes(), lambda packed: unpacked(packed.read_bytes()))


def read_head(root: Path, sha256: str, size: int) -> bytes:
    """At most the first `size` bytes; raises FileNotFoundError where they are missing."""
    return _either_way(root, sha256, lambda plain: _head(plain, size), lambda packed: _head_of_packed(packed, size))


def compact(root: Path, sha256: str) -> tuple[int, int]:
    """Put a compressed file beside the plain one where that saves a tenth; returns the bytes of both on disk.

    The plain one stays until `remove_plain`, so that nobody who reads meanwhile misses it. The second figure equals the
    first where compressing does not pay. Raises FileNotFoundError where the file is missing, OSError on a full disk.
    """
    data = path_of(root, sha256).read_bytes()
    squeezed = packed(data)
    if squeezed is None:
        return len(data), len(data)
    _put(compressed_path_of(root, sha256), squeezed)
    return len(data), len(squeezed)


def remove_plain(root: Path, sha256: str) -> None:
    """Let only the compressed file stand, where there is one."""
    if compressed_path_of(root, sha256).exists():
        path_of(root, sha256).unlink(missing_ok=True)


def remove(root: Path, sha256: str) -> None:
    """Take the file away for good, in whatever form; one that is gone already is no error."""
    for path in (path_of(root, sha256), compressed_path_of(root, sha256)):
        path.unlink(missing_ok=True)
    if path_of(root, sha256).parent.is_dir():
        _sync_folder(path_of(root, sha256).parent)


def packed(data: bytes) -> bytes | None:
    """The bytes compressed, or None where that saves less than a tenth."""
    squeezed = zlib.compress(data, 6)
    return squeezed if len(squeezed) <= len(data) * 0.9 else None


def unpacked(data: bytes) -> bytes:
    return zlib.decompress(data)


def unpacked_head(data: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size) if size else b""


def _either_way(root: Path, sha256: str, plain: Callable[[Path], bytes], squeezed: Callable[[Path], bytes]) -> bytes:
    """The plain file first, else the compressed one; and once more, should one become the other in between."""
    for path, take in ((path_of(root, sha256), plain), (compressed_path_of(root, sha256), squeezed)):
        try:
            return take(path)
        except FileNotFoundError:
            continue
    return plain(path_of(root, sha256))


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _head_of_packed(path: Path, size: int) -> bytes:
    head, machine = bytearray(), zlib.decompressobj()
    with path.open("rb") as file:
        while len(head) < size and (piece := machine.unconsumed_tail or file.read(_PIECE_BYTES)):
            head += machine.decompress(piece, size - len(head))
    return bytes(head)


def _put(target: Path, data: bytes) -> None:
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
