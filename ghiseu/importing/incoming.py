"""What a source hands over: plain values, checked, with nothing of the database in them.

Rows are `{key: value}` by the keys of `schema`; a reference is what people call the other row. What a source does not
say is not in the row: `derive` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of a file or of a raw mail: given here, lying in a file, or known to the desk by their SHA-256."""

    data: bytes | None = None
    path: Path | None = None
    sha256: str = ""


@dataclass(slots=True)
class Incoming:
    """One row with all that hangs on it: `inside` holds the rows by the key they stand under.

    `where` is the place in the source, for the report; `size` what it takes there, in bytes.
    """

    where: str
    row: Row
    inside: dict[str, list[Incoming]] = field(default_factory=dict)
    fingerprint: bytes = b""
    size: int = 0


@dataclass(slots=True)
class IncomingTicket(Incoming):
    """A ticket. Its customer is named by `row["customer"]`; `customer_name` and `company` count where they are new."""

    articles: list[Incoming] = field(default_factory=list)
    customer_name: str = ""
    company: str = ""


@dataclass(slots=True)
class IncomingRecord(Incoming):
    """A row of any other table, on a line of its own; `record` is the kind of its table, `key` its name in the file.

    `key` is empty where the row has a name of its own.
    """

    record: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be taken, or was taken otherwise than it stands there (`is_refused` is false)."""

    where: str
    reason: str
    is_refused: bool = True


Found = IncomingTicket | IncomingRecord | Problem
