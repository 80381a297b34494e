"""PDF (ISO 32000-2), by a reader in pure Python: slower than others, but a hostile file gets no more than an error."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from ghiseu.lib.file_text.kinds import Unreadable, Why

if TYPE_CHECKING:
    from pypdf import PageObject

MAX_PAGES = 2_000


def pdf_text(data: bytes, most: int) -> str:
    """At least the first `most` characters, where there are so many; of scanned pages none.

    Raises Unreadable where it needs a password, and whatever pypdf raises of a file that is damaged from its start.
    """
    from pypdf import PdfReader

    logging.disable(logging.CRITICAL)  # what it thinks of the file is of no use to anybody
    reader = PdfReader(io.BytesIO(data), strict=False)
    # Many are locked against changes only: their password for reading is empty (ISO 32000-2, 7.6.4).
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable(Why.LOCKED)
    out: list[str] = []
    count = bad = 0
    for page in reader.pages[:MAX_PAGES]:
        text = _page_text(page)
        bad += text is None
        out.append(text or "")
        count += len(out[-1])
        if count > most:
            break
    if bad and not count:
        raise Unreadable(Why.DAMAGED)
    return "\n".join(out)


def _page_text(page: PageObject) -> str | None:
    """None of a page that cannot be read: the others may be fine."""
    try:
        return page.extract_text()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # a broken page may raise anything, and we are in a process of its own
        return None
