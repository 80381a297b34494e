"""Who works at the demo company, in which queues, with which rights; and the customers it knows from its shop."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ghiseu.mail.models import AutoResponse, Filter, Mailbox
from ghiseu.ops.demo import script
from ghiseu.people.models import Agent, Customer, Identity, Role
from ghiseu.tickets.models import Queue, QueueGrant, QueueText

# Whose desk it is: the first agent of the company.
FIRST_AGENT = "ana@pridvor.example"
_QUEUE_FIELDS = ("name", "address", "sender_name", "signature", "follow_up", "unlock_after_minutes")


def set_up() -> None:
    """All rows that stand before the first mail comes, at once or not at all."""
    data = script.read("company")
    with transaction.atomic():
        roles = {name: Role.objects.create(name=name) for name in data["speakers"]}
        for row in data["agent"]:
            _add_agent(row, roles)
        for row in data["queue"]:
            queue = Queue.objects.create(**{field: row[field] for field in _QUEUE_FIELDS if field in row})
            Mailbox.objects.create(name=row["mailbox"], address=queue.address, queue=queue)
            for role, rights in row["rights"].items():
                QueueGrant.objects.create(role=roles[role], queue=queue, rights=rights)
        QueueText.objects.bulk_create(
            QueueText(queue=queue, **row) for queue in Queue.objects.all() for row in data["text"]
        )
        for row in data["mailbox"]:
            queue = Queue.objects.get(name=row["queue"])
            Mailbox.objects.create(name=row["name"], address=row["address"], queue=queue)
        for row in data["auto_response"]:
            AutoResponse.objects.create(**(row | {"queue": Queue.objects.get(name=row["queue"])}))
        for row in data["filter"]:
            Filter.objects.create(**row)
        _add_known_customers()


def _add_agent(row: dict[str, Any], roles: dict[str, Role]) -> None:
    agent = Agent.objects.create_agent(
        login=row["login"],
        name=row["name"],
        email=f"{row['login']}@pridvor.example",
        password=row["password"],
        language=row["language"],
        time_zone=row.get("time_zone", "Europe/Chisinau"),
        is_administrator=row.get("is_administrator", False),
    )
    agent.roles.set(roles[name] for name in row["roles"])


def _add_known_customers() -> None:
    people = {person.address: person for group in script.customers().values() for person in group}
    for row in script.read("customers")["known"]:
        person = people[row["address"]]
        customer = Customer.objects.create(name=person.name, language=person.language, notes=row["notes"])
        for address in (person.address, person.second_address):
            if address:
                Identity.objects.create(customer=customer, value=address)
