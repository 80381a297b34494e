"""Finding the customer behind an address, or making one, under any number of writers at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ghiseu.people.models import Company, Customer, Identity

_COLUMNS = {
    model._meta.db_table: [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001  # as Django documents
    for model in (Identity, Customer)
}


def customer_for_address(address: str, *, name: str = "", language: str = "") -> Customer:
    """The customer who owns this mail address; a new one, with `name` and `language`, where nobody does.

    A known customer is left exactly as they are: a mail alone never changes an identity (promise I4).
    """
    return identities_for({address: name}, language=language)[address.lower()].customer


def identities_for(names: Mapping[str, str], *, language: str = "") -> dict[str, Identity]:
    """The same for many addresses: address -> name of a new customer. Identities by address in lower case."""
    wanted: dict[str, str] = {}
    for address, name in names.items():
        wanted.setdefault(address.lower(), name)
    known = _identities(wanted)
    missing = {address: name for address, name in wanted.items() if address not in known}
    return known | _add(missing, language) if missing else known


def prove(identity: Identity) -> list[str]:
    """Somebody answered from this address holding a message that only we could have sent: it is real, and works.

    Changes the identity in memory and returns the names of the fields to save, none where this was known.
    """
    changed = []
    if identity.proven_at is None:
        identity.proven_at = timezone.now()
        changed += ["proven_at"]
    if identity.bounced_at is not None:
        identity.bounced_at, identity.bounce_reason = None, ""
        changed += ["bounced_at", "bounce_reason"]
    return changed


def mark_bounced(address: str, reason: str) -> None:
    """Mail to this address came back; `reason` is what the other side said."""
    theirs = Identity.objects.filter(kind=Identity.Kind.EMAIL, value=address.lower())
    theirs.update(bounced_at=timezone.now(), bounce_reason=reason)


def _identities(addresses: Iterable[str]) -> dict[str, Identity]:
    """Held until the transaction ends, so that nobody forgets a customer of whom a ticket is just being made.

    Others may hold them in the same way (KEY SHARE), which Django cannot ask for.
    """
    columns = [f"{table}.{column}" for table, names in _COLUMNS.items() for column in names]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM people_identity JOIN people_customer "  # noqa: S608 -- names of columns
            "ON people_customer.id = people_identity.customer_id "
            "WHERE kind = %s AND value = ANY(%s) FOR KEY SHARE OF people_identity",
            [Identity.Kind.EMAIL.value, list(addresses)],
        )
        rows = cursor.fetchall()
    return {identity.value: identity for identity in map(_made_of, rows)}


def _made_of(row: Sequence[Any]) -> Identity:
    ours, theirs = _COLUMNS["people_identity"], _COLUMNS["people_customer"]
    identity = Identity.from_db(connection.alias, ours, row[: len(ours)])
    identity.customer = Customer.from_db(connection.alias, theirs, row[len(ours) :])
    return identity


def _add(names: Mapping[str, str], language: str) -> dict[str, Identity]:
    """The addresses first, each for the id that its customer will have: who comes second to one adds nothing at all.

    All writers take addresses in their order, so that none waits for another in a circle.
    """
    now = timezone.now()
    companies = _companies(names)
    with transaction.atomic(savepoint=False):
        customers = {
            pk: Customer(pk=pk, name=name[:200], language=language, company_id=companies.get(_domain(address)))
            for pk, (address, name) in zip(_customer_ids(len(names)), names.items(), strict=True)
        }
        rows = [
            Identity(customer_id=pk, kind=Identity.Kind.EMAIL, value=address, created_at=now)
            for pk, address in zip(customers, names, strict=True)
        ]
        Identity.objects.bulk_create(sorted(rows, key=lambda row: row.value), ignore_conflicts=True)
        identities = list(Identity.objects.filter(kind=Identity.Kind.EMAIL, value__in=list(names)))
        ours = [identity for identity in identities if identity.customer_id in customers]
        for identity in ours:
            identity.customer = customers[identity.customer_id]
        Customer.objects.bulk_create([identity.customer for identity in ours])
    theirs = [identity.value for identity in identities if identity.customer_id not in customers]
    return {identity.value: identity for identity in ours} | (_identities(theirs) if theirs else {})


def _companies(addresses: Iterable[str]) -> dict[str, int]:
    """The companies that these addresses speak for, by domain."""
    rows = Company.objects.filter(domains__overlap=sorted({_domain(address) for address in addresses}))
    return {domain: pk for pk, domains in rows.values_list("pk", "domains") for domain in domains}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _customer_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('people_customer', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [pk for (pk,) in cursor.fetchall()]
