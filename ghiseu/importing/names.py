"""From what people call a row to its id, and back: whole for the small tables, a batch at a time for the large ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import sql

from ghiseu.importing.errors import Refused
from ghiseu.importing.people_keys import LOGIN, NAMELESS
from ghiseu.importing.schema import Model, Table, table_of
from ghiseu.importing.values import shown
from ghiseu.people.models import Agent, Customer, Identity
from ghiseu.tickets.models import Ticket


class Names:
    """What is known of the rows that others refer to. After a rollback call `forget`."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._ids: dict[Model, dict[Any, int]] = {}
        # Customers without any identity, by the key they have in this file; good for the whole run.
        self.nameless: dict[str, int] = {}
        # Rows of tables without natural keys, likewise.
        self.local: dict[tuple[Model, str], int] = {}
        self.customers: dict[str, int] = {}
        self.tickets: dict[str, int] = {}

    def forget(self) -> None:
        self._ids.clear()
        self.customers.clear()
        self.tickets.clear()

    def of(self, model: Model) -> dict[Any, int]:
        """Every row of a small table, by what it is called."""
        if model not in self._ids:
            self._ids[model] = {key: row for row, key in self._read(table_of(model))}
        return self._ids[model]

    def learn(self, model: Model, key: Any, row: int) -> None:
        """A row was made that others may refer to."""
        if model in self._ids:
            self._ids[model][key] = row

    def by_id(self, model: Model) -> dict[int, Any]:
        """The other way round."""
        return {row: key for key, row in self.of(model).items()}

    def _read(self, table: Table) -> Iterable[tuple[int, Any]]:
        columns = [table.columns[key] for key in table.natural]
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        self._cursor.execute(
            sql.SQL("SELECT {}, {} FROM {}").format(sql.Identifier(table.pk), names, sql.Identifier(table.name))
        )
        rows = self._cursor.fetchall()
        others = [self.by_id(column.target) if column.target else None for column in columns]
        for row, *values in rows:
            key = tuple(
                value if other is None else other.get(value) for value, other in zip(values, others, strict=True)
            )
            yield row, key[0] if len(key) == 1 else key

    def look_up_customers(self, keys: Iterable[str]) -> None:
        """Find the customers of a batch: of them, `customers` holds those that are here."""
        self.customers = {key: self.nameless[key] for key in keys if key in self.nameless}
        logins = [key.removeprefix(LOGIN) for key in keys if key.startswith(LOGIN)]
        addresses = [key for key in keys if not key.startswith((LOGIN, NAMELESS))]
        for kind, prefix, values in ((Identity.Kind.EMAIL, "", addresses), (Identity.Kind.LOGIN, LOGIN, logins)):
            if values:
                self._cursor.execute(
                    "SELECT value, customer_id FROM people_identity WHERE kind = %s AND value = ANY(%s)",
                    [kind.value, values],
                )
                self.customers |= {prefix + value: row for value, row in self._cursor.fetchall()}

    def look_up_tickets(self, numbers: Iterable[str]) -> None:
        """Find the tickets that a batch refers to: of them, `tickets` holds those that are here."""
        wanted = list(numbers)
        self.tickets = {}
        if wanted:
            self._cursor.execute("SELECT number, id FROM tickets_ticket WHERE number = ANY(%s)", [wanted])
            self.tickets = dict(self._cursor.fetchall())

    def id_of(self, model: Model, key: Any) -> int:
        """Raises Refused where nothing is called that."""
        if model is Customer:
            found = self.customers.get(key)
        elif model is Ticket:
            found = self.tickets.get(key)
        elif model is Agent:
            found = self.of(Agent).get(key.lower() if isinstance(key, str) else key)
        elif table_of(model).natural:
            found = self.of(model).get(key)
        else:
            found = self.local.get((model, key))
        if found is None:
            raise Refused(f"{shown(key)} is no {table_of(model).kind.replace('_', ' ')} that is here")
        return found
