"""Kinds of columns and what is asked of them: the pieces that the fields of tickets are put together from.

Every condition is true or false of a row and never unknown, so that NOT in front of it means the opposite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models import Exists as InDatabase
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

from ghiseu.people.models import Customer, Identity
from ghiseu.tickets.models import Article, Attachment, Event, SenderType
from ghiseu.tickets.query.memory import bound
from ghiseu.tickets.query.patterns import PeopleFit, everything, handle_fits, nothing, text_fits
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import AddressIs, Between, Exists, Predicate

Predicates = tuple[Predicate, ...]
Where = Callable[[Predicates, Scope], Q]


def any_of(conditions: Iterable[Q]) -> Q:
    """At least one; of none, nothing."""
    together = nothing()
    for condition in conditions:
        together |= condition
    return together


def asks_existence(predicates: Predicates) -> bool:
    return any(isinstance(predicate, Exists) for predicate in predicates)


def ranked(column: str) -> Where:
    """An ordered choice, kept as its place in the order."""

    def where(predicates: Predicates, scope: Scope) -> Q:
        return any_of(_limits(column, p, scope.context) for p in predicates if isinstance(p, Between))

    return where


def moment(column: str) -> Where:
    def where(predicates: Predicates, scope: Scope) -> Q:
        there = Q(**{f"{column}__isnull": False})
        if asks_existence(predicates):
            return there
        return there & any_of(_limits(column, p, scope.context) for p in predicates if isinstance(p, Between))

    return where


def since(column: str) -> Where:
    """How long ago: `age > 2d` asks for what was made before two days ago."""

    def where(predicates: Predicates, scope: Scope) -> Q:
        there = Q(**{f"{column}__isnull": False})
        if asks_existence(predicates):
            return there
        return there & any_of(_ago(column, p, scope.context) for p in predicates if isinstance(p, Between))

    return where


def _limits(column: str, span: Between, context: Context) -> Q:
    condition = everything()
    if span.low is not None:
        name = "gte" if span.low.is_inclusive else "gt"
        condition &= Q(**{f"{column}__{name}": bound(span.low, context)})
    if span.high is not None:
        name = "lte" if span.high.is_inclusive else "lt"
        condition &= Q(**{f"{column}__{name}": bound(span.high, context)})
    return condition


def _ago(column: str, span: Between, context: Context) -> Q:
    condition = everything()
    if span.low is not None and isinstance(span.low.value, dt.timedelta):
        name = "lte" if span.low.is_inclusive else "lt"
        condition &= Q(**{f"{column}__{name}": context.now - span.low.value})
    if span.high is not None and isinstance(span.high.value, dt.timedelta):
        name = "gte" if span.high.is_inclusive else "gt"
        condition &= Q(**{f"{column}__{name}": context.now - span.high.value})
    return condition


def counted(rows: Callable[[], QuerySet[Any]]) -> Where:
    """How many rows hang on the ticket; `rows` gives those of the ticket OuterRef("pk")."""

    def where(predicates: Predicates, scope: Scope) -> Q:
        found = rows().order_by().values("ticket").annotate(found=Count("pk")).values("found")
        number = Coalesce(Subquery(found, output_field=IntegerField()), 0)
        return any_of(_number_limits(number, p, scope.context) for p in predicates if isinstance(p, Between))

    return where


def _number_limits(number: Coalesce, span: Between, context: Context) -> Q:
    condition = everything()
    if span.low is not None:
        lookup = GreaterThanOrEqual if span.low.is_inclusive else GreaterThan
        condition &= Q(lookup(number, Value(bound(span.low, context))))
    if span.high is not None:
        below = LessThanOrEqual if span.high.is_inclusive else LessThan
        condition &= Q(below(number, Value(bound(span.high, context))))
    return condition


# Answers that reached the customer: no notes, no questions to third parties, nothing that was taken back.
ANSWERS = Q(sender_type=SenderType.AGENT, is_visible_to_customer=True, taken_back_at__isnull=True)


def own_articles() -> QuerySet[Article]:
    return Article.objects.filter(ticket=OuterRef("pk"))


def own_files() -> QuerySet[Attachment]:
    return Attachment.objects.filter(article__ticket=OuterRef("pk"))


def own_events() -> QuerySet[Event]:
    return Event.objects.filter(ticket=OuterRef("pk"))


def there_is(rows: QuerySet[Any]) -> Q:
    return Q(InDatabase(rows))


def article_text(*columns: str) -> Where:
    def where(predicates: Predicates, _scope: Scope) -> Q:
        return there_is(own_articles().filter(any_of(text_fits(column, predicates) for column in columns)))

    return where


def article_people(column: str) -> Where:
    """A list of people kept as JSON."""

    def where(predicates: Predicates, _scope: Scope) -> Q:
        return there_is(own_articles().filter(PeopleFit(column, predicates)))

    return where


def article_sender(predicates: Predicates, _scope: Scope) -> Q:
    fits = text_fits("from_name", predicates) | handle_fits("from_address", predicates)
    return there_is(own_articles().filter(fits))


def customer(predicates: Predicates, _scope: Scope) -> Q:
    """Whole addresses are looked up by the index of identities; everything else reads the customers.

    Each ticket's own, where few tickets are left to look at, or all of them once: for EXISTS PostgreSQL chooses.
    """
    addresses = [predicate.address for predicate in predicates if isinstance(predicate, AddressIs)]
    others = tuple(predicate for predicate in predicates if not isinstance(predicate, AddressIs))
    condition = nothing()
    if addresses:
        owners = Identity.objects.filter(value__in=addresses).values("customer_id")
        condition |= Q(customer_id__in=owners)
    if others:
        handles = Identity.objects.filter(handle_fits("value", others), customer=OuterRef("customer_id"))
        names = Customer.objects.filter(text_fits("name", others), pk=OuterRef("customer_id"))
        condition |= there_is(handles) | there_is(names)
    return condition


def agent(column: str) -> Where:
    def where(predicates: Predicates, scope: Scope) -> Q:
        there = Q(**{f"{column}__isnull": False})
        if asks_existence(predicates):
            return there
        return there & Q(**{f"{column}__in": scope.agent_ids(predicates)})

    return where
