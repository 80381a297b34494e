"""Which tables there are and how their rows are named outside, read from the models: a new column needs nothing here.

A row refers to another by what people call it (a queue by its name, an agent by the login) and never by its id, which
means nothing elsewhere. What hangs on one ticket or one article stands inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import models

from ghiseu.importing.errors import Refused
from ghiseu.importing.values import Check, Say, codec_of
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.models import Article, Blob, Ticket

Model = type[models.Model]

# What an export leaves out, and why. A table that others are made from belongs here, with its reason.
LEFT_OUT: dict[str, str] = {
    "tickets.ImportedTicket": "says what was imported into this desk, which means nothing in another",
    "tickets.Upkeep": "when this desk last did its nightly duties",
    "tickets.SearchEntry": "made anew out of the tickets, in every desk by itself",
    "tickets.SearchDue": "what of that is still to be made",
    "tickets.FileText": "read out of the files, in every desk by itself",
    "tickets.FileToRead": "what of that is still to be read",
    "tickets.SearchWord": "counted out of the tickets, in every desk by itself",
}
# Sealed with a key that stays in the data folder, or worth as much as a password.
SECRETS = frozenset(
    {
        "people.Agent.password",
        "mail.Mailbox.password",
        "mail.OAuthAccess.client_secret",
        "mail.OAuthAccess.refresh_token",
        "mail.OAuthAccess.access_token",
    }
)
# What Django takes for a password that nobody can sign in with.
NO_PASSWORD = "!"  # noqa: S105
# Numbers inside JSON that are ids of other rows; outside they are names.
IDS_IN_JSON: dict[str, dict[str, str]] = {"mail.Filter.actions": {"queue": "tickets.Queue", "state": "tickets.State"}}
# Kept by the desk itself: another import of the same says nothing new.
KEPT_BY_US = frozenset({"tickets.Ticket.state_type", "tickets.Ticket.article_count", "tickets.Attachment.size"})
# Other words than the columns have, as the public format has them.
_WORDS = {
    "tickets.Article.text": "body",
    "tickets.Attachment.blob": "content",
    "tickets.Attachment.is_inline": "inline",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One value of a row: `key` outside, `name` in the table, `label` for us.

    `target` is the table it refers to, if any. `is_many`: a list of references in a table `through`, with its columns
    for the row and for the other one. `is_secret`: left out unless somebody asks for it.
    """

    label: str
    key: str
    name: str
    check: Check
    say: Say
    target: Model | None = None
    default: Any = None
    is_null: bool = False
    is_required: bool = False
    is_now: bool = False
    is_many: bool = False
    is_secret: bool = False
    is_json: bool = False
    through: tuple[str, str, str] = ("", "", "")
    ids_in_json: tuple[tuple[str, Model], ...] = ()

    def read(self, value: Any) -> Any:
        """The checked value; references stay what they are outside. Raises Refused, with the key."""
        if value is None and not self.is_required and not self.is_now:
            return None if self.is_null else self.default
        try:
            return self.check(value)
        except Refused as error:
            raise error.within(self.key) from None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as documents know it. `natural` are the keys that name a row, empty where nothing does."""

    model: Model
    kind: str
    name: str
    columns: dict[str, Column]
    natural: tuple[str, ...]
    required: tuple[str, ...]

    @property
    def pk(self) -> str:
        return str(self.model._meta.pk.column)  # noqa: SLF001  # Django's documented way to ask a model

    def column(self, key: str) -> Column:
        """The column of this key. Raises Refused where there is none."""
        column = self.columns.get(key)
        if column is None:
            article = "an" if self.kind[0] in "aeiou" else "a"
            raise Refused(f"{key} is no key of {article} {self.kind.replace('_', ' ')}")
        return column


@cache
def table_of(model: Model) -> Table:
    described = model._meta  # noqa: SLF001
    label = described.label
    columns = {}
    for field in (*described.concrete_fields, *described.many_to_many):
        name = f"{label}.{field.name}"
        if field.primary_key or field.generated or name in KEPT_BY_US:
            continue
        column = _column(field, _WORDS.get(name, field.name), IDS_IN_JSON.get(name, {}))
        columns[column.key] = column
    required = tuple(column.key for column in columns.values() if column.is_required)
    return Table(model, kind_of(model), described.db_table, columns, _natural_key(model), required)


def kind_of(model: Model) -> str:
    """`queue_text` of QueueText."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower()


