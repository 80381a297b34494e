"""How long things are kept: rules, what stops them, what they did, and when the desk last looked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models.ticket import Ticket
from ghiseu.tickets.querysets import LegalHoldQuerySet

MOST_MONTHS = 600


class LegalHold(models.Model):
    """Nothing of this ticket, or of any ticket of this customer, may be erased until the hold is lifted.

    Rows stay when they are lifted, so that one can see who held what, when and why.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, null=True, related_name="legal_holds")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="legal_holds")
    reason = models.CharField(max_length=500)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    objects: ClassVar[LegalHoldQuerySet] = LegalHoldQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        ordering = ("-placed_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(ticket__isnull=False, customer__isnull=True)
                | Q(ticket__isnull=True, customer__isnull=False),
                name="tickets_hold_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="tickets_hold_lifted_by_somebody",
            ),
            models.UniqueConstraint(
                fields=("ticket",), condition=Q(lifted_at__isnull=True), name="tickets_hold_once_on_ticket"
            ),
            models.UniqueConstraint(
                fields=("customer",), condition=Q(lifted_at__isnull=True), name="tickets_hold_once_on_customer"
            ),
        )

    def __str__(self) -> str:
        return f"{self.ticket_id or self.customer_id}: {self.reason}"


class RetentionRule(models.Model):
    """Closed tickets that `query` means are anonymised or deleted `after_months` months after they were closed.

    A rule works only once somebody has seen what it would hit: `tried_at` is emptied when the rule changes.
    """

    class Act(models.TextChoices):
        ANONYMISE = "anonymise", _("anonymise")
        DELETE = "delete", _("delete")

    name = models.CharField(max_length=100, unique=True)
    # Only of fields that name no person, see `tickets.retention.read_rule`; empty means every closed ticket.
    query = models.TextField(blank=True)
    after_months = models.PositiveSmallIntegerField()
    act = models.CharField(max_length=9, choices=Act.choices)
    is_active = models.BooleanField(default=False)
    tried_at = models.DateTimeField(null=True)
    tried_by = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="tickets_rule_has_name"),
            models.CheckConstraint(
                condition=Q(after_months__range=(1, MOST_MONTHS)), name="tickets_rule_after_some_months"
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(tried_at__isnull=False), name="tickets_rule_tried_before_it_works"
            ),
        )

    def __str__(self) -> str:
        return self.name


class RetentionRun(models.Model):
    """The audit: what one rule did in one night, in numbers. Nothing here is about a person.

    The rule is written down as it was then. `position` is the last ticket looked at, so that a run that was cut off
    goes on behind it.
    """

    rule = models.ForeignKey(RetentionRule, on_delete=models.SET_NULL, null=True, related_name="runs")
    rule_name = models.CharField(max_length=100)
    query = models.TextField(blank=True)
    after_months = models.PositiveSmallIntegerField()
    act = models.CharField(max_length=9, choices=RetentionRule.Act.choices)
    # Closed before this moment.
    closed_before = models.DateTimeField()
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(default=0)
    ticket_count = models.PositiveIntegerField(default=0)
    article_count = models.PositiveIntegerField(default=0)
    file_count = models.PositiveIntegerField(default=0)
    mail_count = models.PositiveIntegerField(default=0)
    # Tickets that fit but were left alone because of a legal hold.
    held_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("rule",), condition=Q(finished_at__isnull=True), name="tickets_retention_one_run_of_a_rule"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_name} {self.begun_at:%Y-%m-%d}"


class Upkeep(models.Model):
    """What the desk does by itself once a night, one row a duty: how far it is, and when it was last done."""

    class Duty(models.TextChoices):
        ARCHIVE = "archive", _("archive")
        RETENTION = "retention", _("retention")
        BLOBS = "blobs", _("removal of unused files")
        COMPACT = "compact", _("compaction")

    duty = models.CharField(max_length=9, choices=Duty.choices, unique=True)
    # The night that the pass under way, or the last one, belongs to.
    night = models.DateTimeField()
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # The last row looked at, for a duty that goes through a table once.
    position = models.BigIntegerField(default=0)
    # What the pass has done so far: tickets, or files.
    done_count = models.PositiveBigIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "upkeep"

    def __str__(self) -> str:
        return f"{self.duty} {self.night:%Y-%m-%d}"
