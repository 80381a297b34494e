"""A query that cannot be taken: where it stops making sense, what stands there, and what would be right."""

from __future__ import annotations

from ghiseu.tickets.errors import InvalidInput

# So many characters of a long query are shown at the place and on either side.
_SHOWN = 200


class QueryError(InvalidInput):
    """The sentence to show, and the place: `piece` stands from `start` to `end` (characters, from 0) in the query.

    `instead` are pieces that would be right in that place, best first; it may be empty. For showing, `before`, `at`
    and `behind` are the query in three pieces, cut where it is long.
    """

    def __init__(self, message: str, text: str, start: int, end: int, *, instead: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.start = max(0, min(start, len(text)))
        self.end = max(self.start, min(end, len(text)))
        self.piece = text[self.start : self.end]
        self.instead = instead
        self.before = ("…" if self.start > _SHOWN else "") + text[max(0, self.start - _SHOWN) : self.start]
        self.at = self.piece[:_SHOWN] + ("…" if len(self.piece) > _SHOWN else "")
        self.behind = text[self.end : self.end + _SHOWN] + ("…" if len(text) > self.end + _SHOWN else "")
