"""Which tickets came from elsewhere, so that the same import may be repeated without doubling or undoing anything."""

from __future__ import annotations

from django.db import models

from ghiseu.tickets.models.ticket import Ticket


class ImportedTicket(models.Model):
    """A ticket that an import made, and what it was made of: work on the ticket since then changes nothing here."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="imported")
    # A digest of what the source said, see `importing.fingerprints`.
    fingerprint = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return str(self.ticket_id)
