"""Taking over old mail: a Maildir, an mbox file, or a folder of an IMAP server, none of which is changed.

Each mail is kept as if it came in, on the channel `import`: nothing is answered, nobody is notified, and its own date
counts. What is held already is known by its bytes, so an import may be repeated, and goes on after it was cut off.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from ghiseu.lib.mbox import Mbox, NotAnMbox
from ghiseu.mail.errors import EmptyMail, MailError, MailTooLarge
from ghiseu.mail.inbound import imap
from ghiseu.mail.inbound.connection import in_batches
from ghiseu.mail.inbound.server import opened
from ghiseu.mail.inbound.store import keep_once
from ghiseu.mail.models import IMPORT, InboundMail, Mailbox

BATCH_MAILS = 100
BATCH_BYTES = 4_000_000
MOST_TOLD = 1000

_BARE_LF = re.compile(rb"(?<!\r)\n")
# The first mail of a file may be a mail program's own notes about it.
_NOTES = re.compile(rb"^Subject: .*FOLDER INTERNAL DATA", re.MULTILINE)


class NoOldMail(MailError):
    """There is nothing at that place that could be imported."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mail where it lies: its bytes, or why there are none, and how much of everything it brings us to (0 to 1)."""

    where: str
    raw: bytes | None
    done: float
    why: str = ""


@dataclass
class Report:
    """How an import goes: mails that are new here, that were held already, and that are refused, with the reasons."""

    kept: int = 0
    known: int = 0
    refused: int = 0
    done: float = 0.0
    reasons: list[str] = field(default_factory=list)

    def refuse(self, where: str, why: str) -> None:
        """Count it, and remember why; of very many only the first are remembered."""
        self.refused += 1
        if len(self.reasons) < MOST_TOLD:
            self.reasons.append(f"{where}: {why}")


def import_all(
    mailbox: Mailbox, found: Iterable[Found], told: Callable[[Report], None], *, is_settled: bool = False
) -> Report:
    """Keep what is new for the mailbox, each mail durably when it is counted; `told` hears how it goes.

    Tickets that mails open will be new, or with `is_settled` closed.
    The memory needed is that of a batch. What cannot be taken is told in the report. A full disk (OSError) and trouble
    with the database are raised; what was counted before stays.
    """
    report = Report()
    for batch in _batches(found):
        known = _known(mailbox, [one.raw for one in batch if one.raw])
        for one in batch:
            _take(mailbox, one, known, report, is_settled=is_settled)
            report.done = one.done
        told(report)
    return report


def _batches(found: Iterable[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = 0
    for one in found:
        batch.append(one)
        size += len(one.raw or b"")
        if len(batch) >= BATCH_MAILS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _take(mailbox: Mailbox, one: Found, known: set[str], report: Report, *, is_settled: bool) -> None:
    if one.raw is None:
        report.refuse(one.where, one.why)
    elif known.intersection(_names(one.raw)):
        report.known += 1
    else:
        try:
            raw = wire_form(one.raw)
            _row, is_new = keep_once(mailbox=mailbox, raw=raw, channel=IMPORT, is_settled=is_settled)
        except (EmptyMail, MailTooLarge) as error:
            report.refuse(one.where, str(error))
        else:
            report.kept += is_new
            report.known += not is_new


def wire_form(raw: bytes) -> bytes:
    """The mail as a server would hand it over: files on a disk have lost the CR of their line ends."""
    return _BARE_LF.sub(b"\r\n", raw)


def _names(raw: bytes) -> set[str]:
    """The names under which the same mail may be held: as it lies there, and in the two forms of line ends."""
    wire = wire_form(raw)
    forms = {raw, wire, wire.replace(b"\r\n", b"\n")}
    return {hashlib.sha256(form).hexdigest() for form in forms}


def _known(mailbox: Mailbox, raws: list[bytes]) -> set[str]:
    names = {name for raw in raws for name in _names(raw)}
    held = InboundMail.objects.filter(mailbox=mailbox, raw__sha256__in=names)
    return set(held.values_list("raw__sha256", flat=True))


def in_path(path: Path) -> Iterator[Found]:
    """The mails of a Maildir or of an mbox file, oldest first. Raises NoOldMail where the path is neither."""
    if (path / "cur").is_dir() or (path / "new").is_dir():
        return _in_maildir(path)
    if path.is_file():
        try:
            return _in_mbox(Mbox(path, most_bytes=settings.MAIL_MAX_BYTES))
        except NotAnMbox as error:
            raise NoOldMail(f"{error} A Maildir is named by its folder.") from error
    raise NoOldMail(
        f"{path} is neither an mbox file nor a Maildir (a folder with cur and new in it). "
        "Name the file, or the folder itself; folders below it are imported by their own names."
    )


def _in_maildir(path: Path) -> Iterator[Found]:
    """By the time of delivery, with which the names begin. What somebody has marked as trashed stays behind."""
    names = [
        f"{part}/{entry.name}" for part in ("cur", "new") if (path / part).is_dir() for entry in _files(path / part)
    ]
    names.sort(key=_delivered)
    for number, name in enumerate(names, start=1):
        file, done = path / name, number / len(names)
        try:
            size = file.stat().st_size
            if size > settings.MAIL_MAX_BYTES:
                yield Found(name, None, done, str(MailTooLarge(size, settings.MAIL_MAX_BYTES)))
            else:
                yield Found(name, file.read_bytes(), done)
        except OSError as error:
            yield Found(name, None, done, f"it cannot be read: {error.strerror or error}.")


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            _base, _colon, flags = entry.name.partition(":2,")
            if not entry.name.startswith(".") and not entry.is_dir() and "T" not in flags:
                yield entry


def _delivered(name: str) -> tuple[int, str]:
    base = name.partition("/")[2]
    time = re.match(r"\d{1,15}", base)
    return (int(time[0]) if time else 0, base)


def _in_mbox(mbox: Mbox) -> Iterator[Found]:
    for number, held in enumerate(mbox.mails(), start=1):
        where, done = f"mail {number}, byte {held.start}", held.end / max(1, mbox.size)
        if held.size > settings.MAIL_MAX_BYTES:
            yield Found(where, None, done, str(MailTooLarge(held.size, settings.MAIL_MAX_BYTES)))
            continue
        raw = mbox.read(held)
        if number == 1 and _NOTES.search(raw[:5000]):
            continue
        yield Found(where, raw, done)


def in_folder(mailbox: Mailbox, folder: str) -> Iterator[Found]:
    """The mails of a folder on the mailbox's IMAP server, where nothing is changed. Raises NoOldMail, Unreachable."""
    if mailbox.protocol != Mailbox.Protocol.IMAP:
        raise NoOldMail(f"Mailbox {mailbox.name} is not fetched by IMAP, so there are no folders to import from.")
    with opened(mailbox, read_only=True) as server:
        if not isinstance(server, imap.Session):
            raise TypeError("an IMAP mailbox was opened otherwise")
        place = server.place(folder)
        mails = place.everything()
        number = {mail.uid: position for position, mail in enumerate(mails, start=1)}
        for mail in mails:
            if mail.size > settings.MAIL_MAX_BYTES:
                why = str(MailTooLarge(mail.size, settings.MAIL_MAX_BYTES))
                yield Found(f"UID {mail.uid} in {folder}", None, number[mail.uid] / len(mails), why)
        for batch in in_batches([mail for mail in mails if mail.size <= settings.MAIL_MAX_BYTES]):
            for uid, raw in place.raw(batch):
                yield Found(f"UID {uid} in {folder}", raw, number[uid] / len(mails))
