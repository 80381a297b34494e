"""What can be wrong with something that shall be imported or exported."""

from __future__ import annotations


class Refused(Exception):
    """One line, or a value in it, cannot be taken; the message names the key and says what it takes."""

    def within(self, place: str) -> Refused:
        """The same, seen from one level higher: `articles[2].created_at: ...`."""
        return Refused(f"{place}.{self}" if ":" in str(self) else f"{place}: {self}")


class CannotImport(Exception):
    """The whole import cannot begin or go on; what was imported before stays."""


class CannotExport(Exception):
    """The export cannot begin or go on; nothing that looks complete is left."""
