"""Who works at the demo company, in which queues, with which rights; and the customers it knows from its shop."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from ghiseu.mail.models import AutoResponse, Filter, Mailbox
from ghiseu.ops.demo import script
from ghiseu.people.models import Agent, Company, Customer, Identity, Role
from ghiseu.tickets.models import (
    Calendar,
    CustomField,
    Queue,
    QueueGrant,
    QueueText,
    Service,
    Sla,
    TicketType,
)

# Whose desk it is: the first agent of the company.
FIRST_AGENT = "ana@pridvor.example"
_QUEUE_FIELDS = ("name", "address", "sender_name", "signature", "follow_up", "unlock_after_minutes", "languages")
# Tables of names that others refer to, by their heading in the file.
_NAMED: dict[str, type[Model]] = {
    "calendar": Calendar,
    "sla": Sla,
    "type": TicketType,
    "service": Service,
    "field": CustomField,
    "company": Company,
}


def set_up() -> None:
    """All rows that stand before the first mail comes, at once or not at all."""
    data = script.read("company")
    with transaction.atomic():
        roles = {name: Role.objects.create(name=name) for name in data["speakers"]}
        named = {
            heading: {row["name"]: _made(model(**row)) for row in data[heading]} for heading, model in _NAMED.items()
        }
        _add_agents(data["agent"], roles)
        for row in data["queue"]:
            promised = {heading: named[heading][row[heading]] for heading in ("calendar", "sla") if heading in row}
            queue = Queue.objects.create(**{field: row[field] for field in _QUEUE_FIELDS if field in row}, **promised)
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
            actions = row["actions"]
            chosen = {what: named[what][actions[what]].pk for what in ("type", "service") if what in actions}
            Filter.objects.create(**(row | {"actions": actions | chosen}))
        _add_known_customers()


def _made(row: Model) -> Model:
    row.save()
    return row


def _add_agents(rows: list[dict[str, Any]], roles: dict[str, Role]) -> None:
    agents = {row["login"]: _add_agent(row, roles) for row in rows}
    now = timezone.now()
    for row in rows:
        if "is_away_days" in row:
            agent = agents[row["login"]]
            agent.away_from, agent.away_until = now, now + dt.timedelta(days=row["is_away_days"])
            agent.substitute = agents[row["substitute"]]
            agent.save(update_fields=["away_from", "away_until", "substitute"])


def _add_agent(row: dict[str, Any], roles: dict[str, Role]) -> Agent:
    agent = Agent.objects.create_agent(
        login=row["login"],
        name=row["name"],
        email=f"{row['login']}@pridvor.example",
        password=row["password"],
        language=row["language"],
        time_zone=row.get("time_zone", "Europe/Chisinau"),
        shift=row["shift"],
        is_administrator=row.get("is_administrator", False),
    )
    agent.roles.set(roles[name] for name in row["roles"])
    return agent


def _add_known_customers() -> None:
    people = {person.address: person for group in script.customers().values() for person in group}
    for row in script.read("customers")["known"]:
        person = people[row["address"]]
        company = Company.objects.filter(domains__contains=[person.address.partition("@")[2]]).first()
        customer = Customer.objects.create(
            name=person.name, language=person.language, notes=row["notes"], company=company
        )
        for address in (person.address, person.second_address):
            if address:
                Identity.objects.create(customer=customer, value=address)
