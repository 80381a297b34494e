"""The history: what happened to a ticket, when, by whom. Rows are written once and never change."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent
from ghiseu.tickets.models.article import Article, SenderType
from ghiseu.tickets.models.ticket import Ticket


class Kind(models.TextChoices):
    CREATED = "created", _("created")
    MESSAGE_RECEIVED = "message_received", _("message received")
    REPLY_WRITTEN = "reply_written", _("answer written")
    NOTE_WRITTEN = "note_written", _("note written")
    THIRD_PARTY_ASKED = "third_party_asked", _("third party asked")
    THIRD_PARTY_ANSWERED = "third_party_answered", _("third party answered")
    REDIRECTED = "redirected", _("redirected")
    TAKEN_BACK = "taken_back", _("answer taken back")
    OWNER_CHANGED = "owner_changed", _("owner changed")
    PRIORITY_CHANGED = "priority_changed", _("priority changed")
    QUEUE_CHANGED = "queue_changed", _("moved")
    STATE_CHANGED = "state_changed", _("state changed")
    TYPE_CHANGED = "type_changed", _("type changed")
    SERVICE_CHANGED = "service_changed", _("service changed")
    TAGS_CHANGED = "tags_changed", _("tags changed")
    FIELD_CHANGED = "field_changed", _("field changed")
    ARCHIVED = "archived", _("archived")
    BROUGHT_BACK = "brought_back", _("brought back from the archive")
    HELD = "held", _("put under legal hold")
    RELEASED = "released", _("legal hold lifted")
    ANONYMISED = "anonymised", _("anonymised")
    DELETED = "deleted", _("deleted")
    DELIVERY_FAILED = "delivery_failed", _("delivery failed")
    LOCKED = "locked", _("locked")
    UNLOCKED = "unlocked", _("unlocked")


# The one change that history allows: of an erased ticket under no hold, `data` without what may name a person, see
# `tickets_forgotten` in the migration `keeping`. It binds every role, the owner of the table too.
_ONLY_FORGETTING = """
IF TG_OP = 'UPDATE' THEN
    IF NEW.data = tickets_forgotten(OLD.kind, OLD.data)
        AND (NEW.article_id IS NULL OR NEW.article_id = OLD.article_id)
        AND (NEW.id, NEW.ticket_id, NEW.kind, NEW.actor, NEW.at) = (OLD.id, OLD.ticket_id, OLD.kind, OLD.actor, OLD.at)
        AND NEW.agent_id IS NOT DISTINCT FROM OLD.agent_id
        AND EXISTS (SELECT FROM tickets_ticket WHERE id = OLD.ticket_id AND erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM tickets_legalhold WHERE ticket_id = OLD.ticket_id AND lifted_at IS NULL)
    THEN
        RETURN NEW;
    END IF;
END IF;
RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;
"""


class Event(models.Model):
    """One change of one ticket. `data` holds old and new value under the names that `describe` reads.

    Of an erased ticket `data` keeps only what cannot name a person, and then has the key `forgotten`.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="events", db_index=False)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    actor = models.CharField(max_length=11, choices=SenderType.choices)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=("ticket", "id"), name="tickets_event_of_ticket"),
            # Asked by the database itself before it lets an article go.
            models.Index(fields=("article",), name="tickets_event_of_article", condition=Q(article__isnull=False)),
        )
        triggers = (
            pgtrigger.Trigger(
                name="append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=_ONLY_FORGETTING,
            ),
        )

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"
