"""Bytes by what they are: stored once, whoever sends them how often."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# Small bytes live in their row: one read instead of two, and no file of a block for a signature picture.
IN_ROW_BYTES = 32 * 1024


class Blob(models.Model):
    """Bytes under their SHA-256. `data` is NULL where they lie as a file, written and synced before this row.

    `sha256` and `size` are those of the plain bytes, however they are stored. A row whose bytes were erased stays where
    something must be known again when it comes once more.
    """

    class Coding(models.TextChoices):
        PLAIN = "", _("as it came")
        ZLIB = "zlib", _("compressed")

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    data = models.BinaryField(null=True)
    coding = models.CharField(max_length=4, choices=Coding.choices, db_default="", default=Coding.PLAIN, blank=True)
    # Something that needed these bytes has gone; whether anything else does has still to be asked.
    is_doubtful = models.BooleanField(db_default=False, default=False)
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(data__isnull=False, size__lte=IN_ROW_BYTES, erased_at__isnull=True)
                | Q(data__isnull=True, size__gt=IN_ROW_BYTES)
                | Q(data__isnull=True, erased_at__isnull=False),
                name="tickets_blob_small_in_row",
            ),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="tickets_blob_sha256"),
        )
        indexes = (models.Index(fields=("id",), name="tickets_blob_doubtful", condition=Q(is_doubtful=True)),)

    def __str__(self) -> str:
        return self.sha256
