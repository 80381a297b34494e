"""Everything that can be asked about a ticket: one entry a field, with how memory reads it and how the database does.

Whoever adds a field adds an entry here, and nothing elsewhere. What a desk defined itself stands in `own_fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from django.db.models import OuterRef, Q
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Company, Customer, Identity, Language
from ghiseu.tickets.models import Channel, Priority, SenderSign, SenderType, StateType
from ghiseu.tickets.query.conditions import (
    ANSWERS,
    Predicates,
    Where,
    agent,
    any_of,
    article_people,
    article_sender,
    article_text,
    asks_existence,
    counted,
    customer,
    moment,
    own_articles,
    own_files,
    ranked,
    since,
    there_is,
)
from ghiseu.tickets.query.facts import Facts, agent_person
from ghiseu.tickets.query.fields import Field, Kind, Vocabulary
from ghiseu.tickets.query.flags import HAS, IN, IS, choices_of, flags_of, where_flags
from ghiseu.tickets.query.indexed import site, through_index
from ghiseu.tickets.query.memory import FieldValue, Person, any_fits
from ghiseu.tickets.query.own_fields import FAMILY, PREFIX, read_own_field, where_own_field
from ghiseu.tickets.query.past import was_owner, was_priority, was_queue, was_state
from ghiseu.tickets.query.patterns import text_fits
from ghiseu.tickets.query.scope import Scope, state_values
from ghiseu.tickets.query.tree import Same
from ghiseu.tickets.search.lexemes import hosts_in

Read = Callable[[Facts], Iterable[FieldValue]]


class Reads(IntEnum):
    """What a condition costs for each ticket that comes into question, least first."""

    ROW = 1  # columns of the ticket itself
    ROWS = 2  # rows that hang on it, found by an index, their short columns
    TEXTS = 3  # the texts of all its messages


@dataclass(frozen=True, slots=True)
class TicketField:
    """A field with its two evaluators. `narrows`: what it asks for is found by an index and is a small part of all."""

    field: Field
    read: Read
    where: Where
    reads: Reads = Reads.ROW
    narrows: bool = False


def _people(rows: Iterable[dict[str, str]]) -> list[FieldValue]:
    return [Person(row.get("name") or "", row.get("address") or "") for row in rows]


def _number(predicates: Predicates, _scope: Scope) -> Q:
    """Whole numbers by the unique index."""
    whole = [p.text for p in predicates if isinstance(p, Same) and p.text.isascii() and p.text.isdigit()]
    rest = tuple(p for p in predicates if not (isinstance(p, Same) and p.text in whole))
    return Q(number__in=whole) | text_fits("number", rest)


def _subject(predicates: Predicates, scope: Scope) -> Q:
    return text_fits("title", predicates) | article_text("subject")(predicates, scope)


def _queue(predicates: Predicates, scope: Scope) -> Q:
    return Q(queue_id__in=scope.queue_ids(predicates))


def _state(predicates: Predicates, scope: Scope) -> Q:
    return Q(state_id__in=[state.pk for state in scope.states(predicates)])


def _state_type(predicates: Predicates, _scope: Scope) -> Q:
    return Q(state_type__in=[p.text for p in predicates if isinstance(p, Same)])


def _company(predicates: Predicates, _scope: Scope) -> Q:
    there = Q(customer__company__isnull=False)
    if asks_existence(predicates):
        return there
    theirs = Company.objects.filter(text_fits("name", predicates)).values("pk")
    return Q(customer_id__in=Customer.objects.filter(company_id__in=theirs).values("pk"))


def _named(column: str, names: Callable[[Scope], list[tuple[int, str]]]) -> Where:
    """A reference to a row of a small table, chosen by its name."""

    def where(predicates: Predicates, scope: Scope) -> Q:
        there = Q(**{f"{column}__isnull": False})
        if asks_existence(predicates):
            return there
        fitting = [pk for pk, name in names(scope) if any_fits(predicates, [name], scope.context)]
        return there & Q(**{f"{column}__in": fitting})

    return where


def _tag(predicates: Predicates, scope: Scope) -> Q:
    """The known tags that fit, by the index."""
    return ~Q(tags=[]) if asks_existence(predicates) else Q(tags__overlap=scope.tags(predicates))


def _language(predicates: Predicates, _scope: Scope) -> Q:
    return Q(language__in=[p.text for p in predicates if isinstance(p, Same)])


def _file_names(predicates: Predicates, _scope: Scope) -> Q:
    return there_is(own_files().filter(text_fits("filename", predicates)))


def _anything(predicates: Predicates, scope: Scope) -> Q:
    """Numbers, titles, people, texts, names of files and what stands in them: read one by one."""
    return any_of(
        (
            text_fits("number", predicates),
            text_fits("title", predicates),
            text_fits("customer__name", predicates),
            there_is(Identity.objects.filter(text_fits("value", predicates), customer=OuterRef("customer"))),
            article_text("subject", "from_name", "from_address", "text")(predicates, scope),
            _file_names(predicates, scope),
            there_is(own_files().filter(text_fits("blob__file_text__text", predicates))),
        )
    )


def _read_anything(facts: Facts) -> Iterable[FieldValue]:
    yield from (facts.ticket.number, facts.ticket.title)
    for person in facts.customer:
        yield from (person.name, person.handle)
    for one in facts.articles:
        yield from (one.subject, one.from_name, one.from_address, one.text)
    yield from (file.filename for file in facts.files)
    yield from facts.file_texts


def _read_sites(facts: Facts) -> Iterable[FieldValue]:
    texts = (facts.ticket.title, *(text for one in facts.articles for text in (one.subject, one.text)))
    return {host for text in texts for host in hosts_in(text)}


def _with_article(column: str) -> Where:
    """A closed list of an article's column."""
    return lambda predicates, _scope: there_is(
        own_articles().filter(**{f"{column}__in": [p.text for p in predicates if isinstance(p, Same)]})
    )


