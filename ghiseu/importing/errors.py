"""What can be wrong with something that shall be imported or exported."""

from __future__ import annotations


class Refused(Exception):
    """One line, or a value in it, cannot be taken; `place` is the key of the value, as far as it is known."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self._reason = reason
        self._place = place

    def within(self, place: str) -> Refused:
        """The same, seen from one level higher: `articles[2].created_at: ...`."""
        return Refused(self._reason, f"{place}.{self._place}" if self._place else place)


class CannotImport(Exception):
    """The whole import cannot begin or go on; what was imported before stays."""


class CannotExport(Exception):
    """The export cannot begin or go on; nothing that looks complete is left."""
