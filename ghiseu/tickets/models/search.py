"""What the full-text search reads: an entry for each ticket, what is due, and the words this desk knows.

The tables are kept by triggers of the database and a worker's duty, see `ghiseu.tickets.search.indexing`.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from ghiseu.tickets.models.ticket import Ticket


class SearchEntry(models.Model):
    """Everything by which a ticket is found, as lexemes (`ghiseu.tickets.search.lexemes`)."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="search_entry")
    # When its last article came, or the ticket itself: the order of the answers.
    at = models.DateTimeField()
    words = SearchVectorField()

    class Meta:
        indexes = (
            models.Index(fields=("-at", "-ticket"), name="tickets_search_newest"),
            # Without a list of pending insertions: it would have to be read through by each search.
            GinIndex(fields=("words",), name="tickets_search_words", fastupdate=False),
        )

    def __str__(self) -> str:
        return str(self.ticket_id)


class SearchDue(models.Model):
    """A ticket whose entry is to be made anew. Only ever added to, so that no change can hide behind another."""

    ticket_id = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("ticket_id",), name="tickets_search_due_ticket"),)

    def __str__(self) -> str:
        return str(self.ticket_id)


class SearchWord(models.Model):
    """A word of this desk and in how many tickets it was seen, roughly; `cuts` are the ways to leave one letter out."""

    word = models.CharField(max_length=30, primary_key=True)
    ticket_count = models.PositiveIntegerField(default=0)
    cuts = ArrayField(models.CharField(max_length=30), default=list)

    class Meta:
        indexes = (GinIndex(fields=("cuts",), name="tickets_search_cuts"),)

    def __str__(self) -> str:
        return self.word
