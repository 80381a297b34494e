"""Rules on incoming mail: a query over the mail, and what to do with those it means.

They are asked in their order. The first rule that decides something (the queue, the priority, ...) decides it; a rule
with its stop flag is the last one asked. Reading the rules needs the database, deciding does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ghiseu.mail.inbound.mail_fields import MAILS, MailSubject
from ghiseu.mail.inbound.parse import ParsedMail
from ghiseu.mail.inbound.verdict import Verdict
from ghiseu.mail.models import Filter, Mailbox
from ghiseu.tickets.classification import MOST_TAGS, FieldValue, clean_tags, in_words, typed_value
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import CustomField, Priority, Queue, Service, State, StateType, TicketType
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.memory import Evaluation
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.times import Context
from ghiseu.tickets.query.tree import Query

# A new ticket can begin in these; a pending state would need a time, and merged ones a target.
STATE_TYPES = (StateType.NEW, StateType.OPEN, StateType.CLOSED)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say of one mail. Nothing decided is None or False; `trace` is a readable line for each step.

    All but the last two are those of a ticket that the mail opens; they change nothing where it joins one. Tags of
    several rules come together.
    """

    queue: Queue | None = None
    priority: Priority | None = None
    state: State | None = None
    type: TicketType | None = None
    service: Service | None = None
    tags: tuple[str, ...] = ()
    fields: tuple[tuple[CustomField, FieldValue], ...] = ()
    ignore: bool = False
    quarantine: bool = False
    trace: tuple[str, ...] = ()


class Names:
    """What actions may name, by their ids; each table is read when it is first asked for."""

    @cached_property
    def queues(self) -> Mapping[int, Queue]:
        return {queue.pk: queue for queue in Queue.objects.active()}

    @cached_property
    def states(self) -> Mapping[int, State]:
        return {state.pk: state for state in State.objects.filter(is_active=True, type__in=STATE_TYPES)}

    @cached_property
    def types(self) -> Mapping[int, TicketType]:
        return {kind.pk: kind for kind in TicketType.objects.filter(is_active=True)}

    @cached_property
    def services(self) -> Mapping[int, Service]:
        return {service.pk: service for service in Service.objects.filter(is_active=True)}

    @cached_property
    def fields(self) -> Mapping[str, CustomField]:
        return {field.name: field for field in CustomField.objects.filter(is_active=True)}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a rule decides: an attribute of the decision, its value, and the words for the trace."""

    decides: str
    value: Any
    words: str


def _queue(value: Any, names: Names) -> Action:
    queue = names.queues.get(value) if isinstance(value, int) else None
    if queue is None:
        raise InvalidInput(_("The queue of this rule is not there or not active. Choose another one."))
    return Action("queue", queue, f"queue {queue.name}")


def _priority(value: Any, _names: Names) -> Action:
    known = {priority.name.lower(): priority for priority in Priority}
    if not isinstance(value, str) or value not in known:
        raise InvalidInput(
            _("“%(value)s” is no priority. It can be: %(known)s.") % {"value": value, "known": ", ".join(known)}
        )
    return Action("priority", known[value], f"priority {value}")


def _state(value: Any, names: Names) -> Action:
    state = names.states.get(value) if isinstance(value, int) else None
    if state is None:
        raise InvalidInput(_("The state of this rule is not there, or no new ticket can have it. Choose another one."))
    return Action("state", state, f"state {state.name}")


def _type(value: Any, names: Names) -> Action:
    kind = names.types.get(value) if isinstance(value, int) else None
    if kind is None:
        raise InvalidInput(_("The type of this rule is not there or switched off. Choose another one."))
    return Action("type", kind, f"type {kind.name}")


def _service(value: Any, names: Names) -> Action:
    service = names.services.get(value) if isinstance(value, int) else None
    if service is None:
        raise InvalidInput(_("The service of this rule is not there or switched off. Choose another one."))
    return Action("service", service, f"service {service.name}")


def _tags(value: Any, _names: Names) -> Action:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise InvalidInput(_("The tags of this rule cannot be read. Write them anew."))
    tags = tuple(clean_tags(value))
    return Action("tags", tags, f"tags {', '.join(tags)}")


def _fields(value: Any, names: Names) -> Action:
    if not isinstance(value, dict):
        raise InvalidInput(_("The fields of this rule cannot be read. Write them anew."))
    read = []
    for name, text in value.items():
        if name not in names.fields:
            raise InvalidInput(_("There is no field “%(name)s”, or it is switched off.") % {"name": name})
        field = names.fields[name]
        if (typed := typed_value(field, text)) is not None:
            read.append((field, typed))
    words = ", ".join(f"{field.name} = {in_words(typed)}" for field, typed in read)
    return Action("fields", tuple(read), f"fields {words}")


def _yes(decides: str, words: str) -> Callable[[Any, Names], Action]:
    def read(value: Any, _names: Names) -> Action:
        if value is not True:
            raise InvalidInput(_("“%(action)s” can only be switched on. Leave it out otherwise.") % {"action": decides})
        return Action(decides, True, words)

    return read


# What a rule can do, by the name it is stored under, and how its value is read. Queue, state, type and service are ids.
ACTIONS: Mapping[str, Callable[[Any, Names], Action]] = {
    "queue": _queue,
    "priority": _priority,
    "state": _state,
    "type": _type,
    "service": _service,
    "tags": _tags,
    "fields": _fields,
    "ignore": _yes("ignore", "ignored"),
    "quarantine": _yes("quarantine", "quarantined"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A filter ready to be asked. `problem` says why it cannot be; such a rule is left out and leaves a line."""

    name: str
    query: Query | None
    actions: tuple[Action, ...] = ()
    stops: bool = False
    mailbox_id: int | None = None
    problem: str = ""


