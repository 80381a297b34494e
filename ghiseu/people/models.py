"""Who works at the window and who stands before it.

An agent is never a customer and a customer never an agent, so that no mistake in one kind of right opens the other.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    RO = "ro", _("Romanian")
    RU = "ru", _("Russian")
    UK = "uk", _("Ukrainian")
    EN = "en", _("English")


class AgentQuerySet(models.QuerySet["Agent"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def by_name(self) -> Self:
        return self.order_by("name", "pk")


class AgentManager(BaseUserManager["Agent"]):
    def get_queryset(self) -> AgentQuerySet:
        return AgentQuerySet(self.model, using=self._db)

    def active(self) -> AgentQuerySet:
        return self.get_queryset().active()

    def create_agent(self, *, login: str, name: str, email: str, password: str | None, **fields: Any) -> Agent:
        """Add an agent; `password=None` makes an account nobody can sign in to with a password."""
        agent = self.model(login=login.lower(), name=name, email=email.lower(), **fields)
        agent.set_password(password)
        agent.full_clean(exclude=["password"])
        agent.save(using=self._db)
        return agent


class Role(models.Model):
    """A named set of rights on queues; the rights themselves stand in `tickets.QueueGrant`."""

    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Agent(AbstractBaseUser):
    """Somebody who answers. Administering the desk alone shows no ticket: only roles do."""

    login = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.EN)
    time_zone = models.CharField(max_length=64, default="Europe/Chisinau")
    roles = models.ManyToManyField(Role, related_name="agents", blank=True)
    # Whether a customer's answer in one's own ticket is sent on by mail, to be answered from the own mail program.
    wants_mail = models.BooleanField(default=False)
    # When this agent works, by the own clock, as `Mo-Fr 09:00-18:00` (`ghiseu.sla.hours`); empty means not said.
    shift = models.CharField(max_length=200, blank=True)
    # The absence under way or the next one; an open end is an absence until further notice.
    away_from = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)
    # Who stands in meanwhile.
    substitute = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    is_administrator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "email"]

    objects: ClassVar[AgentManager] = AgentManager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(login=Lower("login")), name="people_agent_login_lower"),
            models.CheckConstraint(condition=~models.Q(name=""), name="people_agent_has_name"),
            models.CheckConstraint(
                condition=~models.Q(substitute=models.F("pk")), name="people_agent_not_own_substitute"
            ),
            models.CheckConstraint(
                condition=models.Q(away_until__isnull=True) | models.Q(away_until__gt=models.F("away_from")),
                name="people_agent_absence_begins_first",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def is_away(self, moment: dt.datetime) -> bool:
        """Whether this agent has said to be away then."""
        begun = self.away_from is not None and self.away_from <= moment
        return begun and (self.away_until is None or moment < self.away_until)

    @property
    def initials(self) -> str:
        """At most two letters for the small round mark beside a name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


class Company(models.Model):
    """An organisation that customers write for. Whoever first writes from one of its `domains` is taken to belong."""

    name = models.CharField(max_length=200, unique=True)
    # Mail domains in lower case, `example.com`; each belongs to one company, see `people.customers`.
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "companies"
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~models.Q(name=""), name="people_company_has_name"),)
        indexes = (GinIndex(fields=("domains",), name="people_company_domains"),)

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A person who writes to the desk, under as many identities as they use."""

    name = models.CharField(max_length=200, blank=True)
    company = models.ForeignKey(Company, on_delete=models.SET_NULL, null=True, blank=True, related_name="customers")
    language = models.CharField(max_length=2, choices=Language.choices, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class Identity(models.Model):
    """One way to recognise a customer: a mail address, or a login at the company's site. Kept in lower case."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("mail address")
        LOGIN = "login", _("site login")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.EMAIL)
    value = models.CharField(max_length=320)
    # When somebody first answered from here with a message in hand that only we could have sent: the address is real
    # and read by who uses it. Until then it is a claim, to which automatic mail says as little as possible.
    proven_at = models.DateTimeField(null=True)
    # Since when mail to it comes back, and what the other side said.
    bounced_at = models.DateTimeField(null=True)
    bounce_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = (
            models.UniqueConstraint(fields=("kind", "value"), name="people_identity_unique"),
            models.CheckConstraint(condition=models.Q(value=Lower("value")), name="people_identity_lower"),
            models.CheckConstraint(condition=~models.Q(value=""), name="people_identity_not_empty"),
        )

    def __str__(self) -> str:
        return self.value
