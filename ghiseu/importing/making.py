"""What tickets name and nobody has described is made: queues, agents, customers, types, services, one field."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import IncomingTicket, Row
from ghiseu.importing.names import Names
from ghiseu.importing.people_keys import LOGIN, NAMELESS
from ghiseu.importing.report import Report
from ghiseu.importing.rows import Rows, new_ids
from ghiseu.importing.schema import Model, inside, table_of
from ghiseu.people.models import Agent, Company, Customer, Identity
from ghiseu.tickets.models import Article, CustomField, Queue, SenderType, Service, Ticket, TicketType

# The site that a ticket is about, where it has no other place.
DOMAIN = "domain"
_NOT_IN_LOGINS = re.compile(r"[^a-z0-9а-яёіїєґ]+")


class Maker:
    """Makes what the tickets of a batch name; `names` knows it afterwards. After a rollback, `forget`."""

    def __init__(self, cursor: Any, names: Names, now: dt.datetime, *, is_dry: bool) -> None:
        self._cursor = cursor
        self._names = names
        self._now = now
        self._is_dry = is_dry
        self.fields: dict[str, CustomField] = {}
        self._logins: dict[str, str] = {}
        self._report = Report()
        self.forget()

    def forget(self) -> None:
        self.fields = {field.name: field for field in CustomField.objects.all()}
        self._logins = {}
        for name, login in Agent.objects.order_by("-is_active", "pk").values_list("name", "login"):
            self._logins.setdefault(name, login)

    def make_for(self, tickets: list[IncomingTicket], report: Report) -> None:
        """Everything but customers and authors."""
        self._report = report
        for key, model in (("queue", Queue), ("type", TicketType), ("service", Service)):
            self._make_named(model, (ticket.row.get(key) for ticket in tickets))
        self._make_named(Company, (ticket.company for ticket in tickets))
        if DOMAIN not in self.fields and any(DOMAIN in ticket.row["fields"] for ticket in tickets):
            self._make_domain()
        self._learn_names(tickets)
        self._make_named_agents(tickets)

    def name_authors(self, ticket: IncomingTicket) -> None:
        """Give each article of an agent its author, making them where nobody has that name. Raises Refused."""
        for article in ticket.articles:
            if article.row["sender_type"] == SenderType.AGENT and not article.row.get("agent"):
                article.row["agent"] = self._author(article.row)

    def _make_named(self, model: Model, wanted: Iterable[str | None]) -> None:
        known = self._names.of(model)
        missing = dict.fromkeys(name for name in wanted if name and name not in known)
        self._insert(model, [{"name": name} for name in missing])

    def _make_domain(self) -> None:
        row = {"name": DOMAIN, "label": "Domain", "kind": CustomField.Kind.TEXT.value, "position": 0}
        self._insert(CustomField, [row])
        self.fields[DOMAIN] = CustomField(**row)

    def _learn_names(self, tickets: list[IncomingTicket]) -> None:
        """An owner nobody knows is whoever alone answered in the ticket, where that name is nobody else's."""
        known = self._names.of(Agent)
        learnt: dict[str, str] = {}
        for ticket in tickets:
            login = (ticket.row.get("owner") or "").lower()
            if not login or login in known or login in learnt:
                continue
            names = {
                article.row.get("from_name", "")
                for article in ticket.articles
                if article.row["sender_type"] == SenderType.AGENT and not article.row.get("agent")
            }
            if len(names) == 1 and (name := names.pop()) and name not in self._logins:
                learnt[login] = name
        self._make_agents(learnt)

    def _make_named_agents(self, tickets: list[IncomingTicket]) -> None:
        known = self._names.of(Agent)
        wanted = (login.lower() for ticket in tickets for login in _logins_in(ticket))
        self._make_agents({login: login for login in wanted if login not in known})

    def _author(self, row: Row) -> str:
        name, address = row.get("from_name", ""), row.get("from_address", "")
        if name in self._logins:
            return self._logins[name]
        login = _login_of(name) or _login_of(address.partition("@")[0])
        if not login:
            raise Refused("an article of an agent names neither agent nor from", "agent")
        if login not in self._names.of(Agent):
            self._make_agents({login: name or login})
        return login

    def _make_agents(self, agents: dict[str, str]) -> None:
        rows = [{"login": login, "name": name, "email": ""} for login, name in agents.items()]
        self._insert(Agent, rows)
        for login, name in agents.items():
            self._logins.setdefault(name, login)

    def _insert(self, model: Model, rows: list[Row]) -> None:
        if not rows:
            return
        table = table_of(model)
        [key] = table.natural
        ids = new_ids(self._cursor, model, len(rows))
        waiting = Rows(model, self._now, with_id=True)
        for one, row in zip(ids, rows, strict=True):
            table.columns[key].read(row[key])
            waiting.add(row | {"id": one})
        waiting.write(self._cursor)
        self._names.of(model).update({row[key]: one for one, row in zip(ids, rows, strict=True)})
        for row in rows:
            self._report.remember_made(table.kind, row[key])

    def make_customers(self, tickets: list[IncomingTicket]) -> None:
        """Find or make the customers that the tickets name; `names.customers` knows them afterwards."""
        keys = {key for ticket in tickets for key in _customers_in(ticket)}
        self._names.look_up_customers(keys)
        known = self._names.customers
        new: dict[str, IncomingTicket | None] = {}
        for ticket in tickets:
            new.setdefault(ticket.row["customer"], ticket)
        for key in keys:
            new.setdefault(key, None)
        new = {key: ticket for key, ticket in new.items() if key not in known and not key.startswith(NAMELESS)}
        ids = list(range(-len(new), 0)) if self._is_dry else new_ids(self._cursor, Customer, len(new))
        customers = Rows(Customer, self._now, with_id=True)
        identities = Rows(Identity, self._now)
        for one, (key, named_in) in zip(ids, new.items(), strict=True):
            customers.add(self._customer(named_in) | {"id": one})
            identities.add(_identity(one, key, named_in))
            known[key] = one
        if not self._is_dry:
            customers.write(self._cursor)
            identities.write(self._cursor)
        for key in new:
            self._report.remember_made("customer", key)

    def _customer(self, ticket: IncomingTicket | None) -> Row:
        if ticket is None:
            return {}
        return {
            "name": ticket.customer_name[:200],
            "language": ticket.row.get("language", ""),
            "company": self._names.of(Company)[ticket.company] if ticket.company else None,
            "created_at": ticket.row["created_at"],
        }


