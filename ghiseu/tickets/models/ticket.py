"""The ticket: one matter of one customer, under one number for ever."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent, Customer, Language
from ghiseu.tickets.models.classification import Service, TicketType
from ghiseu.tickets.models.queue import Queue
from ghiseu.tickets.moments import NEVER
from ghiseu.tickets.querysets import TicketQuerySet


class StateType(models.TextChoices):
    """The fixed meanings behind the names of states."""

    NEW = "new", _("new")
    OPEN = "open", _("open")
    PENDING_REMINDER = "pending_reminder", _("pending, remind me")
    PENDING_AUTO = "pending_auto", _("pending, closes by itself")
    CLOSED = "closed", _("closed")
    MERGED = "merged", _("merged")
    REMOVED = "removed", _("removed")


# The states of a new desk; their names are words of ours, so they are shown in the reader's language.
_STATES_OF_A_NEW_DESK = (
    gettext_noop("new"),
    gettext_noop("open"),
    gettext_noop("pending reminder"),
    gettext_noop("pending auto close"),
    gettext_noop("closed successful"),
    gettext_noop("closed unsuccessful"),
    gettext_noop("merged"),
    gettext_noop("removed"),
)
OPEN_TYPES = (StateType.NEW, StateType.OPEN, StateType.PENDING_REMINDER, StateType.PENDING_AUTO)
PENDING_TYPES = (StateType.PENDING_REMINDER, StateType.PENDING_AUTO)
_ON_DESK = Q(archived_at__isnull=True)
_DONE = ~Q(state_type__in=OPEN_TYPES) & _ON_DESK


class State(models.Model):
    """A name agents know, with one of the fixed types. A new desk has one state of each type that people choose."""

    name = models.CharField(max_length=60, unique=True)
    type = models.CharField(max_length=16, choices=StateType.choices)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("pk",)
        # Target of the ticket's two-column foreign key, see the migration `0002_states_and_numbers`.
        constraints = (models.UniqueConstraint(fields=("id", "type"), name="tickets_state_id_type"),)

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name for reading; one that an administrator invented stays as it is."""
        return gettext(self.name)


class Priority(models.IntegerChoices):
    LOW = 1, _("low")
    NORMAL = 2, _("normal")
    HIGH = 3, _("high")
    URGENT = 4, _("urgent")


