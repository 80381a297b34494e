"""Articles: one message or note each, in the order they came."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models.blob import Blob
from ghiseu.tickets.models.ticket import Ticket
from ghiseu.tickets.querysets import ArticleQuerySet, AttachmentQuerySet


class SenderType(models.TextChoices):
    CUSTOMER = "customer", _("customer")
    AGENT = "agent", _("agent")
    # Somebody whom an agent asked about the matter: a registry, a supplier, the site's administrator.
    THIRD_PARTY = "third_party", _("third party")
    SYSTEM = "system", _("system")


class Channel(models.TextChoices):
    EMAIL = "email", _("mail")
    PHONE = "phone", _("telephone")
    NOTE = "note", _("note")


class SenderSign(models.TextChoices):
    """What is known of a sender's address: the domain stands behind the message, disowns it, or nobody can tell."""

    PROVEN = "proven", _("sender proven")
    FORGED = "forged", _("sender forged")
    UNKNOWN = "unknown", _("sender not proven")


class Article(models.Model):
    """One message or note. An article once written stays as it is.

    `to` and `cc` are lists of `{"name": ..., "address": ...}`. `reply_text` is the text without quoted history and
    signature, empty where it would equal `text`.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="articles", db_index=False)
    sender_type = models.CharField(max_length=11, choices=SenderType.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    is_visible_to_customer = models.BooleanField()
    # False where nothing shows that the sender is who they say: the page marks it (promise I1).
    is_verified = models.BooleanField(default=True)
    # Empty for what the desk wrote itself.
    sender_sign = models.CharField(max_length=8, choices=SenderSign.choices, blank=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    from_name = models.CharField(max_length=300, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    message_id = models.TextField(blank=True)
    in_reply_to = models.TextField(blank=True)
    text = models.TextField(blank=True)
    reply_text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    raw = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    # Set where an agent took the message back before it left: it never went anywhere.
    taken_back_at = models.DateTimeField(null=True)
    # When the mail says it was written, which may be wrong; `created_at` is our own clock and gives the order.
    written_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[ArticleQuerySet] = ArticleQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(channel=Channel.NOTE) | Q(is_visible_to_customer=False),
                name="tickets_article_note_is_internal",
            ),
            models.CheckConstraint(
                condition=~Q(sender_type=SenderType.AGENT) | Q(agent__isnull=False),
                name="tickets_article_agent_is_named",
            ),
        )
        indexes = (
            models.Index(fields=("ticket", "id"), name="tickets_article_of_ticket"),
            models.Index(fields=("message_id",), name="tickets_article_message_id", condition=~Q(message_id="")),
        )

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.pk}"

    @property
    def is_note(self) -> bool:
        return self.channel == Channel.NOTE

    @property
    def is_from_customer(self) -> bool:
        return self.sender_type == SenderType.CUSTOMER


# Pictures and sounds have no words; whether another file has some, its reader finds out.
_LET_IT_WAIT = """
INSERT INTO tickets_filetoread (attachment_id, tries, next_try_at, why_unread)
SELECT id, 0, now(), '' FROM new_files
WHERE split_part(content_type, '/', 1) NOT IN ('image', 'audio', 'video');
RETURN NULL;
"""


class Attachment(models.Model):
    """A file of an article. `filename` is the sender's wish, for showing only; the bytes lie under our own name."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="attachments")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="attachments")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    is_inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=300, blank=True)

    objects: ClassVar[AttachmentQuerySet] = AttachmentQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        ordering = ("pk",)
        triggers = (
            pgtrigger.Trigger(
                name="is_to_be_read",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_files"),  # type: ignore[no-untyped-call]  # it has no types
                func=_LET_IT_WAIT,
            ),
        )

    def __str__(self) -> str:
        return self.filename