def _identity(customer: int, key: str, ticket: IncomingTicket | None) -> Row:
    kind = Identity.Kind.LOGIN if key.startswith(LOGIN) else Identity.Kind.EMAIL
    row: Row = {"customer": customer, "kind": kind.value, "value": key.removeprefix(LOGIN)}
    return row if ticket is None else row | {"created_at": ticket.row["created_at"]}


def _logins_in(ticket: IncomingTicket) -> Iterable[str]:
    """Every agent that the ticket names."""
    return _references_in(ticket, Agent)


def _customers_in(ticket: IncomingTicket) -> Iterable[str]:
    return _references_in(ticket, Customer)


def _references_in(ticket: IncomingTicket, target: Model) -> Iterable[str]:
    for model, rows in ((Ticket, [ticket]), (Article, ticket.articles)):
        keys = _keys_to(model, target)
        yield from (row.row[key] for row in rows for key in keys if row.row.get(key))
        for name, place in inside(model).items():
            if inner := _keys_to(place.model, target):
                children = [child.row for row in rows for child in row.inside.get(name, ())]
                yield from (child[key] for child in children for key in inner if child.get(key))


def _keys_to(model: Model, target: Model) -> list[str]:
    return [column.key for column in table_of(model).columns.values() if column.target is target]


def _login_of(text: str) -> str:
    """`andrei.munteanu` of Andrei Munteanu."""
    plain = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _NOT_IN_LOGINS.sub(".", bare).strip(".")[:100]