_OWN: tuple[TicketField, ...] = (
    TicketField(
        Field("number", Kind.CHOICE, _("the ticket's number, or its beginning with a star")),
        lambda facts: [facts.ticket.number],
        _number,
        narrows=True,
    ),
    TicketField(
        Field(
            "subject",
            Kind.TEXT,
            _("words in the title or in a message's subject"),
            aliases=("title",),
            has_forms=True,
        ),
        lambda facts: [facts.ticket.title, *(article.subject for article in facts.articles)],
        through_index("subject", _subject),
        Reads.ROWS,
    ),
    TicketField(
        Field("queue", Kind.CHOICE, _("the queue; with ::* the queues below it, too"), is_tree=True, values="queue"),
        lambda facts: [facts.ticket.queue.name],
        _queue,
        narrows=True,
    ),
    TicketField(
        Field("state", Kind.CHOICE, _("the state, by its name or its type"), values="state"),
        lambda facts: state_values(facts.ticket.state),
        _state,
    ),
    TicketField(
        Field("state.type", Kind.CHOICE, _("the type behind the state's name"), choices=tuple(StateType.values)),
        lambda facts: [facts.ticket.state_type],
        _state_type,
    ),
    TicketField(
        Field(
            "priority",
            Kind.CHOICE,
            _("the priority, to be compared"),
            choices=tuple(priority.name.lower() for priority in Priority),
            is_ordered=True,
        ),
        lambda facts: [facts.ticket.priority],
        ranked("priority"),
    ),
    TicketField(
        Field("owner", Kind.PERSON, _("who has it: login, name, me, none"), can_be_missing=True, values="agent"),
        lambda facts: [agent_person(facts.ticket.owner)] if facts.ticket.owner else [],
        agent("owner_id"),
    ),
    TicketField(
        Field("lock", Kind.PERSON, _("who locked it, also where it has lapsed"), can_be_missing=True, values="agent"),
        lambda facts: [agent_person(facts.ticket.locked_by)] if facts.ticket.locked_by else [],
        agent("locked_by_id"),
    ),
    TicketField(
        Field("customer", Kind.ADDRESS, _("whose ticket it is: name, address, @domain")),
        lambda facts: facts.customer,
        customer,
        Reads.ROWS,
        narrows=True,
    ),
    TicketField(
        Field("company", Kind.TEXT, _("the company that the customer writes for"), can_be_missing=True),
        lambda facts: [company.name] if (company := facts.ticket.customer.company) else [],
        _company,
        Reads.ROWS,
        narrows=True,
    ),
    TicketField(
        Field("type", Kind.CHOICE, _("what sort of matter it is"), can_be_missing=True, values="type"),
        lambda facts: [kind.name] if (kind := facts.ticket.type) else [],
        _named("type_id", lambda scope: scope.types),
    ),
    TicketField(
        Field(
            "service",
            Kind.CHOICE,
            _("the service it is about; with ::* those below it, too"),
            can_be_missing=True,
            is_tree=True,
            values="service",
        ),
        lambda facts: [service.name] if (service := facts.ticket.service) else [],
        _named("service_id", lambda scope: scope.services),
    ),
    TicketField(
        Field("tag", Kind.CHOICE, _("a tag that is on it"), aliases=("tags",), can_be_missing=True, values="tag"),
        lambda facts: facts.ticket.tags,
        _tag,
        narrows=True,
    ),
    TicketField(
        Field("language", Kind.CHOICE, _("the ticket's language"), choices=tuple(Language.values)),
        lambda facts: [facts.ticket.language],
        _language,
    ),
)

