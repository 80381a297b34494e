"""Changing the rules on incoming mail. Each change is one transaction and holds from the next mail on.

What rules mean stands in `filters`; who may change them and what was changed, here.
"""

from __future__ import annotations

import structlog
from django.db import transaction
from django.db.models import Max

from ghiseu.mail.models import Filter
from ghiseu.people.models import Agent
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)

# Between two rules, so that the command line can put one between.
STEP = 10


def save_rule(rule: Filter, *, by: Agent) -> Filter:
    """Keep a new or changed rule; a new one is asked last.

    Raises NotAdministrator, and ValidationError by field for what cannot be understood or a name that is taken.
    """
    require_administrator(by)
    with transaction.atomic():
        is_new = rule.pk is None
        if is_new:
            list(_in_order())  # two new rules at once get two places
            last = Filter.objects.aggregate(last=Max("position"))["last"] or 0
            rule.position = last + STEP
        rule.full_clean()
        rule.save()
    log.info("rule_added" if is_new else "rule_changed", rule=rule.pk, by=by.login)
    return rule


def move_rule(rule: Filter, *, up: bool, by: Agent) -> None:
    """Let the rule change places with the one above or below it; at the end of the list nothing changes."""
    require_administrator(by)
    with transaction.atomic():
        rows = list(_in_order())
        place = next((number for number, row in enumerate(rows) if row.pk == rule.pk), None)
        if place is None:
            return
        other = place - 1 if up else place + 1
        if not 0 <= other < len(rows):
            return
        rows[place], rows[other] = rows[other], rows[place]
        for number, row in enumerate(rows, start=1):
            row.position = number * STEP
        Filter.objects.bulk_update(rows, ["position"])
    log.info("rule_moved", rule=rule.pk, up=up, by=by.login)


def switch_rule(rule: Filter, *, on: bool, by: Agent) -> None:
    """Ask the rule from now on, or no more."""
    require_administrator(by)
    if Filter.objects.filter(pk=rule.pk).exclude(is_active=on).update(is_active=on):
        log.info("rule_switched", rule=rule.pk, on=on, by=by.login)


def delete_rule(rule: Filter, *, by: Agent) -> None:
    """Forget the rule. What it decided stays decided and stands in the traces."""
    require_administrator(by)
    deleted, _kinds = Filter.objects.filter(pk=rule.pk).delete()
    if deleted:
        log.info("rule_deleted", rule=rule.pk, name=rule.name, by=by.login)


def _in_order() -> list[Filter]:
    """All rules as they are asked, held until the transaction ends."""
    return list(Filter.objects.select_for_update().order_by("position", "pk"))
