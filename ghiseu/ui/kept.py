"""Pieces of pages that are drawn once: fifty rows and fifty queues look today as they did a minute ago.

A piece is a Jinja macro that looks at nothing but its arguments, the reader's language and their time zone. These are
also what it is kept by, so that a kept piece can neither be out of date nor reach somebody who was not to see it:
whoever asks for it has everything that stands in it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import get_language
from jinja2.runtime import Macro
from markupsafe import Markup

# A row has about two kilobytes.
MOST_PIECES = 8192


def kept(piece: Macro, *facts: Hashable) -> Markup:
    """What the macro makes of these arguments. Ages and the like must be among them as they shall read."""
    return _drawn(piece, get_language(), timezone.get_current_timezone_name(), *facts)


@lru_cache(maxsize=MOST_PIECES)
def _drawn(piece: Macro, _language: str | None, _zone: str, *facts: Hashable) -> Markup:
    return Markup(piece(*facts))  # noqa: S704  # what a macro returns is escaped already