def plural_of(model: Model) -> str:
    """The key under which a ticket or an article holds the rows that hang on it."""
    kind = kind_of(model)
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def _column(field: Any, key: str, ids_in_json: dict[str, str]) -> Column:
    target = field.related_model
    label = f"{field.model._meta.label}.{field.name}"  # noqa: SLF001
    if field.many_to_many:
        through = (field.m2m_db_table(), field.m2m_column_name(), field.m2m_reverse_name())
        return Column(label, key, field.name, _references, _as_is, target=target, is_many=True, through=through)
    check, say = (_reference, _as_is) if target else codec_of(field)
    is_secret = label in SECRETS
    is_now = bool(getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False))
    is_required = not (field.null or field.has_default() or field.blank or is_now or is_secret)
    default = None if is_required or is_now else field.get_default()
    if is_secret:
        default = NO_PASSWORD if field.model is Agent else ""
    return Column(
        label,
        key,
        field.column,
        check,
        say,
        target=target,
        default=check(default) if default is not None and not target else default,
        is_null=field.null,
        is_required=is_required,
        is_now=is_now,
        is_secret=is_secret,
        is_json=isinstance(field, models.JSONField),
        ids_in_json=tuple((inner, apps.get_model(label)) for inner, label in ids_in_json.items()),
    )


def _reference(value: Any) -> Any:
    """How another row may be named: a text, a position, several of them, or the content of a blob."""
    if isinstance(value, list):
        return tuple(_reference(one) for one in value)
    if not isinstance(value, str | int | dict) or isinstance(value, bool):
        raise Refused("it names nothing")
    return value


def _references(value: Any) -> Any:
    if not isinstance(value, list):
        raise Refused("it is not a list")
    return tuple(_reference(one) for one in value)


def _as_is(value: Any) -> Any:
    return value


def _natural_key(model: Model) -> tuple[str, ...]:
    described = model._meta  # noqa: SLF001
    for field in described.concrete_fields:
        if field.unique and not field.primary_key:
            return (field.name,)
    for constraint in described.total_unique_constraints:
        return tuple(constraint.fields)
    return ()


def tables() -> list[Model]:
    """Every table that an export holds."""
    ours = [model for config in apps.get_app_configs() if config.name.startswith("ghiseu.") for model in _of(config)]
    return [model for model in ours if model._meta.label not in LEFT_OUT]  # noqa: SLF001


def _of(config: Any) -> Iterable[Model]:
    return (model for model in config.get_models() if model._meta.managed and not model._meta.proxy)  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of a table stand: inside the row of `owner` that their column `by` names."""

    model: Model
    owner: Model
    by: Column


@cache
def places() -> dict[Model, Place]:
    """The tables whose rows stand inside a customer, a ticket or an article.

    Rows that could do without an owner (mail that was never filed) stand there only when they have one. What ties two
    tickets together has lines of its own, behind both.
    """
    found = {}
    for model in tables():
        if model in (Article, Ticket, Customer):
            continue
        columns = table_of(model).columns.values()
        for owner in (Ticket, Article, Customer):
            owned = [column for column in columns if column.target is owner]
            if len(owned) == 1 and not (owner is Customer and owned[0].is_null):
                found[model] = Place(model, owner, owned[0])
            if owned:
                break
    return found


@cache
def inside(owner: Model) -> dict[str, Place]:
    """The tables whose rows stand inside a row of `owner`, by the key they stand under."""
    return {plural_of(place.model): place for place in places().values() if place.owner is owner}


@cache
def in_order() -> tuple[Model, ...]:
    """The tables whose rows have lines of their own, each behind those it refers to.

    A table that stands inside others has lines of its own for the rows that have no owner, behind all tickets.
    """
    order: TopologicalSorter[Model] = TopologicalSorter()
    for model in tables():
        targets = {column.target for column in table_of(model).columns.values() if column.target}
        needed = {Ticket if target is Article else target for target in targets}
        place = places().get(model)
        lines = [model] if model is not Article and (place is None or place.by.is_null) else []
        if model is Article or place:
            lines.append(Customer if place and place.owner is Customer else Ticket)
        for line in lines:
            # What refers to its own kind is tied together when all are there.
            order.add(line, *(needed - {line}))
    return tuple(order.static_order())


def is_blob(column: Column) -> bool:
    return column.target is Blob
