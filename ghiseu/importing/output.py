"""Where an export is written: under a name that says it is not finished, until every byte of it is on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ghiseu.importing.errors import CannotExport
from ghiseu.lib import blobs as files

DESK_FILE = "desk.ndjson"
BLOBS = "blobs"
UNFINISHED = ".unfinished"
_PIECE = 1024 * 1024
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Output:
    """Takes documents, a line each. `folder` holds large files, or is None where everything goes into the lines."""

    def __init__(self, file: BinaryIO, folder: Path | None) -> None:
        self._file = file
        self._folder = folder
        self.lines = 0

    def write(self, document: dict[str, Any]) -> None:
        self._file.write(_encode(document).encode() + b"\n")
        self.lines += 1

    @property
    def takes_files(self) -> bool:
        return self._folder is not None

    def keep(self, data: bytes, sha256: str) -> str:
        """Write a file beside the lines; returns its path as the lines name it. Raises OSError, CannotExport."""
        if self._folder is None:
            raise CannotExport("A single file has no folder beside it.")
        target = files.path_of(self._folder / BLOBS, sha256)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.open("xb") as kept:
            kept.write(data)
            kept.flush()
            os.fsync(kept.fileno())
        return target.relative_to(self._folder).as_posix()


@contextmanager
def written_to(path: Path) -> Iterator[Output]:
    """An output that becomes `path` when everything is written: a file where the name ends with .ndjson, else a folder.

    An export that was cut off leaves only what is called unfinished. Raises CannotExport where something is there.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    for taken in (path, unfinished):
        if taken.exists() and not (taken == path and _is_empty_folder(taken)):
            why = "is left of an export that was cut off; remove it" if taken == unfinished else "is there already"
            raise CannotExport(f"{taken} {why}.")
    if not path.parent.is_dir():
        raise CannotExport(f"There is no folder {path.parent}.")
    is_file = path.suffix == ".ndjson"
    if not is_file:
        unfinished.mkdir(mode=0o700)
    lines = unfinished if is_file else unfinished / DESK_FILE
    handle = os.open(lines, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb", buffering=_PIECE) as file:
        yield Output(file, None if is_file else unfinished)
        file.flush()
        os.fsync(file.fileno())
    if not is_file:
        for folder, _folders, _files in os.walk(unfinished, topdown=False):
            _sync_folder(Path(folder))
    if path.exists():
        path.rmdir()
    unfinished.rename(path)
    _sync_folder(path.parent)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
