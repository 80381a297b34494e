"""`ghiseu doctor`: is everything well, and if not, what to do. Reads only; safe at any time."""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psycopg
from django import db
from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from ghiseu.ops import database
from ghiseu.ops.errors import MachineError

LITTLE_SPACE_BYTES = 2_000_000_000
NO_SPACE_BYTES = 200_000_000
# Faults longer than this are to be seen by the administrator (promise W6).
TOO_LONG = dt.timedelta(minutes=5)
# A night's work that has not begun by then will not begin by itself.
LATE_NIGHT = dt.timedelta(hours=1)
# Entries of the search that are compared with their tickets, and tickets that may wait to be taken in.
SEARCH_SAMPLE = 200
MANY_DUE = 2_000
CLOCK_DIFFERENCE = dt.timedelta(seconds=5)
LONG_FOR_FILES = dt.timedelta(hours=1)


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was found, and the remedy unless all is well."""

    level: Level
    text: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings in the order in which to repair them; without a usable database only those that need none."""
    yield Finding(Level.OK, f"Settings can be used; data folder {settings.HOME}")
    yield from _addresses()
    yield from _disk()
    usable = True
    for finding in _database():
        usable = usable and finding.level is not Level.FAIL
        yield finding
    if not usable:
        return
    for check in (_history, _clock, _mail_in, _quarantine, _mail_out, _mailboxes, _upkeep, _search, _files):
        yield from _guarded(check)


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except (db.Error, psycopg.Error) as error:
        yield Finding(Level.FAIL, database.sentence(error), "Repair that first and run ghiseu doctor again.")


def _addresses() -> Iterator[Finding]:
    if settings.HTTPS or settings.BASE_URL.split("//")[1].split(":")[0] in ("127.0.0.1", "localhost"):
        yield Finding(Level.OK, f"Address {settings.BASE_URL}")
    else:
        yield Finding(
            Level.WARN,
            f"Address {settings.BASE_URL} is not encrypted",
            "Put a proxy with a certificate before it and set GHISEU_BASE_URL to https://...",
        )
    if settings.SMTP_URL:
        yield Finding(Level.OK, "Outgoing mail goes to the server of GHISEU_SMTP_URL")
    else:
        yield Finding(
            Level.WARN,
            f"Outgoing mail is kept in {settings.OUTGOING_FOLDER} and reaches nobody",
            "Set GHISEU_SMTP_URL to a mail server.",
        )


def _disk() -> Iterator[Finding]:
    folder = Path(settings.BLOBS_FOLDER)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"ghiseu doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Finding(
            Level.FAIL,
            f"Attachments cannot be written to {folder}: {error.strerror}",
            "Give this account the right to write there, make room, or set GHISEU_HOME to another folder.",
        )
        return
    free = shutil.disk_usage(folder).free
    text = f"Attachments can be written; {free / 1e9:.1f} GB free in {folder}"
    if free < NO_SPACE_BYTES:
        yield Finding(Level.FAIL, text, "Make room now: mail is refused with 'try again' while the disk is full.")
    elif free < LITTLE_SPACE_BYTES:
        yield Finding(Level.WARN, text, "Make room soon, or move GHISEU_HOME to a larger disk.")
    else:
        yield Finding(Level.OK, text)


def _database() -> Iterator[Finding]:
    try:
        database.check_server()
    except MachineError as error:
        yield Finding(Level.FAIL, str(error), "Nothing below can be checked without the database.")
        return
    with psycopg.connect(**database.connection_arguments(settings.DATABASES["default"])) as connection:
        version = connection.info.parameter_status("server_version")
    kind = "embedded" if settings.DATABASE_IS_EMBEDDED else "of DATABASE_URL"
    yield Finding(Level.OK, f"Database {kind}: PostgreSQL {version}, UTF-8")
    missing = database.missing_migrations()
    if missing:
        yield Finding(
            Level.FAIL, f"{len(missing)} migrations are missing, the first is {missing[0]}", "Run: ghiseu prepare"
        )
    else:
        yield Finding(Level.OK, "All migrations are applied")


