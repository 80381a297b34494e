"""Queues: a tree of names, and who may do what in each."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Language, Role
from ghiseu.tickets.models.service_level import Calendar, Sla
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.querysets import QueueQuerySet

SEPARATOR = "::"
MOST_DAYS_ON_THE_DESK = 3650
# A part of a name as short as this, such as a language, says nothing without the part above it.
_LONGEST_ABBREVIATION = 3


def short_name(name: str) -> str:
    """How a queue is called where there is little room: `Malware` of `Abuse::Malware`, but `Invoices › RO`."""
    *above, leaf = name.split(SEPARATOR)
    return f"{above[-1]} › {leaf}" if above and len(leaf) <= _LONGEST_ABBREVIATION else leaf


class FollowUp(models.TextChoices):
    """What a customer's answer to a closed ticket does."""

    REOPEN = "reopen", _("open the ticket again")
    REJECT = "reject", _("keep it closed and say so")
    NEW_TICKET = "new_ticket", _("make a new ticket, linked to the old one")


class Queue(models.Model):
    """A place where tickets wait. `name` is the whole path, `Abuse::Malware`; a queue inherits nothing from above."""

    name = models.CharField(max_length=200, unique=True)
    address = models.EmailField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    # For languages that have no text of their own, see QueueText.
    signature = models.TextField(blank=True)
    follow_up = models.CharField(max_length=12, choices=FollowUp.choices, default=FollowUp.REOPEN)
    # In which languages somebody here answers, the preferred one first; empty means any.
    languages = ArrayField(models.CharField(max_length=2, choices=Language.choices), default=list, blank=True)
    # When somebody is there; none means day and night.
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="queues")
    sla = models.ForeignKey(Sla, on_delete=models.PROTECT, null=True, blank=True, related_name="queues")
    # A lock lapses after this time, so that an agent who went home holds nothing back; 0 means never.
    unlock_after_minutes = models.PositiveIntegerField(default=0)
    # After how many days a closed ticket goes into the archive; NULL means never by itself.
    archive_after_days = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[QueueQuerySet] = QueueQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~models.Q(name=""), name="tickets_queue_has_name"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="tickets_queue_address_lower"),
            models.CheckConstraint(
                condition=models.Q(archive_after_days__isnull=True)
                | models.Q(archive_after_days__range=(1, MOST_DAYS_ON_THE_DESK)),
                name="tickets_queue_archive_after_some_days",
            ),
            models.UniqueConstraint(
                fields=("address",), condition=~models.Q(address=""), name="tickets_queue_address_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError where a part of the name is empty: in the tree it would stand without a name."""
        if any(part != part.strip() or not part for part in self.name.split(SEPARATOR)):
            message = _("Between, before and behind :: stands a name without blanks around it, as in Abuse::Malware.")
            raise ValidationError({"name": message})

    @property
    def leaf(self) -> str:
        """The last part of the name, `Malware` of `Abuse::Malware`."""
        return self.name.rsplit(SEPARATOR, 1)[-1]

    @property
    def short_name(self) -> str:
        return short_name(self.name)

    @property
    def depth(self) -> int:
        """How deep the queue stands in the tree; 0 at the top."""
        return self.name.count(SEPARATOR)


class QueueText(models.Model):
    """How answers from a queue begin and end in one language; `{customer}` and `{agent}` stand for their names."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=2, choices=Language.choices)
    salutation = models.CharField(max_length=300, blank=True)
    signature = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("queue", "language"), name="tickets_queue_text_unique"),)

    def __str__(self) -> str:
        return f"{self.queue}: {self.language}"


class QueueGrant(models.Model):
    """What a role may do in one queue. `full` contains every other right; no right contains `read` but `full`."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="grants")
    rights = ArrayField(models.CharField(max_length=12, choices=Right.choices))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("role", "queue"), name="tickets_grant_unique"),
            models.CheckConstraint(
                condition=models.Q(rights__contained_by=[right.value for right in Right]),
                name="tickets_grant_known_rights",
            ),
        )

    def __str__(self) -> str:
        return f"{self.role}: {self.queue}: {', '.join(self.rights)}"
