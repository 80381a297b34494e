"""Random queries and random tickets, for holding the two evaluators to one meaning.

Words, names and times come from small stocks, so that questions and tickets meet often enough to disagree.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from ghiseu.people.models import Agent, Company, Customer, Identity
from ghiseu.tickets.models import (
    Article,
    Attachment,
    Blob,
    Channel,
    CustomField,
    Event,
    Kind,
    Priority,
    Queue,
    SenderSign,
    SenderType,
    Service,
    State,
    StateType,
    Ticket,
    TicketType,
)
from ghiseu.tickets.query.fields import Field
from ghiseu.tickets.query.fields import Kind as FieldKind
from ghiseu.tickets.query.ticket_fields import TICKETS

NOW = dt.datetime(2026, 3, 18, 10, 30, tzinfo=dt.UTC)
QUEUES = ("Abuse", "Abuse::Malware", "Abuseless", "Vânzări")
WORDS = (
    *(
        "școală",
        "SCOALA",
        "şcoli",
        "Ёлка",
        "елки",
        "ґанок",
        "ганок",
        "it's",
        "site",
        "site.example",
        "a-b",
        "a b",
        "ab",
    ),
    *(
        "x_1",
        "2026",
        "so\u00adft",
        "e\u0301te",
        "été",
        "зв’язок",
        "“quoted”",
        "[a-z]*",
        "50%",
        "\\d",
        "ａｂ",
        "🙂",
        "n\no",
    ),
)
NAMES = ("", "Vera Moraru", "Ștefan Țurcanu", "Олёна", "ana", "a.b")
ADDRESSES = ("", "vera@site.example", "Ana@SITE.example", "ana@mail.site.example", "ștefan@bank.example", "a_b@x.md")
COMPANIES = ("Site SRL", "Școala Nouă")
TYPES, SERVICES = ("Incident", "Întrebare"), ("Hosting", "Hosting::Mail", "Hostings")
TAGS = ("vip", "școală", "a-b", "refund")
# The desk's own fields with their kinds and the values they are drawn from.
OWN_FIELDS: dict[str, tuple[CustomField.Kind, tuple[Any, ...]]] = {
    "plan": (CustomField.Kind.CHOICE, ("Gold", "Șah", "Old")),
    "site_name": (CustomField.Kind.TEXT, ("site.example", "Școala Nouă")),
    "sum": (CustomField.Kind.NUMBER, (0, 1, 2.5, 40)),
    "paid_on": (CustomField.Kind.DATE, ("2026-03-17", "2026-03-18", "2025-01-01")),
    "vip": (CustomField.Kind.YES_NO, (True, False)),
}
FILES = ("invoice.pdf", "Factură 2026.PDF", "image.png", "звіт.docx")
MOMENTS = [
    NOW + dt.timedelta(seconds=seconds)
    for seconds in (-86_400 * 400, -86_400 * 30, -86_400 * 7, -86_400 * 2, -90_000, -3_600, -60, -1, 0)
]


def texts() -> st.SearchStrategy[str]:
    words = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
    return words | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def people() -> st.SearchStrategy[list[dict[str, str]]]:
    one = st.fixed_dictionaries({"name": st.sampled_from(NAMES), "address": st.sampled_from(ADDRESSES)})
    return st.lists(one, max_size=2)


moments = st.sampled_from(MOMENTS)
maybe_moments = st.none() | moments


@dataclass
class Desk:
    """The names that tickets and queries share; made once for each test."""

    agents: list[Agent]
    queues: list[Queue]
    states: list[State]
    customers: list[Customer]
    types: list[TicketType]
    services: list[Service]

    @classmethod
    def made(cls, agents: list[Agent], queues: list[Queue]) -> Desk:
        customers = []
        companies = [*(Company.objects.create(name=name) for name in COMPANIES), None]
        for number, name in enumerate(NAMES):
            customer = Customer.objects.create(name=name, company=companies[number % len(companies)])
            customers.append(customer)
            if ADDRESSES[number]:
                Identity.objects.create(customer=customer, value=ADDRESSES[number].lower())
        for name, (kind, _values) in OWN_FIELDS.items():
            choices = ["Gold", "Șah"] if kind == CustomField.Kind.CHOICE else []
            CustomField.objects.create(name=name, label=name, kind=kind, choices=choices)
        types = [TicketType.objects.create(name=name) for name in TYPES]
        services = [Service.objects.create(name=name) for name in SERVICES]
        return cls(agents, queues, list(State.objects.all()), customers, types, services)


_numbers = itertools.count(1)


def make_random_ticket(draw: Callable[[st.SearchStrategy[Any]], Any], desk: Desk) -> Ticket:
    """A ticket with articles, files and history, past every action: what the tables allow, not only what happens."""
    state = draw(st.sampled_from(desk.states))
    is_pending = state.type in (StateType.PENDING_REMINDER, StateType.PENDING_AUTO)
    is_over = state.type in (StateType.CLOSED, StateType.MERGED, StateType.REMOVED)
    locked_by = draw(st.none() | st.sampled_from(desk.agents))
    ticket = Ticket.objects.create(
        number=f"2026{next(_numbers):06d}",
        title=draw(texts()),
        queue=draw(st.sampled_from(desk.queues)),
        state=state,
        state_type=state.type,
        priority=draw(st.sampled_from(Priority.values)),
        owner=draw(st.none() | st.sampled_from(desk.agents)),
        locked_by=locked_by,
        locked_until=draw(maybe_moments) if locked_by else None,
        customer=draw(st.sampled_from(desk.customers)),
        language=draw(st.sampled_from(("", "ro", "ru"))),
        type=draw(st.none() | st.sampled_from(desk.types)),
        service=draw(st.none() | st.sampled_from(desk.services)),
        tags=draw(st.lists(st.sampled_from(TAGS), unique=True, max_size=2)),
        fields=draw(st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, (_k, v) in OWN_FIELDS.items()})),
        first_answer_due_at=None if is_over else draw(maybe_moments),
        answer_due_at=None if is_over else draw(maybe_moments),
        solution_due_at=None if is_over else draw(maybe_moments),
        pending_until=draw(moments) if is_pending else None,
        waiting_since=draw(maybe_moments),
        first_answered_at=draw(maybe_moments),
        closed_at=draw(moments) if is_over else None,
        archived_at=draw(maybe_moments) if is_over else None,
        created_at=draw(moments),
        changed_at=draw(moments),
        article_count=draw(st.integers(0, 4)),
    )
    ticket.refresh_from_db(fields=["due_at"])
    for _ in range(draw(st.integers(0, 2))):
        _make_article(draw, desk, ticket)
    for _ in range(draw(st.integers(0, 2))):
        _make_event(draw, desk, ticket)
    return ticket


def _make_article(draw: Callable[[st.SearchStrategy[Any]], Any], desk: Desk, ticket: Ticket) -> None:
    sender = draw(st.sampled_from(SenderType.values))
    channel = draw(st.sampled_from(Channel.values))
    article = Article.objects.create(
        ticket=ticket,
        sender_type=sender,
        channel=channel,
        is_visible_to_customer=channel != Channel.NOTE and draw(st.booleans()),
        is_verified=draw(st.booleans()),
        sender_sign=draw(st.sampled_from(("", *SenderSign.values))),
        taken_back_at=draw(maybe_moments),
        agent=desk.agents[0] if sender == SenderType.AGENT else None,
        from_name=draw(st.sampled_from(NAMES)),
        from_address=draw(st.sampled_from(ADDRESSES)).lower(),
        to=draw(people()),
        cc=draw(people()),
        subject=draw(texts()),
        text=draw(texts()),
        created_at=NOW,
    )
    if draw(st.booleans()):
        blob, _ = Blob.objects.get_or_create(sha256="0" * 64, defaults={"size": 0, "data": b""})
        name = draw(st.sampled_from(FILES))
        Attachment.objects.create(
            article=article, blob=blob, filename=name, content_type="x/y", size=0, is_inline=draw(st.booleans())
        )


def _make_event(draw: Callable[[st.SearchStrategy[Any]], Any], desk: Desk, ticket: Ticket) -> None:
    one_of = st.sampled_from
    owners = st.none() | one_of([agent.pk for agent in desk.agents])
    queues, states = one_of((*QUEUES, "Gone")), one_of([state.name for state in desk.states])
    kind, values = draw(
        st.one_of(
            st.tuples(st.just(Kind.CREATED), st.fixed_dictionaries({"queue": queues})),
            st.tuples(st.just(Kind.OWNER_CHANGED), st.fixed_dictionaries({"old_id": owners, "new_id": owners})),
            st.tuples(st.just(Kind.QUEUE_CHANGED), st.fixed_dictionaries({"old": queues, "new": queues})),
            st.tuples(st.just(Kind.STATE_CHANGED), st.fixed_dictionaries({"old": states, "new": states})),
            st.tuples(
                st.just(Kind.PRIORITY_CHANGED),
                st.fixed_dictionaries({"old": one_of(Priority.values), "new": one_of(Priority.values)}),
            ),
        )
    )
    Event.objects.create(ticket=ticket, kind=kind, actor=SenderType.SYSTEM, data=values, at=NOW)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


TIMES = ("today", "yesterday", "last-week", '"this month"', "-7d", "+2d", "2026", "2026-03", "2026-03-18", "18.03.2026")
LENGTHS = ("0m", "1h", "1d12h", "2d", "7d", "30d", "2y")
COMPARISONS = (":", "=", "!=", ">", ">=", "<", "<=")


_QUEUES = ("abuse", "Abuse::*", "Abuse*", "vanzari", "gone", "(Abuse,vanzari)", '"Abuse::Malware"')
_STATES = ("open", "pending", "closed*", "new", '"closed successful"', "(new,merged)", "pending_auto", "gone")
# What is asked of these fields, so that it is found often enough.
_MEETING = {
    "queue": _QUEUES,
    "was:queue": _QUEUES,
    "state": _STATES,
    "was:state": _STATES,
    "tag": ("vip", "VIP", "scoala", "a*", "none", "any", "(vip,refund)", "~ef"),
    "type": ("incident", "intrebare", "in*", "none", "any", "gone"),
    "service": ("hosting", "Hosting::*", "hosting*", "none", "(hostings,gone)"),
    "company": ("site", '"site srl"', "scoala", "no*", "none", "any"),
    "field.plan": ("gold", "sah", "old", "g*", "none", "any", "(gold,old)"),
    "field.site_name": ("site", "scoala", '"scoala noua"', "none", "any"),
    "site": ("site.example", "example", "a.b", "mail*", "site.*", '"site.example"', "x.md"),
    "filename": ("invoice", "pdf", '"invoice.pdf"', "fact*", '"2026 pdf"', "звіт", "(png,docx)"),
}


_BY_KIND = {
    FieldKind.NUMBER: ("0", "1", "2", "1..2", "2..", "..1", "2.5"),
    FieldKind.TIME: (*TIMES, "2026-02..2026-03", "-30d..-2d", "..yesterday", "2026-03-18..", "none", "any"),
    FieldKind.DURATION: (*LENGTHS, "1d..7d", "..2d", "7d..", "none", "any"),
    FieldKind.PERSON: ("me", "none", "any", "ana", "ion", '"Ana Popescu"', "pop*", "(ana,none)"),
    FieldKind.ADDRESS: (
        *("vera", "@site.example", "@bank.example", "ana@site.example", "ștefan@bank.example", "ana@*", "tur*"),
        *('"vera moraru"', "site.example", '"a.b"', "олена"),
    ),
    FieldKind.CHOICE: ("2026000001", "2026*", "gone"),
    FieldKind.TEXT: (*(quoted(word) for word in WORDS), "sc*", "a*", "site"),
}


def _values(field: Field) -> st.SearchStrategy[str]:
    return st.sampled_from(field.choices or _MEETING.get(field.name) or _BY_KIND[field.kind])


def _own_field(name: str) -> Field:
    field = TICKETS.find(f"field.{name}")
    assert field is not None
    return field


@st.composite
def field_tests(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(TICKETS.fields) | st.sampled_from(sorted(OWN_FIELDS)).map(_own_field))
    value = draw(_values(field))
    operators = [op for op in field.operators if op in (":", "=", "!=") or not _is_only_for_equality(value)]
    return f"{field.name}{draw(st.sampled_from(operators))}{value}"


def _is_only_for_equality(value: str) -> bool:
    return ".." in value or value in ("none", "any", "me", "(ana,none)") or value.endswith("*")


words = st.sampled_from([quoted(word) for word in WORDS if any(letter.isalnum() for letter in word)])
loose = words | st.sampled_from(("sc*", "vera", "site", "2026", "олёна", "invoice", "pdf"))


def queries() -> st.SearchStrategy[str]:
    """Queries of a few tests; some may be refused, which the caller has to allow for."""
    return st.recursive(
        field_tests() | loose,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: f"{pair[0]} {pair[1]}"),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]} OR {pair[1]})"),
            inner.map(lambda one: f"-({one})"),
        ),
        max_leaves=4,
    )
