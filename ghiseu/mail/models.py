"""Mail on its way in and on its way out. These tables are their own proof of what is done."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent, Language
from ghiseu.tickets.models import Article, Blob, Queue

# The channel of old mail: nothing is answered, and its own date counts.
IMPORT = "import"


def inbox_alone() -> list[str]:
    return ["INBOX"]


class Mailbox(models.Model):
    """A way in: an address whose mail is filed into a queue, by LMTP or pipe, and fetched where a protocol is named.

    `password` is sealed with a key that lies outside the database, see `ghiseu.lib.sealing`.
    """

    class Protocol(models.TextChoices):
        NONE = "none", _("not fetched: mail comes by LMTP or pipe")
        IMAP = "imap", _("IMAP")
        POP3 = "pop3", _("POP3")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        PLAIN = "plain", _("none, on this machine only")

    class SignIn(models.TextChoices):
        PASSWORD = "password", _("a password")
        OAUTH2 = "oauth2", _("OAuth 2 (Google, Microsoft)")

    class Afterwards(models.TextChoices):
        DELETE = "delete", _("delete it")
        MOVE = "move", _("move it to a folder")
        FLAG = "flag", _("leave it there, marked as taken")

    name = models.CharField(max_length=100, unique=True)
    address = models.EmailField(max_length=254, unique=True)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="mailboxes")
    is_active = models.BooleanField(default=True)
    # The authserv-id of the mail server in front of us, whose Authentication-Results are believed (RFC 8601).
    trusted_server = models.CharField(max_length=255, blank=True)
    # Where no such word is there, the desk checks signatures itself, for which it asks the DNS.
    checks_signatures = models.BooleanField(default=False, db_default=False)

    protocol = models.CharField(max_length=4, choices=Protocol.choices, default=Protocol.NONE)
    host = models.CharField(max_length=255, blank=True)
    # Whether the server may stand in our own network: only who runs this machine may say so (promise X2).
    may_be_inside = models.BooleanField(default=True, db_default=True)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    sign_in = models.CharField(max_length=8, choices=SignIn.choices, default=SignIn.PASSWORD)
    login = models.CharField(max_length=255, blank=True)
    password = models.TextField(blank=True)
    # All are visited; new mail in the first is noticed at once where the server offers IDLE. POP3 knows no folders.
    folders = ArrayField(models.CharField(max_length=255), default=inbox_alone)
    # What becomes of a mail on the server once it is committed here.
    afterwards = models.CharField(max_length=10, choices=Afterwards.choices, default=Afterwards.DELETE)
    move_to_folder = models.CharField(max_length=255, blank=True)
    fetch_every_seconds = models.PositiveIntegerField(default=30)

    fetched_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    # As the last visit left them: what lies in the folders, and what of it is not held here. NULL before the first.
    on_server_count = models.PositiveIntegerField(null=True, blank=True)
    not_held_count = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "mailboxes"
        constraints = (
            models.CheckConstraint(condition=Q(address=Lower("address")), name="mail_mailbox_address_lower"),
            models.CheckConstraint(
                condition=~Q(afterwards="move") | ~Q(move_to_folder=""), name="mail_mailbox_move_has_folder"
            ),
            models.CheckConstraint(condition=Q(protocol="none") | ~Q(host=""), name="mail_mailbox_fetched_has_host"),
            models.CheckConstraint(
                condition=~Q(protocol="pop3") | Q(afterwards="delete"), name="mail_mailbox_pop3_deletes"
            ),
            models.CheckConstraint(condition=Q(folders__len__gt=0), name="mail_mailbox_has_folder"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_fetched(self) -> bool:
        return self.protocol != self.Protocol.NONE

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}"

    def clean(self) -> None:
        """Refuse to move mail to where it is taken from: each fetch would find it there again."""
        taken_from = {_folder_key(folder) for folder in self.folders}
        if self.afterwards == self.Afterwards.MOVE and _folder_key(self.move_to_folder) in taken_from:
            raise ValidationError(
                {"move_to_folder": _("Mail is taken from this folder. Choose another one to move it to.")}
            )


def _folder_key(name: str) -> str:
    return "INBOX" if name.upper() == "INBOX" else name  # the one name in any case (RFC 3501 section 5.1)


class OAuthAccess(models.Model):
    """What a mailbox signs in with by OAuth 2 (RFC 6749): the client, its refresh token, the access token of the hour.

    Secret, refresh token and access token are sealed, see `ghiseu.lib.sealing`.
    """

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="oauth")
    token_endpoint = models.URLField(max_length=500)
    may_be_inside = models.BooleanField(default=True, db_default=True)
    client_id = models.CharField(max_length=300)
    client_secret = models.TextField(blank=True)
    scope = models.CharField(max_length=500, blank=True)
    refresh_token = models.TextField()
    access_token = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "OAuth accesses"

    def __str__(self) -> str:
        return f"{self.mailbox_id}: {self.client_id}"


class InboundMail(models.Model):
    """A mail as it came, and what became of it. The same bytes for the same mailbox are one row (promise M2)."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        FILED = "filed", _("filed")
        QUARANTINED = "quarantined", _("quarantined")
        IGNORED = "ignored", _("ignored")

    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="inbound")
    raw = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10)
    # Old mail that is no new work: a ticket that it opens is closed at once.
    is_settled = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    error = models.TextField(blank=True)
    # Every decision in order, each a line that an administrator understands.
    trace = models.JSONField(default=list)
    article = models.ForeignKey(Article, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    received_at = models.DateTimeField(auto_now_add=True)
    filed_at = models.DateTimeField(null=True)
    # When its ticket was erased, and its bytes with it: the row stays, so that the same mail is known again.
    forgotten_at = models.DateTimeField(null=True)

    # Which rows still need the bytes they name, see `ghiseu.tickets.blobs`.
    NEEDS_BYTES: ClassVar[Q] = Q(forgotten_at__isnull=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("mailbox", "raw"), name="mail_inbound_once"),
            models.CheckConstraint(
                condition=~Q(state="filed") | Q(filed_at__isnull=False), name="mail_inbound_filed_when"
            ),
        )
        indexes = (
            # What was imported waits behind what comes in, however much it is.
            models.Index(
                fields=("next_try_at", "id"),
                name="mail_inbound_waiting",
                condition=Q(state="received") & ~Q(channel=IMPORT),
            ),
            models.Index(
                fields=("next_try_at", "id"),
                name="mail_inbound_imported",
                condition=Q(state="received", channel=IMPORT),
            ),
            models.Index(fields=("-id",), name="mail_inbound_quarantined", condition=Q(state="quarantined")),
            models.Index(fields=("-id",), name="mail_inbound_ignored", condition=Q(state="ignored")),
            models.Index(fields=("article",), name="mail_inbound_of_article", condition=Q(article__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id}/{self.pk}"


class OutboundMail(models.Model):
    """One article on its way to one recipient, so that one bad destination never holds up another (promise O3)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Kind(models.TextChoices):
        MESSAGE = "message", _("the article")
        # The customer's mail as it came, passed on under our envelope (RFC 5322 section 3.6.6).
        REDIRECT = "redirect", _("the article's original, redirected")
        # The article's text for the agent who owns the ticket, to be read and answered in the own mail program.
        NOTIFICATION = "notification", _("a notification of the article")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="outbound")
    # Empty for automatic mail: nobody wants its bounces, and robots do not answer it (RFC 3834 section 3.3).
    sender = models.CharField(max_length=320, blank=True)
    # Whom a notification is for.
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MESSAGE)
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
            models.UniqueConstraint(fields=("article", "kind", "recipient"), name="mail_outbound_once"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_outbound_sent_when"
            ),
        )
        indexes = (
            models.Index(fields=("next_try_at", "id"), name="mail_outbound_waiting", condition=Q(state="waiting")),
        )

    def __str__(self) -> str:
        return f"{self.article_id} > {self.pk}"


class AutoResponse(models.Model):
    """What the desk answers by itself, by queue, occasion and language. No row, no answer.

    The text may name `{number}` and `{queue}`, and nothing that the sender chose (promise O6).
    """

    class Occasion(models.TextChoices):
        RECEIVED = "received", _("a new ticket")
        FOLLOW_UP = "follow_up", _("an answer joined its ticket")
        REJECTED = "rejected", _("an answer to a ticket that stays closed")
        NEW_TICKET = "new_ticket", _("a new ticket instead of a closed one")
        OUTSIDE_HOURS = "outside_hours", _("a new ticket while nobody is there")

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="auto_responses")
    occasion = models.CharField(max_length=14, choices=Occasion.choices)
    language = models.CharField(max_length=2, choices=Language.choices)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("queue", "occasion", "language"), name="mail_autoresponse_unique"),
            models.CheckConstraint(condition=~Q(subject="") & ~Q(text=""), name="mail_autoresponse_says_something"),
        )

    def __str__(self) -> str:
        return f"{self.queue}: {self.occasion}: {self.language}"


class AutomaticMail(models.Model):
    """An automatic mail that left for an address: what the limits are counted from. Old rows are swept away."""

    address = models.CharField(max_length=320)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("address", "-created_at"), name="mail_automatic_by_address"),
            models.Index(fields=("-created_at",), name="mail_automatic_by_time"),
        )

    def __str__(self) -> str:
        return self.address


class Filter(models.Model):
    """A rule on incoming mail: what a query over the mail means gets what `actions` say, see `mail.inbound.filters`.

    Rules are asked by `position`, from the smallest. `actions` is `{"priority": "high", "queue": id, "state": id,
    "type": id, "service": id, "tags": ["vip"], "fields": {"plan": "gold"}, "ignore": true, "quarantine": true}`, any of
    them.
    """

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveIntegerField(default=100)
    # Empty means every mail.
    query = models.TextField(blank=True)
    actions = models.JSONField(default=dict)
    # Only the mail of this mailbox; NULL means of all.
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, null=True, blank=True, related_name="filters")
    # No rule behind this one is asked about a mail that this one fits.
    stops = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("position", "pk")
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="mail_filter_has_name"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError, by field, for a query or actions that cannot be understood."""
        # Later than at the top, because the filters read this module.
        from ghiseu.mail.inbound.filters import check_filter

        check_filter(self)