class Ticket(models.Model):
    number = models.CharField(max_length=32, unique=True)
    title = models.CharField(max_length=500)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    state = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Repeats the state's type so that partial indexes can tell open from closed; the database keeps the two equal.
    state_type = models.CharField(max_length=16, choices=StateType.choices)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    owner = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="tickets", db_index=False)
    locked_by = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    # NULL with `locked_by` set: the queue's locks never lapse.
    locked_until = models.DateTimeField(null=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tickets", db_index=False)
    type = models.ForeignKey(TicketType, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    language = models.CharField(max_length=2, choices=Language.choices, blank=True)
    # In lower case and sorted, so that equal sets are equal values; see `tickets.actions.tags`.
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # The values of the desk's own fields by name, typed as `CustomField` says.
    fields = models.JSONField(default=dict, blank=True)
    pending_until = models.DateTimeField(null=True)
    # Since when the customer has been waiting for our answer; NULL while the turn is theirs.
    waiting_since = models.DateTimeField(null=True)
    # When the service level wants the first answer, the answer to the newest message, and the end; NULL: no clock runs.
    first_answer_due_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)
    solution_due_at = models.DateTimeField(null=True)
    # The nearest of them, kept by the database.
    due_at = models.GeneratedField(
        expression=Least("first_answer_due_at", "answer_due_at", "solution_due_at"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    first_answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    # When somebody last took it out of the archive without opening it again: the days begin anew then.
    brought_back_at = models.DateTimeField(null=True)
    # When everything personal was wiped: what is left is a skeleton for counts, which nobody changes any more.
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    article_count = models.PositiveIntegerField(default=0)
    last_words = models.CharField(max_length=160, blank=True)
    # Where a customer's mail could not join the ticket it named, the new ticket points to that one.
    related = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="offshoots")

    objects: ClassVar[TicketQuerySet] = TicketQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(state_type__in=PENDING_TYPES) | Q(pending_until__isnull=False),
                name="tickets_ticket_pending_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state_type__in=(StateType.CLOSED, StateType.MERGED, StateType.REMOVED))
                | Q(closed_at__isnull=True),
                name="tickets_ticket_open_not_closed",
            ),
            models.CheckConstraint(
                condition=Q(archived_at__isnull=True) | ~Q(state_type__in=OPEN_TYPES),
                name="tickets_ticket_open_not_archived",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(archived_at__isnull=False),
                name="tickets_ticket_erased_is_archived",
            ),
            models.CheckConstraint(
                condition=Q(locked_by__isnull=False) | Q(locked_until__isnull=True),
                name="tickets_ticket_lock_has_holder",
            ),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="tickets_ticket_known_priority"),
            models.CheckConstraint(
                condition=Q(state_type__in=OPEN_TYPES)
                | Q(
                    first_answer_due_at__isnull=True,
                    answer_due_at__isnull=True,
                    solution_due_at__isnull=True,
                ),
                name="tickets_ticket_only_open_is_due",
            ),
        )
        indexes = (
            # The daily work reads only open tickets: small indexes that do not grow with the years.
            models.Index(
                fields=("queue", "-changed_at", "-id"),
                name="tickets_open_by_change",
                condition=Q(state_type__in=OPEN_TYPES),
            ),
            models.Index(
                fields=("queue", "-created_at", "-id"),
                name="tickets_open_by_creation",
                condition=Q(state_type__in=OPEN_TYPES),
            ),
            models.Index(
                fields=("owner", "-changed_at", "-id"),
                name="tickets_open_by_owner",
                condition=Q(state_type__in=OPEN_TYPES),
            ),
            models.Index(
                fields=("queue", "-priority", "-changed_at", "-id"),
                name="tickets_open_by_priority",
                condition=Q(state_type__in=OPEN_TYPES),
            ),
            # With the column itself beside: PostgreSQL does not see that an expression needs nothing else.
            models.Index(
                "queue",
                Coalesce("waiting_since", Value(NEVER)),
                "id",
                name="tickets_open_waiting",
                condition=Q(state_type__in=OPEN_TYPES),
                include=("waiting_since",),
            ),
            models.Index(
                "queue",
                Coalesce("due_at", Value(NEVER)),
                "id",
                name="tickets_open_due",
                condition=Q(state_type__in=OPEN_TYPES),
                include=("due_at",),
            ),
            # What nobody has yet is what most agents look at first.
            models.Index(
                fields=("queue", "-changed_at", "-id"),
                name="tickets_unassigned_by_change",
                condition=Q(state_type__in=OPEN_TYPES, owner__isnull=True),
            ),
            # Counting reads nothing but this.
            models.Index(
                fields=("queue", "owner", "waiting_since"),
                name="tickets_open_counts",
                condition=Q(state_type__in=OPEN_TYPES),
            ),
            # The same orders over what is done: a list of one queue's rows is found without sorting (`listing`).
            models.Index(fields=("queue", "-changed_at", "-id"), name="tickets_closed_by_change", condition=_DONE),
            models.Index(fields=("queue", "-created_at", "-id"), name="tickets_closed_by_creation", condition=_DONE),
            models.Index(
                fields=("queue", "-priority", "-changed_at", "-id"),
                name="tickets_closed_by_priority",
                condition=_DONE,
            ),
            # And over everything that is not in the archive.
            models.Index(fields=("queue", "-changed_at", "-id"), name="tickets_by_change", condition=_ON_DESK),
            models.Index(fields=("queue", "-created_at", "-id"), name="tickets_by_creation", condition=_ON_DESK),
            models.Index(
                fields=("queue", "-priority", "-changed_at", "-id"), name="tickets_by_priority", condition=_ON_DESK
            ),
            # What the nightly archive looks through, and what is in it.
            models.Index(
                fields=("queue", "closed_at", "id"),
                name="tickets_closed_on_desk",
                condition=Q(archived_at__isnull=True, closed_at__isnull=False),
            ),
            models.Index(
                fields=("queue", "-changed_at", "-id"),
                name="tickets_archived_by_change",
                condition=Q(archived_at__isnull=False),
            ),
            models.Index(fields=("customer", "-created_at", "-id"), name="tickets_by_customer"),
            models.Index(fields=("queue", "due_at", "id"), name="tickets_by_due", condition=Q(due_at__isnull=False)),
            GinIndex(fields=("tags",), name="tickets_by_tag"),
            GinIndex(fields=("fields",), name="tickets_by_field", opclasses=("jsonb_path_ops",)),
        )
        triggers = (
            pgtrigger.Trigger(
                name="know_tags",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("tags"),  # type: ignore[no-untyped-call]  # pgtrigger's
                condition=pgtrigger.Condition("cardinality(NEW.tags) > 0"),
                func="""
                    INSERT INTO tickets_tag (name) SELECT unnest(NEW.tags) ON CONFLICT DO NOTHING;
                    RETURN NULL;
                """,
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state_type in OPEN_TYPES

    @property
    def is_locked(self) -> bool:
        """Whether somebody holds the ticket now; a lapsed lock is none."""
        return self.locked_by_id is not None and (self.locked_until is None or self.locked_until > timezone.now())

    def is_locked_by(self, agent: Agent) -> bool:
        return self.is_locked and self.locked_by_id == agent.pk


class Participant(models.Model):
    """An address that takes part in a ticket: its customer's, or one that an agent wrote to.

    Who only stands in somebody's Cc is none: being copied gives no access and no voice (promise I3).
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="participants")
    address = models.CharField(max_length=320)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("ticket", "address"), name="tickets_participant_unique"),)

    def __str__(self) -> str:
        return self.address
