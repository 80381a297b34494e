"""What came with a form: the text and the files, safe to keep."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.agent.forms import local_time
from ghiseu.agent.http import AgentRequest
from ghiseu.lib.text import one_line, storable, unix_lines
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Attachment
from ghiseu.ui.words import file_size

LONGEST_WAIT = dt.timedelta(days=366)
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,100}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")


def clean_text(text: str) -> str:
    return unix_lines(storable(text))


def unreadable() -> InvalidInput:
    return InvalidInput(_("The page sent something that cannot be read. Shorten the text or the addresses."))


def files_of(request: AgentRequest, *, kept: Sequence[Attachment] = ()) -> list[NewFile]:
    """The files of the form, behind those `kept` from a message that was taken back.

    Raises InvalidInput where together they would make a mail that servers refuse.
    """
    uploads = request.FILES.getlist("files")
    # Base64 makes four bytes of three (RFC 2045 section 6.8), and the mail needs room for itself.
    most = settings.MAIL_MAX_BYTES * 7 // 10
    total = sum(upload.size or 0 for upload in uploads) + sum(file.size for file in kept)
    if total > most:
        raise InvalidInput(
            _("The files have %(size)s together; at most %(most)s can be sent. Leave some out, or send a link.")
            % {"size": file_size(total), "most": file_size(most)}
        )
    again = [NewFile(file.filename, file.content_type, bytes_of(file.blob)) for file in kept]
    return again + [
        NewFile(
            filename=one_line(upload.name or "") or _("file"),
            content_type=_known_type(upload.content_type),
            content=upload.read(),
        )
        for upload in uploads
    ]


def send_at_of(request: AgentRequest, typed: str) -> dt.datetime | None:
    """When the message shall leave; None, as soon as it can no longer be taken back. Only its button delays it."""
    if request.POST.get("then") != "later":
        return None
    at = local_time(typed)
    if at is None:
        raise InvalidInput(_("The time to send at cannot be read. Choose a day and an hour."))
    if not timezone.now() < at <= timezone.now() + LONGEST_WAIT:
        raise InvalidInput(_("The time to send at must lie ahead, by a year at most. Choose another one."))
    return at


def _known_type(claimed: str | None) -> str:
    lowered = (claimed or "").lower()
    return lowered if _CONTENT_TYPE.fullmatch(lowered) else "application/octet-stream"