_OF_ARTICLES: tuple[TicketField, ...] = (
    TicketField(
        Field("from", Kind.ADDRESS, _("who wrote one of its messages: name, address, @domain")),
        lambda facts: [Person(one.from_name, one.from_address) for one in facts.articles],
        through_index("from", article_sender),
        Reads.ROWS,
    ),
    TicketField(
        Field("to", Kind.ADDRESS, _("to whom one of its messages went: name, address, @domain")),
        lambda facts: [person for article in facts.articles for person in _people(article.to)],
        article_people("to"),
        Reads.ROWS,
    ),
    TicketField(
        Field("cc", Kind.ADDRESS, _("who got a copy of one of its messages: name, address, @domain")),
        lambda facts: [person for article in facts.articles for person in _people(article.cc)],
        article_people("cc"),
        Reads.ROWS,
    ),
    TicketField(
        Field("text", Kind.TEXT, _("words in the text of a message or a note"), aliases=("body",), has_forms=True),
        lambda facts: [article.text for article in facts.articles],
        through_index("text", article_text("text")),
        Reads.TEXTS,
    ),
    TicketField(
        Field("filename", Kind.TEXT, _("words in the name of an attached file"), aliases=("file",), has_forms=True),
        lambda facts: [file.filename for file in facts.files],
        through_index("filename", _file_names),
        Reads.ROWS,
    ),
    TicketField(
        Field("site", Kind.CHOICE, _("a site that one of its messages names, or any below it"), is_host=True),
        _read_sites,
        site,
        Reads.ROWS,
        narrows=True,
    ),
    TicketField(
        Field("channel", Kind.CHOICE, _("how one of its messages came or went"), choices=tuple(Channel.values)),
        lambda facts: [article.channel for article in facts.articles],
        _with_article("channel"),
        Reads.ROWS,
    ),
    TicketField(
        Field("sign", Kind.CHOICE, _("what is known of a sender's address"), choices=tuple(SenderSign.values)),
        lambda facts: [article.sender_sign for article in facts.articles],
        _with_article("sender_sign"),
        Reads.ROWS,
    ),
    TicketField(
        Field("articles", Kind.NUMBER, _("how many messages and notes it has")),
        lambda facts: [facts.ticket.article_count],
        ranked("article_count"),
    ),
    TicketField(
        Field("replies", Kind.NUMBER, _("how many answers agents wrote")),
        lambda facts: [len(facts.replies())],
        counted(lambda: own_articles().filter(ANSWERS)),
        Reads.ROWS,
    ),
    TicketField(
        Field("messages", Kind.NUMBER, _("how many messages the customer wrote")),
        lambda facts: [len(facts.messages())],
        counted(lambda: own_articles().filter(sender_type=SenderType.CUSTOMER)),
        Reads.ROWS,
    ),
    TicketField(
        Field("notes", Kind.NUMBER, _("how many notes it has")),
        lambda facts: [len(facts.notes())],
        counted(lambda: own_articles().filter(channel=Channel.NOTE)),
        Reads.ROWS,
    ),
)


def _at(column: str) -> Read:
    return lambda facts: [value] if (value := getattr(facts.ticket, column)) else []


def _since(column: str) -> Read:
    return lambda facts: [facts.now - value] if (value := getattr(facts.ticket, column)) else []


