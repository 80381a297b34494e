"""Rules of retention: which closed tickets are erased, when, and what one rule would hit today.

A rule is a question in the query language about what a ticket is, and never about who wrote it or what it says. So the
rule can stand in the audit without naming anybody, and costs no reading of texts.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.erase import Erased, Forget, erase_ticket, not_yet
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import LegalHold, Queue, RetentionRule, RetentionRun, Ticket
from ghiseu.tickets.permissions import require_administrator
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.scope import Scope
from ghiseu.tickets.query.sql import condition
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.querysets import TicketQuerySet

log = structlog.get_logger(__name__)

# What a rule may ask: nothing that names a person or looks into a text.
ASKED_FIELDS = frozenset({
    *("number", "queue", "state", "state.type", "priority", "owner", "type", "service", "tag", "language", "in", "is"),
    *("articles", "replies", "messages", "notes", "channel", "sign", "has"),
    *("created", "changed", "closed", "answered", "age", "idle"),
})  # fmt: skip
SAMPLE = 20
# How long a look at what a rule would hit is good for switching it on.
LOOK_HOLDS = dt.timedelta(days=1)


def read_rule(text: str) -> Query:
    """The question of a rule; raises QueryError where it cannot be understood or asks what a rule may not ask."""
    query = parse(text, TICKETS)
    for test in query.tests():
        if test.field.name not in ASKED_FIELDS:
            raise QueryError(
                _("A rule asks what a ticket is, as its queue, a tag or a time, not who wrote it or what it says."),
                text,
                0,
                len(text),
                instead=("queue:Support", "type:incident", "tag:trial"),
            )
    return query


def closed_before(after_months: int, *, now: dt.datetime) -> dt.datetime:
    """The midnight before which a ticket must have been closed, by the desk's clock, to be `after_months` old today.

    From one day to the same day of a later month; where that month is shorter, to its last day.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    year, month = divmod(today.year * 12 + today.month - 1 - after_months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_end = today.day == calendar.monthrange(today.year, today.month)[1]
    day = dt.date(year, month + 1, last if is_end else min(today.day, last))
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=zone)


class _DeskScope(Scope):
    """A rule asks for the desk and not for an agent: it knows every queue."""

    def __init__(self, now: dt.datetime) -> None:
        super().__init__(Agent(), Context(now=now, zone=ZoneInfo(settings.TIME_ZONE)))

    @cached_property
    def _queues(self) -> list[tuple[int, str]]:
        return list(Queue.objects.values_list("pk", "name"))


def meant_by(rule: RetentionRule | RetentionRun, *, before: dt.datetime, now: dt.datetime) -> TicketQuerySet:
    """The closed tickets that a rule means, held ones among them; in no order."""
    closed = Ticket.objects.closed().filter(not_yet(RetentionRule.Act(rule.act)), closed_at__lt=before)
    return closed.filter(condition(read_rule(rule.query), _DeskScope(now)))