def _history() -> Iterator[Finding]:
    if database.history_is_protected():
        yield Finding(Level.OK, "The application cannot change or remove history")
    else:
        yield Finding(
            Level.WARN,
            "The application's database role may change history",
            "Give migrations a role of their own, GHISEU_OWNER_DATABASE_URL: docs/operating/database.md",
        )


def _clock() -> Iterator[Finding]:
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    difference = abs(timezone.now() - row[0]) if row else dt.timedelta()
    if difference > CLOCK_DIFFERENCE:
        yield Finding(
            Level.WARN,
            f"The clocks of this machine and of the database differ by {difference.total_seconds():.0f} s",
            "Let both follow a time server.",
        )
    else:
        yield Finding(Level.OK, "The clocks of this machine and of the database agree")


def _mail_in() -> Iterator[Finding]:
    from ghiseu.mail.models import IMPORT, InboundMail

    # What is imported may take its time.
    waiting = InboundMail.objects.filter(state=InboundMail.State.RECEIVED).exclude(channel=IMPORT)
    oldest = waiting.order_by("received_at").values_list("received_at", flat=True).first()
    if oldest is None:
        yield Finding(Level.OK, "Incoming mail: none waits to be filed")
    elif timezone.now() - oldest > TOO_LONG:
        yield Finding(
            Level.FAIL,
            f"Incoming mail: {waiting.count()} wait to be filed, the oldest since {oldest:%Y-%m-%d %H:%M} UTC",
            "Is a worker running? Start ghiseu serve or ghiseu worker, and read its log.",
        )
    else:
        yield Finding(Level.OK, f"Incoming mail: {waiting.count()} about to be filed")


def _quarantine() -> Iterator[Finding]:
    from ghiseu.mail.models import InboundMail

    count = InboundMail.objects.filter(state=InboundMail.State.QUARANTINED).count()
    if count:
        yield Finding(
            Level.WARN,
            f"Incoming mail: {count} could not be filed and are in quarantine",
            "Nothing is lost; look at them.",
        )
    else:
        yield Finding(Level.OK, "Incoming mail: none in quarantine")


def _mail_out() -> Iterator[Finding]:
    from ghiseu.mail.models import OutboundMail

    states = OutboundMail.State
    week = timezone.now() - dt.timedelta(days=7)
    failed = OutboundMail.objects.filter(state=states.FAILED, created_at__gte=week)
    late = OutboundMail.objects.filter(state=states.WAITING, created_at__lt=timezone.now() - TOO_LONG)
    fine = True
    if count := failed.count():
        fine = False
        newest = failed.order_by("-pk").first()
        said = newest.answer.strip().splitlines()[:1] if newest else []
        yield Finding(
            Level.WARN,
            f"Outgoing mail: {count} failed within a week; the last answer was {said[0] if said else 'empty'!r}",
            "The articles show which; correct the address or ask the mail server's administrator.",
        )
    if count := late.count():
        fine = False
        yield Finding(
            Level.WARN,
            f"Outgoing mail: {count} wait for more than five minutes",
            "Is a worker running, and does the server of GHISEU_SMTP_URL answer? It is tried again for five days.",
        )
    if fine:
        yield Finding(Level.OK, "Outgoing mail: nothing failed, nothing is late")


def _mailboxes() -> Iterator[Finding]:
    from ghiseu.mail.models import Mailbox

    for mailbox in Mailbox.objects.filter(is_active=True):
        if mailbox.failed_at and (mailbox.fetched_at is None or mailbox.failed_at > mailbox.fetched_at):
            since = f"; last fetched {mailbox.fetched_at:%Y-%m-%d %H:%M} UTC" if mailbox.fetched_at else ""
            cause = (mailbox.last_error.strip() or "the last fetch failed").splitlines()[0]
            yield Finding(
                Level.WARN, f"Mailbox {mailbox.name}: {cause}{since}", "Check its server, login name and password."
            )
        else:
            yield Finding(Level.OK, f"Mailbox {mailbox.name}: no error")


