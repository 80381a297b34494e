"""Customers with all their identities, many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import IncomingRecord, Row
from ghiseu.importing.names import Names
from ghiseu.importing.people_keys import NAMELESS
from ghiseu.importing.report import Report
from ghiseu.importing.rows import Rows, new_ids
from ghiseu.importing.schema import Model, inside, plural_of
from ghiseu.people.models import Company, Customer, Identity

IDENTITIES = plural_of(Identity)
_COMPARED = ("name", "language", "notes")


class CustomerRows:
    """Writes customers. Who is known by one of their identities is left exactly as they are."""

    def __init__(self, cursor: Any, names: Names, now: dt.datetime) -> None:
        self._cursor = cursor
        self._names = names
        self._now = now
        # Nameless ones that an earlier line stood for.
        self._taken: set[int] = set()

    def write(self, batch: list[IncomingRecord], report: Report) -> None:
        owners = self._owners([identity for one in batch for identity in _identities(one)])
        new: list[tuple[IncomingRecord, Row]] = []
        for one in batch:
            row = dict(one.row)
            try:
                self._resolve(row)
            except Refused as error:
                report.refuse(one.where, str(error))
                continue
            here = {owners[identity] for identity in _identities(one) if identity in owners}
            if not _identities(one) and (known := self._nameless(row)):
                here = {known}
                self._taken.add(known)
            if not here:
                new.append((one, row))
            elif len(here) == 1 and self._is_same(here, one, row, owners):
                report.known += 1
                self._call(one, here.pop())
            else:
                names = ", ".join(value for _kind, value in _identities(one)) or one.key
                report.conflict(one.where, f"customer {names} is here otherwise; nothing was changed")
        self._copy(new)
        report.records += len(new)

    def _owners(self, identities: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        pairs = list(identities)
        self._cursor.execute(
            "SELECT kind, value, i.customer_id FROM people_identity i "
            "JOIN unnest(%s::text[], %s::text[]) AS given (kind, value) USING (kind, value)",
            [[kind for kind, _value in pairs], [value for _kind, value in pairs]],
        )
        return {(kind, value): owner for kind, value, owner in self._cursor.fetchall()}

    def _resolve(self, row: Row) -> None:
        if row.get("company") is not None:
            row["company"] = self._names.id_of(Company, row["company"])

    def _nameless(self, row: Row) -> int | None:
        """A customer without identities that an earlier run of this import made."""
        self._cursor.execute(
            "SELECT c.id FROM people_customer c WHERE c.created_at = %s AND c.name = %s AND c.id <> ALL(%s) "
            "AND NOT EXISTS (SELECT FROM people_identity i WHERE i.customer_id = c.id) ORDER BY c.id LIMIT 1",
            [row.get("created_at", self._now), row.get("name", ""), list(self._taken)],
        )
        found = self._cursor.fetchone()
        return found[0] if found else None

    def _is_same(self, here: set[int], one: IncomingRecord, row: Row, owners: dict[tuple[str, str], int]) -> bool:
        [known] = here
        self._cursor.execute("SELECT name, language, notes, company_id FROM people_customer WHERE id = %s", [known])
        values = dict(zip((*_COMPARED, "company"), self._cursor.fetchone(), strict=True))
        are_same = all(values[key] == row[key] for key in values if key in row)
        return are_same and all(identity in owners for identity in _identities(one))

    def _copy(self, new: list[tuple[IncomingRecord, Row]]) -> None:
        customers = Rows(Customer, self._now, with_id=True)
        models = {key: place.model for key, place in inside(Customer).items()}
        rows: dict[Model, Rows] = {model: Rows(model, self._now) for model in models.values()}
        for row_id, (one, row) in zip(new_ids(self._cursor, Customer, len(new)), new, strict=True):
            customers.add(row | {"id": row_id})
            for key, children in one.inside.items():
                for child in children:
                    rows[models[key]].add(child.row | {inside(Customer)[key].by.key: row_id})
            if not _identities(one):
                self._taken.add(row_id)
            self._call(one, row_id)
        for waiting in (customers, *rows.values()):
            waiting.write(self._cursor)

    def _call(self, one: IncomingRecord, row_id: int) -> None:
        if one.key:
            self._names.nameless[NAMELESS + one.key.removeprefix(NAMELESS)] = row_id


def _identities(one: IncomingRecord) -> list[tuple[str, str]]:
    return [
        (child.row.get("kind", Identity.Kind.EMAIL.value), child.row["value"])
        for child in one.inside.get(IDENTITIES, ())
    ]
