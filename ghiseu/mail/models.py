"""Mail on its way in and on its way out. These tables are their own proof of what is done."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ghiseu.tickets.models import Article, Blob, Queue


class Mailbox(models.Model):
    """A way in: an address whose mail is filed into a queue, by LMTP or pipe, and by IMAP where a server is named.

    `password` is sealed with a key that lies outside the database, see `ghiseu.lib.sealing`.
    """

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        PLAIN = "plain", _("none, on this machine only")

    class Afterwards(models.TextChoices):
        DELETE = "delete", _("delete it")
        MOVE = "move", _("move it to a folder")

    name = models.CharField(max_length=100, unique=True)
    address = models.EmailField(max_length=254, unique=True)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="mailboxes")
    is_active = models.BooleanField(default=True)

    imap_host = models.CharField(max_length=255, blank=True)
    imap_port = models.PositiveIntegerField(default=993)
    imap_security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    imap_login = models.CharField(max_length=255, blank=True)
    imap_password = models.TextField(blank=True)
    imap_folder = models.CharField(max_length=255, default="INBOX")
    # What becomes of a mail on the server once it is committed here.
    afterwards = models.CharField(max_length=10, choices=Afterwards.choices, default=Afterwards.DELETE)
    move_to_folder = models.CharField(max_length=255, blank=True)
    fetch_every_seconds = models.PositiveIntegerField(default=30)

    fetched_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "mailboxes"
        constraints = (
            models.CheckConstraint(condition=Q(address=Lower("address")), name="mail_mailbox_address_lower"),
            models.CheckConstraint(
                condition=~Q(afterwards="move") | ~Q(move_to_folder=""), name="mail_mailbox_move_has_folder"
            ),
        )

    def __str__(self) -> str:
        return self.name


class InboundMail(models.Model):
    """A mail as it came, and what became of it. The same bytes for the same mailbox are one row (promise M2)."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        FILED = "filed", _("filed")
        QUARANTINED = "quarantined", _("quarantined")

    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="inbound")
    raw = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    error = models.TextField(blank=True)
    # Every decision in order, each a line that an administrator understands.
    trace = models.JSONField(default=list)
    article = models.ForeignKey(Article, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    received_at = models.DateTimeField(auto_now_add=True)
    filed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("mailbox", "raw"), name="mail_inbound_once"),
            models.CheckConstraint(
                condition=~Q(state="filed") | Q(filed_at__isnull=False), name="mail_inbound_filed_when"
            ),
        )
        indexes = (
            models.Index(fields=("next_try_at", "id"), name="mail_inbound_waiting", condition=Q(state="received")),
            models.Index(fields=("-id",), name="mail_inbound_quarantined", condition=Q(state="quarantined")),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id}/{self.pk}"


class OutboundMail(models.Model):
    """One article on its way to one recipient, so that one bad destination never holds up another (promise O3)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="outbound")
    sender = models.CharField(max_length=320)
    recipient = models.CharField(max_length=320)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    # The server's own last words, such as `550 5.1.1 user unknown`.
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("article", "recipient"), name="mail_outbound_once"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_outbound_sent_when"
            ),
        )
        indexes = (
            models.Index(fields=("next_try_at", "id"), name="mail_outbound_waiting", condition=Q(state="waiting")),
        )

    def __str__(self) -> str:
        return f"{self.article_id} > {self.pk}"
