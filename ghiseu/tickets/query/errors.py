"""A query that cannot be taken: where it stops making sense, what stands there, and what would be right."""

from __future__ import annotations

from ghiseu.tickets.errors import InvalidInput


class QueryError(InvalidInput):
    """The sentence to show, and the place: `piece` stands from `start` to `end` (characters, from 0) in the query.

    `instead` are pieces that would be right in that place, best first; it may be empty.
    """

    def __init__(self, message: str, text: str, start: int, end: int, *, instead: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.start = max(0, min(start, len(text)))
        self.end = max(self.start, min(end, len(text)))
        self.piece = text[self.start : self.end]
        self.instead = instead
