"""Keeping the index: what changed is due, and a worker's duty brings it up to date."""

from __future__ import annotations


def put_file_text(attachment_id: int, text: str) -> None:
    """Keep the text that was found in a file; its ticket is found by it within about a second."""
    raise NotImplementedError(f"{attachment_id} {len(text)}")
