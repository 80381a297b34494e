"""Reading what was attached, in the background: a mail is filed long before somebody has looked into its files.

The work cannot be forgotten: a trigger puts every attachment into `FileToRead`, and the row goes in the transaction
that hands the words to the search. It can be repeated at any point.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ghiseu.lib.file_text.apart import FileWords, read_apart
from ghiseu.lib.file_text.kinds import FileKind, Unreadable, Why, kind_of
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Attachment, FileText, FileToRead, WhyUnread
from ghiseu.tickets.search.indexing import put_file_text

log = structlog.get_logger(__name__)

MOST_TRIES = 3
# How long a claim holds: longer than a batch can take at the limits of `lib.file_text.apart`.
CLAIM = dt.timedelta(minutes=5)
FIRST_PAUSE = dt.timedelta(minutes=10)


def reader() -> Callable[[], int]:
    """The duty of one worker: its first call also lets wait again what was too large under an earlier setting."""
    is_first = True

    def work() -> int:
        nonlocal is_first
        if is_first:
            ask_again_what_was_too_large()
            is_first = False
        return read_waiting()

    return work


def ask_again_what_was_too_large() -> int:
    """Let every file wait once more that was too large and is not any longer; returns how many."""
    with transaction.atomic():
        now_small = FileText.objects.filter(
            why_unread=WhyUnread.TOO_LARGE, blob__size__lte=settings.FILE_TEXT_MAX_BYTES
        ).select_for_update(of=("self",))
        blobs = [text.pk for text in now_small]
        files = Attachment.objects.filter(blob__in=blobs).values_list("pk", flat=True)
        now = timezone.now()
        waiting = [FileToRead(attachment_id=pk, next_try_at=now) for pk in files]
        FileToRead.objects.bulk_create(waiting, ignore_conflicts=True)
        FileText.objects.filter(pk__in=blobs).delete()
    return len(waiting)


def read_waiting(limit: int = 5) -> int:
    """Read files that wait, the newest first, at most `limit`; returns how many were handled. Safe beside others."""
    claimed = _claim(limit)
    for waiting in claimed:
        _read(waiting)
    return len(claimed)


def _claim(limit: int) -> list[FileToRead]:
    """Count the try before it is made, so that a file that takes its worker along does not do so for ever."""
    now = timezone.now()
    due = FileToRead.objects.filter(next_try_at__lte=now).order_by("-pk").select_related("attachment__blob")
    with transaction.atomic():
        claimed = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        pks = [waiting.pk for waiting in claimed]
        FileToRead.objects.filter(pk__in=pks).update(tries=F("tries") + 1, next_try_at=now + CLAIM)
    for waiting in claimed:
        waiting.tries += 1
    return claimed


def _read(waiting: FileToRead) -> None:
    attachment = waiting.attachment
    kind = kind_of(attachment.filename, attachment.content_type)
    if kind is None or not attachment.size:
        FileToRead.objects.filter(pk=waiting.pk).delete()
        return
    known = FileText.objects.filter(pk=attachment.blob_id).first()
    if known is not None:
        _done(waiting, known)
        return
    if attachment.size > settings.FILE_TEXT_MAX_BYTES:
        _keep(waiting, why_unread=WhyUnread.TOO_LARGE)
        return
    try:
        words = _words_of(attachment, kind)
    except Unreadable as error:
        _not_read(waiting, error)
    else:
        _keep(waiting, text=words.text, is_cut=words.is_cut)


def _words_of(attachment: Attachment, kind: FileKind) -> FileWords:
    try:
        data = bytes_of(attachment.blob)
    except FileNotFoundError as error:
        raise Unreadable(Why.MISSING) from error
    return read_apart(data, kind)


def _not_read(waiting: FileToRead, error: Unreadable) -> None:
    """Try again later what may pass, such as a busy machine; keep the reason of everything else."""
    attachment = waiting.attachment
    about = {"attachment": attachment.pk, "why": error.why.value, "tries": waiting.tries, "size": attachment.size}
    if error.may_pass and waiting.tries < MOST_TRIES:
        next_try_at = timezone.now() + FIRST_PAUSE * 2 ** (waiting.tries - 1)
        FileToRead.objects.filter(pk=waiting.pk).update(next_try_at=next_try_at, why_unread=error.why.value)
        log.warning("file_not_read_yet", **about)
        return
    _keep(waiting, why_unread=error.why.value)
    log.warning("file_not_read", **about)


def _keep(waiting: FileToRead, *, text: str = "", is_cut: bool = False, why_unread: str = "") -> None:
    """Keep what reading gave, beside the bytes."""
    blob_id = waiting.attachment.blob_id
    _done(waiting, FileText(blob_id=blob_id, text=text, is_cut=is_cut, why_unread=why_unread, read_at=timezone.now()))


def _done(waiting: FileToRead, words: FileText) -> None:
    """Hand the words to the search; the file then waits no longer."""
    with transaction.atomic():
        # Whoever takes the file away meanwhile waits for us, or has done so: then its words are not kept either.
        held = Attachment.objects.select_for_update(of=("self",), no_key=True).filter(pk=waiting.pk)
        if held.exists():
            # Another worker may have read the same bytes, for another attachment.
            FileText.objects.bulk_create([words], ignore_conflicts=True)
            put_file_text(waiting.pk, words.text)
        FileToRead.objects.filter(pk=waiting.pk).delete()
