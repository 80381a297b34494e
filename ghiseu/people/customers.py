"""Finding the customer behind an address, or making one, under any number of writers at once."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from ghiseu.people.models import Customer, Identity


def customer_for_address(address: str, *, name: str = "", language: str = "") -> Customer:
    """The customer who owns this mail address; a new one, with `name` and `language`, where nobody does.

    A known customer is left exactly as they are: a mail alone never changes an identity (promise I4).
    """
    value = address.lower()
    known = _owner_of(value)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            customer = Customer.objects.create(name=name[:200], language=language)
            Identity.objects.create(customer=customer, kind=Identity.Kind.EMAIL, value=value)
            return customer
    except IntegrityError:
        # Two mails of one new customer are filed at the same moment: the other writer's row is the right one.
        known = _owner_of(value)
        if known is None:
            raise
        return known


def mark_proven(address: str) -> None:
    """Somebody answered from this address holding a message that only we could have sent: it is real, and works."""
    theirs = Identity.objects.filter(kind=Identity.Kind.EMAIL, value=address.lower())
    theirs.filter(proven_at__isnull=True).update(proven_at=timezone.now())
    theirs.filter(bounced_at__isnull=False).update(bounced_at=None, bounce_reason="")


def mark_bounced(address: str, reason: str) -> None:
    """Mail to this address came back; `reason` is what the other side said."""
    theirs = Identity.objects.filter(kind=Identity.Kind.EMAIL, value=address.lower())
    theirs.update(bounced_at=timezone.now(), bounce_reason=reason)


def is_proven(address: str) -> bool:
    theirs = Identity.objects.filter(kind=Identity.Kind.EMAIL, value=address.lower())
    return theirs.filter(proven_at__isnull=False).exists()


def _owner_of(value: str) -> Customer | None:
    return Customer.objects.filter(identities__kind=Identity.Kind.EMAIL, identities__value=value).first()
