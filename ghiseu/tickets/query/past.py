"""What once was, asked of the history: every change of a ticket is an event that keeps the old value and the new."""

from __future__ import annotations

from django.db.models import Q

from ghiseu.tickets.models import Kind, Priority
from ghiseu.tickets.query.conditions import Predicates, own_events, ranked, there_is
from ghiseu.tickets.query.memory import any_fits
from ghiseu.tickets.query.patterns import text_fits
from ghiseu.tickets.query.scope import Scope


def was_owner(predicates: Predicates, scope: Scope) -> Q:
    ids = scope.agent_ids(predicates)
    changes = own_events().filter(kind=Kind.OWNER_CHANGED)
    before = changes.filter(Q(data__old_id__in=ids) | Q(data__new_id__in=ids))
    return Q(owner_id__isnull=False, owner_id__in=ids) | there_is(before)


def was_queue(predicates: Predicates, scope: Scope) -> Q:
    """By the names of the time: a queue that was renamed or is gone is found by what it was called."""
    created = Q(kind=Kind.CREATED) & text_fits("data__queue", predicates)
    moved = Q(kind=Kind.QUEUE_CHANGED) & (text_fits("data__old", predicates) | text_fits("data__new", predicates))
    return Q(queue_id__in=scope.queue_ids(predicates)) | there_is(own_events().filter(created | moved))


def was_state(predicates: Predicates, scope: Scope) -> Q:
    states = scope.states(predicates)
    names = [state.name for state in states]
    changes = own_events().filter(kind=Kind.STATE_CHANGED)
    before = changes.filter(Q(data__old__in=names) | Q(data__new__in=names))
    return Q(state_id__in=[state.pk for state in states]) | there_is(before)


def was_priority(predicates: Predicates, scope: Scope) -> Q:
    ranks = [priority.value for priority in Priority if any_fits(predicates, [priority.value], scope.context)]
    changes = own_events().filter(kind=Kind.PRIORITY_CHANGED)
    before = changes.filter(Q(data__old__in=ranks) | Q(data__new__in=ranks))
    return ranked("priority")(predicates, scope) | there_is(before)