def _upkeep() -> Iterator[Finding]:
    """Whether archive, retention and the rest were done last night."""
    from ghiseu.ops.upkeep import last_night
    from ghiseu.tickets.models import Upkeep

    night = last_night(timezone.now())
    for done in Upkeep.objects.order_by("pk"):
        last = done.finished_at or done.begun_at
        name = f"Night's work, {Upkeep.Duty(done.duty).value}"
        if done.failed_at:
            cause = (done.error.strip() or "it failed").splitlines()[0]
            since = f"since {done.failed_at:%Y-%m-%d %H:%M} UTC"
            yield Finding(Level.WARN, f"{name}: {cause}, {since}", "It is tried again every ten minutes; see the log.")
        elif done.night < night and timezone.now() - night > LATE_NIGHT:
            behind = f"{name}: behind; last at it {last:%Y-%m-%d %H:%M} UTC, {done.done_count} done"
            yield Finding(Level.WARN, behind, "Is a worker running? It makes up for what was missed.")
        elif done.finished_at is None:
            yield Finding(Level.OK, f"{name}: at work since {done.begun_at:%Y-%m-%d %H:%M} UTC, {done.done_count} done")
        else:
            yield Finding(Level.OK, f"{name}: last finished {last:%Y-%m-%d %H:%M} UTC, {done.done_count} done")


def _search() -> Iterator[Finding]:
    """Whether the search finds what is there: nothing missing, nothing late, and a sample that says what it should."""
    from ghiseu.tickets.models import SearchDue, SearchEntry
    from ghiseu.tickets.search import rebuilding

    remedy = "Run: ghiseu search rebuild"
    due = SearchDue.objects.count()
    if not rebuilding.has_index():
        yield Finding(Level.FAIL, "Search: its index is missing, so that it finds little", remedy)
    if missing := rebuilding.missing_count():
        yield Finding(Level.FAIL, f"Search: {missing} tickets have no entry and none is on its way", remedy)
    if wrong := rebuilding.wrong_ids(rebuilding.sample(SEARCH_SAMPLE)):
        yield Finding(Level.FAIL, f"Search: {len(wrong)} of {SEARCH_SAMPLE} entries looked at are wrong", remedy)
    elif due > MANY_DUE:
        text = f"Search: {due} tickets are still to be taken in"
        yield Finding(Level.WARN, text, "Is a worker running? After an import, ghiseu search rebuild is faster.")
    else:
        count = SearchEntry.objects.count()
        yield Finding(Level.OK, f"Search: {count} entries, {due} to be renewed; a sample says what the tickets say")


def _files() -> Iterator[Finding]:
    """Whether the words in attached files can be found; that one has a password is no fault of ours."""
    from ghiseu.tickets.models import FileText, FileToRead, WhyUnread

    waiting = FileToRead.objects.order_by("next_try_at").values_list("next_try_at", flat=True)
    oldest = waiting.first()
    if oldest and timezone.now() - oldest > LONG_FOR_FILES:
        yield Finding(
            Level.WARN,
            f"Attached files: {waiting.count()} wait to be read, the oldest since {oldest:%Y-%m-%d %H:%M} UTC",
            "Is a worker running? Their words cannot be found before; after an import this may take hours.",
        )
    week = timezone.now() - dt.timedelta(days=7)
    unread = FileText.objects.exclude(why_unread="").filter(read_at__gte=week)
    counts = dict(unread.order_by().values_list("why_unread").annotate(count=Count("pk")).order_by("-count"))
    said = ", ".join(f"{count} {WhyUnread(why).label}" for why, count in counts.items())
    if counts.keys() & {WhyUnread.MISSING, WhyUnread.CRASHED, WhyUnread.TIME, WhyUnread.MEMORY}:
        yield Finding(
            Level.WARN,
            f"Attached files that gave no text within a week: {said}",
            "The log names them (file_not_read). What is lost from the data folder must come back from a backup.",
        )
    else:
        yield Finding(Level.OK, f"Attached files: read{f'; without text within a week: {said}' if said else ''}")