def _is_held() -> Exists:
    return Exists(LegalHold.objects.in_force().filter(Q(ticket=OuterRef("pk")) | Q(customer=OuterRef("customer_id"))))


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would hit today: how many tickets, how many of those it means a hold protects, and some of them."""

    count: int
    held_count: int
    before: dt.datetime
    sample: list[Ticket]


def try_out(rule: RetentionRule, *, by: Agent) -> Trial:
    """Look at what the rule would hit, oldest first, and change nothing but that somebody has looked.

    Raises NotAdministrator, QueryError.
    """
    require_administrator(by)
    now = timezone.now()
    before = closed_before(rule.after_months, now=now)
    meant = meant_by(rule, before=before, now=now)
    free = meant.filter(~_is_held())
    sample = list(free.select_related("queue", "customer").order_by("closed_at", "pk")[:SAMPLE])
    trial = Trial(free.count(), meant.filter(_is_held()).count(), before, sample)
    if rule.pk:
        rule.tried_at, rule.tried_by = now, by
        rule.save(update_fields=["tried_at", "tried_by"])
        log.info("retention_rule_tried", rule=rule.name, tickets=trial.count, by=by.login)
    return trial


def save_rule(rule: RetentionRule, *, by: Agent) -> RetentionRule:
    """Keep a new or changed rule. One that asks or does something else than before is switched off until it is tried.

    Raises NotAdministrator, QueryError, ValidationError for a name that another rule has.
    """
    require_administrator(by)
    read_rule(rule.query)
    was = RetentionRule.objects.filter(pk=rule.pk).first()
    if was is None or (was.query, was.after_months, was.act) != (rule.query, rule.after_months, rule.act):
        rule.is_active, rule.tried_at, rule.tried_by = False, None, None
    rule.full_clean(exclude=["tried_at", "tried_by"])
    rule.save()
    log.info("retention_rule_saved", rule=rule.name, act=rule.act, after_months=rule.after_months, by=by.login)
    return rule


def switch_rule(rule: RetentionRule, *, on: bool, by: Agent) -> None:
    """Let the rule work from the next night on, or no more. Raises NotAdministrator, InvalidInput if nobody looked."""
    require_administrator(by)
    if on and (rule.tried_at is None or rule.tried_at < timezone.now() - LOOK_HOLDS):
        raise InvalidInput(
            _("Look first what “%(rule)s” would hit today: what it erases does not come back.") % {"rule": rule.name}
        )
    rule.is_active = on
    rule.save(update_fields=["is_active"])
    log.info("retention_rule_switched", rule=rule.name, on=on, by=by.login)


def delete_rule(rule: RetentionRule, *, by: Agent) -> None:
    """Remove the rule; what it did stays in the audit. Raises NotAdministrator."""
    require_administrator(by)
    log.info("retention_rule_deleted", rule=rule.name, by=by.login)
    rule.delete()


def retain_some(*, night: dt.datetime, limit: int, forget: Forget) -> int:
    """The desk's own step: erase at most `limit` tickets by the rule whose turn it is; 0 when the night's work is done.

    Each ticket is a transaction of its own, which also counts it in the audit: killed anywhere, the audit says exactly
    what was erased, and the next step goes on behind it.
    """
    run = _run_under_way(night)
    if run is None:
        return 0
    rule = run.rule
    still_wanted = rule and rule.is_active and (rule.query, rule.act) == (run.query, run.act)
    hits = list(_next_of(run)[:limit]) if still_wanted else []
    for hit in hits:
        _erase_and_count(run, hit.pk, forget)
    if not hits:
        run.finished_at = timezone.now()
        run.save(update_fields=["finished_at"])
        log.info("retention_run_finished", rule=run.rule_name, act=run.act, tickets=run.ticket_count)
    return len(hits) or 1


def _run_under_way(night: dt.datetime) -> RetentionRun | None:
    """A run that was cut off, or the one of the next rule that has had no turn since this night began."""
    unfinished = RetentionRun.objects.filter(finished_at__isnull=True).select_related("rule").order_by("pk").first()
    if unfinished:
        return unfinished
    had_its_turn = RetentionRun.objects.filter(rule=OuterRef("pk"), begun_at__gte=night)
    rule = RetentionRule.objects.filter(~Exists(had_its_turn), is_active=True).order_by("name").first()
    return _begin(rule) if rule else None


def _begin(rule: RetentionRule) -> RetentionRun:
    now = timezone.now()
    before = closed_before(rule.after_months, now=now)
    return RetentionRun.objects.create(
        rule=rule,
        rule_name=rule.name,
        query=rule.query,
        after_months=rule.after_months,
        act=rule.act,
        closed_before=before,
        begun_at=now,
        held_count=meant_by(rule, before=before, now=now).filter(_is_held()).count(),
    )


def _next_of(run: RetentionRun) -> TicketQuerySet:
    meant = meant_by(run, before=run.closed_before, now=run.begun_at)
    return meant.filter(~_is_held(), pk__gt=run.position).order_by("pk").only("pk")


def _erase_and_count(run: RetentionRun, ticket_id: int, forget: Forget) -> None:
    with transaction.atomic():
        erased = erase_ticket(ticket_id, act=RetentionRule.Act(run.act), rule=run.rule_name, forget=forget)
        counts = _counts(erased) if erased else {}
        RetentionRun.objects.filter(pk=run.pk).update(position=ticket_id, **counts)


def _counts(erased: Erased) -> dict[str, object]:
    return {
        "ticket_count": F("ticket_count") + 1,
        "article_count": F("article_count") + erased.articles,
        "file_count": F("file_count") + erased.files,
        "mail_count": F("mail_count") + erased.mails,
    }