def read_actions(stored: Any, names: Names) -> tuple[Action, ...]:
    """The actions of a filter, understood. Raises InvalidInput that says what is wrong with which."""
    if not isinstance(stored, dict) or not stored:
        raise InvalidInput(_("The rule does nothing. Choose at least one thing that it shall do."))
    for name in stored:
        if name not in ACTIONS:
            values = {"name": name, "known": ", ".join(ACTIONS)}
            raise InvalidInput(_("There is no action “%(name)s”. It can be: %(known)s.") % values)
    return tuple(read(stored[name], names) for name, read in ACTIONS.items() if name in stored)


def check_filter(row: Filter) -> None:
    """Raises ValidationError, by field, for a query or actions that cannot be understood."""
    wrong: dict[str, str] = {}
    try:
        parse(row.query, MAILS)
    except QueryError as error:
        wrong["query"] = str(error)
    try:
        read_actions(row.actions, Names())
    except InvalidInput as error:
        wrong["actions"] = str(error)
    if wrong:
        raise ValidationError(wrong)


def active_rules() -> tuple[Rule, ...]:
    """The active filters in their order. One query, and one for each kind of thing that they name."""
    rows = list(Filter.objects.filter(is_active=True).order_by("position", "pk"))
    names = Names()
    return tuple(_rule(row, names) for row in rows)


def _rule(row: Filter, names: Names) -> Rule:
    """What an administrator deleted since must not stop the mail: the rule says what it misses instead."""
    try:
        actions = read_actions(row.actions, names)
        return Rule(row.name, parse(row.query, MAILS), actions, stops=row.stops, mailbox_id=row.mailbox_id)
    except InvalidInput as error:
        return Rule(row.name, None, mailbox_id=row.mailbox_id, problem=str(error))


@dataclass(slots=True)
class _Deciding:
    decision: Decision = field(default_factory=Decision)
    by: dict[str, str] = field(default_factory=dict)

    def take(self, rule: Rule) -> None:
        for action in rule.actions:
            if action.decides == "tags":
                together = dict.fromkeys((*self.decision.tags, *action.value))
                self.decision = replace(self.decision, tags=tuple(together)[:MOST_TAGS])
                self.say(f"{action.words} by rule “{rule.name}”")
                continue
            if action.decides in self.by:
                self.say(f"{action.words} by rule “{rule.name}” came too late: “{self.by[action.decides]}” had decided")
                continue
            self.by[action.decides] = rule.name
            decided: dict[str, Any] = {action.decides: action.value}
            self.decision = replace(self.decision, **decided)
            self.say(f"{action.words} by rule “{rule.name}”")

    def say(self, line: str) -> None:
        self.decision = replace(self.decision, trace=(*self.decision.trace, line))


def decide(
    parsed: ParsedMail,
    mailbox: Mailbox,
    rules: Sequence[Rule],
    *,
    size: int | None = None,
    verdict: Verdict | None = None,
    context: Context | None = None,
) -> Decision:
    """Ask every rule about the mail, in order; no database, nothing changes. `size` is the raw mail's, in bytes.

    `verdict` is what is known of the sender; without it the word of the mailbox's trusted server.
    """
    asked = Evaluation(MailSubject(parsed, mailbox, size=size, verdict=verdict), context or Context())
    deciding = _Deciding()
    for rule in _for_mailbox(rules, mailbox):
        if rule.query is None:
            deciding.say(f"rule “{rule.name}” was left out: {rule.problem}")
        elif asked.matches(rule.query):
            deciding.take(rule)
            if rule.stops:
                deciding.say(f"rule “{rule.name}” ended the asking")
                break
    return deciding.decision


def _for_mailbox(rules: Iterable[Rule], mailbox: Mailbox) -> Iterable[Rule]:
    return (rule for rule in rules if rule.mailbox_id in (None, mailbox.pk))
