"""Bytes by what they are: stored once, whoever sends them how often."""

from __future__ import annotations

from django.db import models

# Small bytes live in their row: one read instead of two, and no file of a block for a signature picture.
IN_ROW_BYTES = 32 * 1024


class Blob(models.Model):
    """Bytes under their SHA-256. `data` is NULL where they lie as a file, written and synced before this row."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    data = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(data__isnull=False, size__lte=IN_ROW_BYTES)
                | models.Q(data__isnull=True, size__gt=IN_ROW_BYTES),
                name="tickets_blob_small_in_row",
            ),
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="tickets_blob_sha256"),
        )

    def __str__(self) -> str:
        return self.sha256
