"""What is left of customers whom the desk may no longer know."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ghiseu.people.customers import customer_for_address
from ghiseu.people.models import Customer

# Where the tickets of forgotten customers stand together; nobody can be written to there (RFC 2606).
ANONYMOUS = "anonymised@invalid"


def anonymous_customer() -> Customer:
    return customer_for_address(ANONYMOUS, name=_("Anonymised"))


def forget_customer(customer: Customer) -> None:
    """Leave nothing of the customer but an id and a day: no name, no address, no note.

    The row stays because articles in other people's tickets name it. For a customer without tickets, held by the
    caller's transaction.
    """
    customer.identities.all().delete()
    customer.name, customer.language, customer.notes, customer.company = "", "", "", None
    customer.save(update_fields=["name", "language", "notes", "company"])
