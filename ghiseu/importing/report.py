"""What became of an import: counts, and what could not be taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ghiseu.importing.incoming import Problem

# Of each kind, for the summary.
_MOST_NAMES = 100
_TOO_MANY = frozenset({"customer"})


@dataclass
class Report:
    """Counted by what they are. `tell` hears of every problem as it is found.

    `known` was here before with the same content; `conflicts` (also counted as refused) are here with another one.
    `made` are things that tickets named and nobody had described, by their kind.
    """

    tell: Callable[[Problem], None] = lambda _problem: None
    tickets: int = 0
    articles: int = 0
    files: int = 0
    records: int = 0
    known: int = 0
    refused: int = 0
    conflicts: int = 0
    made: Counter[str] = field(default_factory=Counter)
    made_names: dict[str, list[str]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was offered is here now."""
        return not self.refused

    def add(self, part: Report) -> None:
        """Count in what a part of the import did."""
        for name in ("tickets", "articles", "files", "records", "known", "refused", "conflicts"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.made.update(part.made)
        self.notes.update(part.notes)
        for kind, names in part.made_names.items():
            mine = self.made_names.setdefault(kind, [])
            mine += names[: _MOST_NAMES - len(mine)]

    def refuse(self, where: str, reason: str) -> None:
        self.refused += 1
        self.tell(Problem(where, reason))

    def conflict(self, where: str, reason: str) -> None:
        self.conflicts += 1
        self.refuse(where, reason)

    def note(self, where: str, reason: str) -> None:
        """Something that was taken, otherwise than it stands there."""
        self.tell(Problem(where, reason, is_refused=False))

    def remember_made(self, kind: str, name: str) -> None:
        self.made[kind] += 1
        names = self.made_names.setdefault(kind, [])
        if len(names) < _MOST_NAMES:
            names.append(name)

    def sentences(self) -> list[str]:
        """The summary, a sentence each."""
        taken = f"{self.tickets:,} tickets with {self.articles:,} articles and {self.files:,} files"
        said = [
            f"{taken}, {self.records:,} other lines imported; {self.known:,} were here before; {self.refused:,} refused"
        ]
        if self.conflicts:
            said.append(f"{self.conflicts:,} of those are here with another content; nothing of them was changed")
        for kind, count in self.made.items():
            names = self.made_names[kind]
            listed = f": {', '.join(names)}{', ...' if count > len(names) else ''}" if kind not in _TOO_MANY else ""
            things = f"{count:,} {kind.replace('_', ' ')}{'' if count == 1 else 's'}"
            said.append(f"made, because they were named: {things}{listed}")
        return said + [f"{count:,} {what}" for what, count in self.notes.items()]
