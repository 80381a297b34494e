"""Bytes that a document gives: within it, in a file beside it, or by the SHA-256 under which the desk has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Content
from ghiseu.importing.values import from_base64, shown, text

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WAYS = "data (base64), file (a path beside the import file) or sha256"


def content_of(value: Any, folder: Path) -> Content:
    """`{"data": ...}`, `{"file": ...}` or `{"sha256": ...}`; sha256 may stand beside the others. Raises Refused."""
    if not isinstance(value, dict) or not value or set(value) - {"data", "file", "sha256"}:
        raise Refused(f"{shown(value)} does not give {_WAYS}")
    sha256 = text(value.get("sha256", ""))
    if sha256 and not _SHA256.fullmatch(sha256):
        raise Refused(f"{shown(sha256)} is not 64 hexadecimal digits", "sha256")
    if "data" in value and "file" in value:
        raise Refused("it gives both data and file")
    if "data" in value:
        return Content(data=from_base64(value["data"]), sha256=sha256)
    if "file" in value:
        return Content(path=_beside(text(value["file"]), folder), sha256=sha256)
    return Content(sha256=sha256)


def _beside(name: str, folder: Path) -> Path:
    """The file of this name in the import's own folder, and nowhere else: whoever wrote the lines may be a stranger."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or "\0" in name:
        raise Refused(f"{shown(name)} does not lie beside the import file", "file")
    if not path.is_file():
        raise Refused(f"{shown(name)} is not there", "file")
    return path
