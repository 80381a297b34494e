"""What becomes of a mail: the story of its filing, told from the top.

A mail lies raw in `InboundMail`. Here those that wait are claimed, read, find their places, and are filed, many in one
transaction that either leaves an article for each and the mails marked as filed, or nothing. So the step can be
repeated after any crash. Mails that cannot be filed together are filed one by one, by the same steps; one that cannot
be filed alone is tried again, then put into quarantine where people see it, and never stops the others (promise M4).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from ghiseu.mail.inbound.batches import batches
from ghiseu.mail.inbound.bounced import answer_that_bounced, file_notice
from ghiseu.mail.inbound.by_agent import AgentsWord, agents_word
from ghiseu.mail.inbound.claim import claim, put_aside
from ghiseu.mail.inbound.filing import answer_of_agent, join, open_new
from ghiseu.mail.inbound.filters import Decision, Rule, active_rules, decide
from ghiseu.mail.inbound.followup import Belonging, Named, belonging_of, quoted_ids
from ghiseu.mail.inbound.incoming import Incoming, Surroundings, message_of
from ghiseu.mail.models import IMPORT, InboundMail
from ghiseu.tickets.models import Article, Ticket
from ghiseu.tickets.numbers import COUNTER
from ghiseu.tickets.writing import sequence_of, together, update

log = structlog.get_logger(__name__)

# Filed together: so many that the database is asked little, so few that an agent who wants one of their tickets does
# not notice the wait.
MOST_TOGETHER = 50
State = InboundMail.State


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall become of a mail, decided before anything is written; at most one of the first four is set."""

    notice_for: Article | None = None
    kept_out: State | None = None
    word: AgentsWord | None = None
    belonging: Belonging | None = None
    decision: Decision = field(default_factory=Decision)
    trace: tuple[str, ...] = ()

    @property
    def by_customer(self) -> bool:
        """Whether its sender becomes a customer of the desk, who may be answered."""
        return self.belonging is not None and not self.belonging.by_third_party

    @property
    def opens_ticket(self) -> bool:
        return self.belonging is not None and self.belonging.joins is None


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a mail, and every decision on the way, in words."""

    state: State
    article: Article | None
    trace: list[str]


def file_waiting(limit: int = MOST_TOGETHER) -> int:
    """File what is stored and due, at most `limit` mails; returns how many were handled. Safe beside other workers."""
    claimed = claim(limit)
    for batch in batches(claimed):
        _file_or_put_aside(batch)
    return len(claimed)


def _file_or_put_aside(mails: list[Incoming]) -> None:
    try:
        file_together(mails)
    except Exception as error:
        if len(mails) > 1:
            log.warning("mails_not_filed_together", mails=[one.mail.pk for one in mails], exc_info=error)
            for one in mails:
                _file_or_put_aside([one])
        elif isinstance(error, OperationalError | InterfaceError):
            raise  # the database is in trouble, not the mail
        else:
            put_aside(mails[0].mail, error)


def file_together(mails: Sequence[Incoming]) -> list[Filed]:
    """Make each mail a ticket or an article, all or none; what another worker has filed meanwhile is left out."""
    with transaction.atomic():
        mails = _hold(mails)
        if not mails:
            return []
        named, rules = Named.by(one.parsed for one in mails), active_rules()
        plans = [_plan(one, rules, named) for one in mails]
        around = Surroundings.of(
            [one for one, plan in zip(mails, plans, strict=True) if not plan.kept_out],
            from_customers=[one for one, plan in zip(mails, plans, strict=True) if plan.by_customer],
        )
        opened = sum(plan.opens_ticket for plan in plans)
        needed = {COUNTER: opened, sequence_of(Ticket): opened, sequence_of(Article): 2 * len(mails)}
        with together(drawing=needed, holding=list(named.held.values())):
            filed = list(_carry_out_in_order(mails, plans, around, named))
    for one, result in zip(mails, filed, strict=True):
        number = result.article.ticket.number if result.article else None
        log.info("mail_filed", mail=one.mail.pk, state=result.state, ticket=number, reason=result.trace[0])
    return filed


def _hold(mails: Sequence[Incoming]) -> list[Incoming]:
    """Hold the mails' rows for this transaction, those that no other worker has filed meanwhile.

    The transaction need not wait for the disk: the mails themselves are safe, and should the power fail they are filed
    again. Whatever is built on it later - an agent's answer, a mail sent - commits durably, and this one before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    waiting = InboundMail.objects.filter(pk__in=[one.mail.pk for one in mails], state=State.RECEIVED)
    held = set(waiting.select_for_update().order_by("pk").values_list("pk", flat=True))
    return [one for one in mails if one.mail.pk in held]


