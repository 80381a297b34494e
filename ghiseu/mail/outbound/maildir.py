"""Mail kept in a local Maildir, where no SMTP server is set: durable, and once however often it is tried."""

from __future__ import annotations

import os
from pathlib import Path


def deliver(folder: Path, raw: bytes, *, name: str, sender: str, recipient: str) -> None:
    """Put the mail into the Maildir for good; a second delivery under the same name changes nothing.

    The envelope stands on top, as the last server on a mail's way writes it (RFC 5321 section 4.4): it alone tells a
    blind copy's recipient. Line ends become those of files. Raises OSError where the disk is full; then nothing of the
    mail is in `new`.
    """
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "new" / name).exists() or any((folder / "cur").glob(f"{name}:*")):
        return
    envelope = f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n".encode()
    draft = folder / "tmp" / name
    with draft.open("wb") as file:
        file.write(envelope + raw.replace(b"\r\n", b"\n"))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / "new" / name)
    _sync(folder / "new")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
