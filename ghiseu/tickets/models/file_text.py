"""The words in attached files: found later than the mail is filed, by a worker, and kept beside the bytes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.models.article import Attachment
from ghiseu.tickets.models.blob import Blob


class WhyUnread(models.TextChoices):
    """Why a file gave no text: `lib.file_text.kinds.Why`, and that nobody tried because it is too large."""

    LOCKED = "locked", _("protected by a password")
    DAMAGED = "damaged", _("damaged, or not what it says it is")
    TOO_MUCH = "too_much", _("unpacks to more than a document has")
    TIME = "time", _("takes too long to read")
    MEMORY = "memory", _("takes too much memory to read")
    CRASHED = "crashed", _("stopped the program that read it")
    TOO_LARGE = "too_large", _("larger than GHISEU_FILE_TEXT_MAX_BYTES")
    MISSING = "missing", _("lost from the data folder")


class FileText(models.Model):
    """What reading some bytes gave, once for the same bytes, whoever sent them how often.

    `text` has at most 200,000 characters, and `is_cut` where there were more; it is empty where `why_unread` says why,
    and of what has no words, such as scanned pages.
    """

    # The constraint is written by the migration: it lets the row go with its bytes, whoever removes them (promise P2).
    blob = models.OneToOneField(
        Blob, on_delete=models.CASCADE, primary_key=True, related_name="file_text", db_constraint=False
    )
    text = models.TextField(blank=True)
    is_cut = models.BooleanField(default=False)
    why_unread = models.CharField(max_length=10, choices=WhyUnread.choices, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(why_unread="") | models.Q(text=""), name="tickets_filetext_read_or_not"
            ),
        )
        indexes = (
            models.Index(fields=("read_at",), name="tickets_filetext_unread", condition=~models.Q(why_unread="")),
        )

    def __str__(self) -> str:
        return f"{self.blob_id}: {self.why_unread or f'{len(self.text)} characters'}"


class FileToRead(models.Model):
    """An attached file at which nobody has looked yet. A trigger writes the row together with the attachment's own."""

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    why_unread = models.CharField(max_length=10, choices=WhyUnread.choices, blank=True)

    def __str__(self) -> str:
        return f"{self.attachment_id} after {self.tries} tries"