def _plan(one: Incoming, rules: Sequence[Rule], named: Named) -> Plan:
    """The decision, in order: a notice about our answer, the rules, an agent's answer, a customer's, a new ticket."""
    mail, parsed, verdict = one.mail, one.parsed, one.verdict
    if answer := answer_that_bounced(parsed):
        return Plan(notice_for=answer)
    decision = decide(parsed, mail.mailbox, rules, size=mail.raw.size, verdict=verdict)
    if decision.ignore or decision.quarantine:
        kept_out = State.IGNORED if decision.ignore else State.QUARANTINED
        return Plan(kept_out=kept_out, trace=decision.trace)
    word = agents_word(parsed, quoted_ids(parsed), verdict.sign)
    if word and parsed.auto_submitted:
        reason = f"ignored: a machine answered a notification in {word.ticket.number}"
        return Plan(kept_out=State.IGNORED, trace=(reason,))
    if word and word.agent and mail.channel != IMPORT:
        return Plan(word=word, trace=(word.reason,))
    belonging = Belonging(None, word.ticket, True, word.reason) if word else belonging_of(parsed, verdict.sign, named)
    sign = f"{verdict.sign.label}: {verdict.reason}"
    return Plan(belonging=belonging, decision=decision, trace=(belonging.reason, sign, *decision.trace))


def _carry_out_in_order(
    mails: Sequence[Incoming], plans: Sequence[Plan], around: Surroundings, named: Named
) -> Iterator[Filed]:
    """Each finds what the one before it has left behind."""
    ids: set[str] = set()
    for one, planned in zip(mails, plans, strict=True):
        plan = planned
        if planned.belonging and ids.intersection(quoted_ids(one.parsed)):
            again = belonging_of(one.parsed, one.verdict.sign, named)
            plan = replace(planned, belonging=again, trace=(again.reason, *planned.trace[1:]))
        filed = _carry_out(one, plan, around)
        _end(one.mail, filed)
        if filed.article:
            named.learn(filed.article)
            ids.add(filed.article.message_id)
        yield filed


def _carry_out(one: Incoming, plan: Plan, around: Surroundings) -> Filed:
    then: list[str] = []
    article = None
    if plan.notice_for:
        article, why = file_notice(plan.notice_for, one.parsed, message_of(one, around))
        then = [why]
    elif plan.word and plan.word.agent:
        article = answer_of_agent(one, plan.word.ticket, plan.word.agent, around)
    elif plan.belonging and plan.belonging.joins:
        article, then = join(one, plan.belonging.joins, plan.belonging, around)
    elif plan.belonging:
        article, then = open_new(one, plan.belonging, plan.decision, around)
    return Filed(plan.kept_out or State.FILED, article, [*plan.trace, *then])


def _end(mail: InboundMail, filed: Filed) -> None:
    ended = copy.copy(mail)
    ended.state, ended.article, ended.filed_at = filed.state, filed.article, timezone.now()
    ended.error = filed.trace[-1] if filed.state == State.QUARANTINED else ""
    ended.trace = [*mail.trace, *filed.trace]
    update(ended, ["state", "article", "filed_at", "error", "trace"])
