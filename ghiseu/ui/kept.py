"""Pieces of pages that are drawn once: fifty rows and fifty queues look today as they did a minute ago.

A piece is a Jinja macro that looks at nothing but its arguments, the reader's language and their time zone. These are
also what it is kept by, so that a kept piece can neither be out of date nor reach somebody who was not to see it:
whoever asks for it has everything that stands in it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache

from django.utils import timezone
from django.utils.translation import get_language
from jinja2.runtime import Macro
from markupsafe import Markup

# A row has about two kilobytes, a column of queues twenty.
MOST_PIECES, MOST_LARGE_PIECES = 8192, 128


def kept(piece: Macro, *facts: Hashable) -> Markup:
    """What the macro makes of these arguments. Ages and the like must be among them as they shall read."""
    return _drawn(piece, get_language(), timezone.get_current_timezone_name(), *facts)


def kept_large(piece: Macro, *facts: Hashable) -> Markup:
    """`kept` for what is large and put together of such pieces: few are kept, because they would fill the memory."""
    return _drawn_large(piece, get_language(), timezone.get_current_timezone_name(), *facts)


def kept_each(piece: Macro, many: Iterable[Hashable], *facts: Hashable) -> Markup:
    """The pieces of many rows, one after the other: `kept` of each row and the facts that all of them share."""
    language, zone = get_language(), timezone.get_current_timezone_name()
    return Markup().join([_drawn(piece, language, zone, one, *facts) for one in many])


def _draw(piece: Macro, _language: str | None, _zone: str, *facts: Hashable) -> Markup:
    return Markup(piece(*facts))  # noqa: S704  # what a macro returns is escaped already


_drawn = lru_cache(maxsize=MOST_PIECES)(_draw)
_drawn_large = lru_cache(maxsize=MOST_LARGE_PIECES)(_draw)
