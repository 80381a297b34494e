"""Views: a question under a name, with the way its tickets are shown."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent, Role
from ghiseu.tickets.paging import Grouping, Order


class Audience(models.TextChoices):
    """For whom a view stands in the left column."""

    ME = "me", _("only for me")
    ROLE = "role", _("for everybody with a role")
    EVERYONE = "everyone", _("for everybody")


class View(models.Model):
    """A question and its looks. It shows each agent what this agent may see, whoever made it.

    The views that every desk has (`tickets.views.predefined`) are such objects without a row; their `key` is a word.
    """

    name = models.CharField(max_length=100)
    # In the query language; what it says is understood when it is asked, so "today" stays the reader's own.
    query = models.TextField(blank=True)
    # Names of columns from left to right, those of `agent.columns`; empty means the usual row.
    columns = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    order = models.CharField(max_length=12, choices=Order.choices, default=Order.CHANGED)
    grouping = models.CharField(max_length=12, choices=Grouping.choices, default=Grouping.NONE, blank=True)
    # Who made it and may change it.
    owner = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="views")
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.ME)
    role = models.ForeignKey(Role, on_delete=models.CASCADE, null=True, blank=True, related_name="views")
    # Among the views of the same audience; where two are equal, the older one comes first.
    position = models.PositiveIntegerField(default=0)

    # The word of a predefined view, by which addresses name it.
    word = ""

    class Meta:
        ordering = ("position", "pk")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="tickets_view_has_name"),
            models.CheckConstraint(
                condition=Q(audience=Audience.ROLE, role__isnull=False)
                | (~Q(audience=Audience.ROLE) & Q(role__isnull=True)),
                name="tickets_view_role_of_a_role",
            ),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="tickets_view_known_audience"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """What stands for the view in an address: its word or its number; empty for a question that is not kept."""
        return self.word or (str(self.pk) if self.pk else "")

    @property
    def label(self) -> str:
        """The name for reading: ours in the reader's language, an agent's own as it was given."""
        return gettext(self.name) if self.word else self.name