_TIMES: tuple[TicketField, ...] = (
    TicketField(
        Field("created", Kind.TIME, _("when it was made")), _at("created_at"), moment("created_at"), narrows=True
    ),
    TicketField(
        Field("changed", Kind.TIME, _("when it last changed")), _at("changed_at"), moment("changed_at"), narrows=True
    ),
    TicketField(
        Field("closed", Kind.TIME, _("when it was closed"), can_be_missing=True),
        _at("closed_at"),
        moment("closed_at"),
        narrows=True,
    ),
    TicketField(
        Field("pending", Kind.TIME, _("until when it waits"), can_be_missing=True),
        _at("pending_until"),
        moment("pending_until"),
    ),
    TicketField(
        Field("due", Kind.TIME, _("when the nearest of its clocks runs out"), can_be_missing=True),
        _at("due_at"),
        moment("due_at"),
        narrows=True,
    ),
    TicketField(
        Field("due.first", Kind.TIME, _("until when the first answer is promised"), can_be_missing=True),
        _at("first_answer_due_at"),
        moment("first_answer_due_at"),
    ),
    TicketField(
        Field("due.answer", Kind.TIME, _("until when the next answer is promised"), can_be_missing=True),
        _at("answer_due_at"),
        moment("answer_due_at"),
    ),
    TicketField(
        Field("due.solution", Kind.TIME, _("until when the end is promised"), can_be_missing=True),
        _at("solution_due_at"),
        moment("solution_due_at"),
    ),
    TicketField(
        Field("answered", Kind.TIME, _("when it was first answered"), can_be_missing=True),
        _at("first_answered_at"),
        moment("first_answered_at"),
    ),
    TicketField(Field("age", Kind.DURATION, _("how long ago it was made")), _since("created_at"), since("created_at")),
    TicketField(
        Field("waiting", Kind.DURATION, _("how long the customer has been waiting for us"), can_be_missing=True),
        _since("waiting_since"),
        since("waiting_since"),
        narrows=True,
    ),
    TicketField(
        Field("idle", Kind.DURATION, _("how long nothing has changed")), _since("changed_at"), since("changed_at")
    ),
)

_FLAGS: tuple[TicketField, ...] = (
    TicketField(
        Field("is", Kind.FLAG, _("what it is, such as is:open"), choices=choices_of(IS)), flags_of(IS), where_flags(IS)
    ),
    TicketField(
        Field("has", Kind.FLAG, _("what it has, such as has:attachment"), choices=choices_of(HAS)),
        flags_of(HAS),
        where_flags(HAS),
        Reads.ROWS,
    ),
    TicketField(
        Field("in", Kind.FLAG, _("where to look: in:desk (as without it), in:archive, in:all"), choices=choices_of(IN)),
        flags_of(IN),
        where_flags(IN),
    ),
)

_PAST: tuple[TicketField, ...] = (
    TicketField(
        Field("was:owner", Kind.PERSON, _("who ever had it, now or before"), values="agent"),
        lambda facts: facts.past_owners(),
        was_owner,
        Reads.ROWS,
    ),
    TicketField(
        Field("was:queue", Kind.CHOICE, _("a queue in which it ever was"), is_tree=True, values="queue"),
        lambda facts: facts.past_queues(),
        was_queue,
        Reads.ROWS,
    ),
    TicketField(
        Field("was:state", Kind.CHOICE, _("a state that it ever had"), values="state"),
        lambda facts: facts.past_states(),
        was_state,
        Reads.ROWS,
    ),
    TicketField(
        Field(
            "was:priority",
            Kind.CHOICE,
            _("a priority that it ever had"),
            choices=tuple(priority.name.lower() for priority in Priority),
            is_ordered=True,
        ),
        lambda facts: facts.past_priorities(),
        was_priority,
        Reads.ROWS,
    ),
)

_ANYTHING = TicketField(
    Field("anything", Kind.TEXT, _("words anywhere"), has_forms=True),
    _read_anything,
    through_index("anything", _anything),
    Reads.TEXTS,
)

_ALL = (*_OWN, *_OF_ARTICLES, *_TIMES, *_FLAGS, *_PAST)
TICKET_FIELDS = {one.field.name: one for one in (*_ALL, _ANYTHING)}
TICKETS = Vocabulary("tickets", [one.field for one in _ALL], anything=_ANYTHING.field, families=[FAMILY])


def ticket_field(field: Field) -> TicketField:
    """How a field is answered, one of the desk's own included."""
    if not field.name.startswith(PREFIX):
        return TICKET_FIELDS[field.name]
    return TicketField(
        field,
        lambda facts: read_own_field(field.name, facts),
        lambda predicates, scope: where_own_field(field.name, predicates, scope),
    )
