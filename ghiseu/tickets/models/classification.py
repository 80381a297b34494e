"""By what tickets are told apart beside their queue: types, services, and fields that a desk defines itself."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TicketType(models.Model):
    """What sort of matter it is, such as incident or request."""

    name = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="tickets_type_has_name"),)

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """What the matter is about, out of what the company offers; a tree of names as with queues, `Hosting::Mail`."""

    name = models.CharField(max_length=200, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="tickets_service_has_name"),)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """Every tag that ever was on a ticket, so that one can be chosen and looked for; the database adds new ones."""

    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A field of tickets that this desk defined. Values stand in `Ticket.fields` under `name`, typed as `kind` says.

    A text or a choice is a string, a number a JSON number, a day `YYYY-MM-DD`, yes or no a boolean; a field without a
    value has no key.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("day")
        YES_NO = "yes_no", _("yes or no")
        CHOICE = "choice", _("one out of a list")

    # Never changes once it is there: it is the key of the values and the name in queries, `field.name:value`.
    name = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    choices = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "name")
        constraints = (
            models.CheckConstraint(condition=Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="tickets_field_plain_name"),
            models.CheckConstraint(
                condition=Q(kind="choice", choices__len__gt=0) | (~Q(kind="choice") & Q(choices=[])),
                name="tickets_field_choices_of_a_choice",
            ),
        )

    def __str__(self) -> str:
        return self.label
