"""Reading mbox files, in whatever of their dialects, one mail at a time.

A mail begins after a line `From sender date` (RFC 4155). So that a line of text is not taken for one, writers put `>`
before it (mboxo: before `From `; mboxrd: also before what has a `>` already), or tell in Content-Length how long the
text is (mboxcl; mboxcl2, which quotes nothing). Which of them wrote a file is learned from the file as a whole, because
a single mail may lie: a Content-Length counts only where following it from mail to mail leads through the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PIECE_BYTES = 65_536
# A head is shorter; what goes on longer is no head.
_MOST_HEAD_BYTES = 1_000_000
_BLANK = (b"\n", b"\r\n")
_DATED = re.compile(
    rb"From .*(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.{0,40}\d{1,2}:\d\d|\b\d{4}-\d\d-\d\d\b)", re.IGNORECASE
)
_FIELD = re.compile(rb">?(?:[!-9;-~]+[ \t]*:|From )")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_BARE = re.compile(rb"(?:\A|\r?\n\r?\n)From ")
_BARE_ANYWHERE = re.compile(rb"^From ", re.MULTILINE)


class NotAnMbox(ValueError):
    """The file does not begin as an mbox does."""


@dataclass(frozen=True, slots=True)
class Held:
    """Where a mail lies in the file, from its first header on; the bytes are read when they are asked for."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


class Mbox:
    """A file opened for reading; memory is needed for one mail at a time. Raises NotAnMbox, OSError."""

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        self.path, self.size = path, path.stat().st_size
        with path.open("rb") as file:
            self._begins_well(file)
            self._by_lengths = self._lengths_lead_through(file)
            self._quotes = all(not self._has_bare(file, held, most_bytes) for held in self.mails())

    def mails(self) -> Iterator[Held]:
        """The mails in the order of the file, also a last one that was cut off."""
        with self.path.open("rb") as file:
            yield from self._spans_by_length(file) if self._by_lengths else self._spans_by_line(file)

    def read(self, held: Held) -> bytes:
        """The mail as it was before it was put into the file."""
        with self.path.open("rb") as file:
            raw = self._content(file, held)
        if not self._by_lengths and raw.endswith((b"\n\n", b"\n\r\n")):
            raw = raw[: -len(b"\r\n" if raw.endswith(b"\r\n") else b"\n")]  # the line between two mails
        if not self._quotes:
            return raw
        end = _HEAD_END.search(raw)
        head, body = (raw[: end.end()], raw[end.end() :]) if end else (raw, b"")
        return head + _QUOTED.sub(rb"\1", body)

    def _begins_well(self, file: BinaryIO) -> None:
        line = file.readline(_PIECE_BYTES)
        while line in _BLANK:
            line = file.readline(_PIECE_BYTES)
        if line and not line.startswith(b"From "):
            raise NotAnMbox(f"{self.path} is no mbox file: it does not begin with a line “From ...”.")
        self._begins_at = file.tell() - len(line)
        # Some programs write no date; then any such line after a blank one counts that has a head after it.
        self._is_dated = bool(_DATED.match(line))

    def _content(self, file: BinaryIO, held: Held) -> bytes:
        file.seek(held.start)
        return file.read(held.size)

    def _has_bare(self, file: BinaryIO, held: Held, most_bytes: int) -> bool:
        """Whether the mail holds a line that a quoting program would have quoted."""
        if held.size > most_bytes:
            return False
        raw = self._content(file, held)
        return bool((_BARE_ANYWHERE if self._by_lengths else _BARE).search(raw))

    def _lengths_lead_through(self, file: BinaryIO) -> bool:
        at, count = self._begins_at, 0
        while at < self.size:
            span = self._span(file, at)
            if span is None:
                return False
            if span[1].end > self.size:
                return count > 0  # the last mail was cut off; had it lied, the ones before it would not fit
            at, count = span[0], count + 1
        return count > 0

    def _spans_by_length(self, file: BinaryIO) -> Iterator[Held]:
        at = self._begins_at
        while at < self.size and (span := self._span(file, at)):
            at, held = span
            yield Held(held.start, min(held.end, self.size))

    def _span(self, file: BinaryIO, at: int) -> tuple[int, Held] | None:
        """Where the next separating line stands, and the mail after the one `at`; None where no length fits."""
        file.seek(at)
        if not file.readline(_PIECE_BYTES).startswith(b"From "):
            return None
        start, head = file.tell(), b""
        while (line := file.readline(_PIECE_BYTES)) not in _BLANK:
            head += line
            if not line or len(head) > _MOST_HEAD_BYTES:
                return None
        length = _LENGTH.search(head)
        if length is None:
            return None
        end = file.tell() + int(length[1])
        following = end
        if end < self.size:
            file.seek(end)
            while (line := file.readline(_PIECE_BYTES)) in _BLANK:
                following += len(line)
            if line and not line.startswith(b"From "):
                return None
        return following, Held(start, end)

    def _spans_by_line(self, file: BinaryIO) -> Iterator[Held]:
        start, at, after_blank, at_line_start = -1, 0, True, True
        line = file.readline(_PIECE_BYTES)
        while line:
            following = file.readline(_PIECE_BYTES)
            if at_line_start and self._separates(line, following, after_blank=after_blank):
                if start >= 0:
                    yield Held(start, at)
                start = at + len(line)
            after_blank = at_line_start and line in _BLANK
            at_line_start = line.endswith(b"\n")
            at += len(line)
            line = following
        if start >= 0:
            yield Held(start, at)

    def _separates(self, line: bytes, following: bytes, *, after_blank: bool) -> bool:
        if not line.startswith(b"From ") or not line.endswith(b"\n"):
            # A file may end within a separating line; what stands before it is whole.
            return line.startswith(b"From ") and not following and after_blank and bool(_DATED.match(line))
        begins_head = bool(_FIELD.match(following))
        if not _DATED.match(line):
            return not self._is_dated and after_blank and begins_head
        is_cut_off = len(following) < _PIECE_BYTES and not following.endswith(b"\n")
        return begins_head or (after_blank and (is_cut_off or following in _BLANK))
