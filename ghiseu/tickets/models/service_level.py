"""When the desk works and how soon it promises to answer; the arithmetic is that of `ghiseu.sla`."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

_MINUTES_OF_A_YEAR = 366 * 24 * 60


class Calendar(models.Model):
    """Working time: hours by the clock of a time zone, without the holidays. A clock of a ticket runs only then."""

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(max_length=64)
    # As `Mo-Fr 09:00-18:00`, read by `ghiseu.sla.hours`; empty means day and night.
    hours = models.CharField(max_length=200, blank=True)
    holidays = ArrayField(models.DateField(), default=list, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="tickets_calendar_has_name"),)

    def __str__(self) -> str:
        return self.name


class Sla(models.Model):
    """What is promised, in minutes of working time; NULL promises nothing.

    To the first answer, to the answer to each later message, and to the end of the matter.
    """

    name = models.CharField(max_length=100, unique=True)
    first_answer_minutes = models.PositiveIntegerField(null=True, blank=True)
    answer_minutes = models.PositiveIntegerField(null=True, blank=True)
    solution_minutes = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="tickets_sla_has_name"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__range": (1, _MINUTES_OF_A_YEAR)}),
                    name=f"tickets_sla_{column}_sane",
                )
                for column in ("first_answer_minutes", "answer_minutes", "solution_minutes")
            ),
        )

    def __str__(self) -> str:
        return self.name
