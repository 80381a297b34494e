"""What a source leaves unsaid, worked out of what it says: pure, ticket by ticket.

Whatever a source says itself, stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ghiseu.importing.errors import Refused
from ghiseu.importing.incoming import Incoming, IncomingTicket, Row
from ghiseu.importing.values import as_json, shown
from ghiseu.tickets.actions.messages import NewMessage, last_words
from ghiseu.tickets.classification import clean_tags, typed_value
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import OPEN_TYPES, PENDING_TYPES, CustomField, Kind, SenderSign, SenderType, State, StateType

# A ticket that waits without a time shows up again after this time, counted from the import.
WAITS = dt.timedelta(days=30)
WAITS_ON = "tickets wait without saying until when; they show up again 30 days after the import"
CLOSED_EARLY = "tickets were closed before they were made; here they were closed in the moment they were made"
# What a state may be called in every desk, whatever the names of its states.
_STATE_WORDS = {
    "new": StateType.NEW,
    "open": StateType.OPEN,
    "pending": StateType.PENDING_REMINDER,
    "closed": StateType.CLOSED,
    "merged": StateType.MERGED,
    "removed": StateType.REMOVED,
}
_KINDS = {
    SenderType.CUSTOMER.value: Kind.MESSAGE_RECEIVED,
    SenderType.THIRD_PARTY.value: Kind.THIRD_PARTY_ANSWERED,
    SenderType.SYSTEM.value: Kind.REPLY_WRITTEN,
}
_DUE = ("first_answer_due_at", "answer_due_at", "solution_due_at")


@dataclass(frozen=True)
class States:
    """The states of the desk by name, and the first one of each type."""

    by_name: Mapping[str, State]
    by_type: Mapping[str, State]

    @classmethod
    def known(cls) -> States:
        states = list(State.objects.order_by("-pk"))
        return cls({state.name: state for state in states}, {state.type: state for state in states})

    def called(self, name: str) -> State:
        """Raises Refused."""
        state = self.by_name.get(name) or self.by_type.get(_STATE_WORDS.get(name, name))
        if state is None:
            raise Refused(f"{shown(name)} is none of {', '.join(sorted(self.by_name))}", "state")
        return state


def complete(ticket: IncomingTicket, states: States, fields: Mapping[str, CustomField], now: dt.datetime) -> list[str]:
    """Fill in what the ticket's source did not say; returns what was taken otherwise than it stands there.

    Raises Refused for what contradicts itself.
    """
    notes: list[str] = []
    row = ticket.row
    state = states.called(row["state"])
    row["state"], row["state_type"] = state.name, state.type
    for article in ticket.articles:
        _complete_article(article.row)
    moments = [article.row["created_at"] for article in ticket.articles]
    last = max([row["created_at"], *moments])
    if state.type == StateType.CLOSED:
        row.setdefault("closed_at", last)
    if row.get("closed_at") is not None and row["closed_at"] < row["created_at"]:
        # Clocks that were set differ by seconds; a report would count a time below zero.
        row["closed_at"] = row["created_at"]
        notes.append(CLOSED_EARLY)
    row.setdefault("changed_at", max(last, row.get("closed_at") or last))
    row["article_count"] = len(ticket.articles)
    if "last_words" not in row:
        row["last_words"] = _last_words(ticket.articles)
    if "first_answered_at" not in row:
        answers = [article.row["created_at"] for article in ticket.articles if _is_answer(article.row)]
        row["first_answered_at"] = min(answers, default=None)
    if "waiting_since" not in row:
        row["waiting_since"] = _waiting_since(ticket.articles) if state.type in OPEN_TYPES else None
    if state.type in PENDING_TYPES and row.get("pending_until") is None:
        row["pending_until"] = now + WAITS
        notes.append(WAITS_ON)
    _classify(row, fields)
    _refuse_contradictions(row, state)
    _complete_inside(ticket, state)
    return notes


def _complete_article(row: Row) -> None:
    row.setdefault("written_at", row["created_at"])
    if "sender_sign" not in row:
        row["sender_sign"] = SenderSign.UNKNOWN.value if row["sender_type"] == SenderType.CUSTOMER else ""


def _is_answer(row: Row) -> bool:
    return bool(row["sender_type"] == SenderType.AGENT and row["is_visible_to_customer"])


def _waiting_since(articles: list[Incoming]) -> dt.datetime | None:
    """Since the customer's first message behind the last answer."""
    since: dt.datetime | None = None
    for article in articles:
        if article.row["sender_type"] == SenderType.CUSTOMER:
            since = since or article.row["created_at"]
        elif _is_answer(article.row):
            since = None
    return since


def _last_words(articles: list[Incoming]) -> str:
    for article in reversed(articles):
        if article.row["sender_type"] != SenderType.SYSTEM:
            row = article.row
            return last_words(NewMessage(text=row.get("body", ""), reply_text=row.get("reply_text", "")))
    return ""


def _classify(row: Row, fields: Mapping[str, CustomField]) -> None:
    """Tags and own fields in the form in which the desk keeps them."""
    try:
        if row.get("tags"):
            row["tags"] = clean_tags(row["tags"])
        if given := row.get("fields"):
            values = {name: typed_value(_field(name, fields), value) for name, value in given.items()}
            row["fields"] = as_json({name: value for name, value in values.items() if value is not None})
        elif "fields" in row:
            row["fields"] = "{}"
    except InvalidInput as error:
        raise Refused(str(error)) from None


def _field(name: str, fields: Mapping[str, CustomField]) -> CustomField:
    if name not in fields:
        raise Refused(
            f"this desk has no field {shown(name)}; define it, or let a custom_field line come first", "fields"
        )
    return fields[name]


def _refuse_contradictions(row: Row, state: State) -> None:
    """What the database would refuse too, in words."""
    is_open = state.type in OPEN_TYPES
    if is_open and row.get("closed_at") is not None:
        raise Refused(f"a ticket that is {state.name} has none", "closed_at")
    if is_open and row.get("archived_at") is not None:
        raise Refused(f"a ticket that is {state.name} is not in the archive", "archived_at")
    if not is_open and (due := [key for key in _DUE if row.get(key) is not None]):
        raise Refused(f"a ticket that is {state.name} is not due", due[0])
    if row.get("locked_until") is not None and row.get("locked_by") is None:
        raise Refused("nobody holds the lock; locked_by is missing", "locked_until")


def _complete_inside(ticket: IncomingTicket, state: State) -> None:
    if "participants" not in ticket.inside:
        ticket.inside["participants"] = _participants(ticket)
    if "events" not in ticket.inside:
        ticket.inside["events"] = list(_events(ticket, state))


def _participants(ticket: IncomingTicket) -> list[Incoming]:
    """The customer, by the address they are named by."""
    customer = ticket.row["customer"]
    created = ticket.row["created_at"]
    return [Incoming("", {"address": customer, "created_at": created})] if "@" in customer else []


def _events(ticket: IncomingTicket, state: State) -> list[Incoming]:
    """The plain history: opened, each message, closed."""
    row, found = ticket.row, []
    for position, article in enumerate(ticket.articles):
        data: dict[str, Any] = {}
        kind = Kind.CREATED
        if position == 0:
            data = {"queue": row["queue"], "related": row.get("related") or ""}
        else:
            kind = _kind_of(article.row)
            if kind == Kind.THIRD_PARTY_ANSWERED:
                data = {"sender": article.row.get("from_address", "")}
        at = article.row["created_at"] if position else row["created_at"]
        found.append(_event(kind, article.row["sender_type"], article.row.get("agent"), position, data, at))
    if not ticket.articles:
        data = {"queue": row["queue"], "related": row.get("related") or ""}
        found.append(_event(Kind.CREATED, SenderType.SYSTEM.value, None, None, data, row["created_at"]))
    if row.get("closed_at") is not None:
        data = {"old": "open", "new": state.name, "until": ""}
        owner = row.get("owner")
        actor = SenderType.AGENT if owner else SenderType.SYSTEM
        found.append(_event(Kind.STATE_CHANGED, actor.value, owner, None, data, row["closed_at"]))
    return found


def _kind_of(row: Row) -> Kind:
    if row["sender_type"] != SenderType.AGENT:
        return _KINDS[row["sender_type"]]
    return Kind.REPLY_WRITTEN if row["is_visible_to_customer"] else Kind.NOTE_WRITTEN


def _event(
    kind: Kind, actor: str, agent: str | None, article: int | None, data: dict[str, Any], at: dt.datetime
) -> Incoming:
    return Incoming(
        "", {"kind": kind.value, "actor": actor, "agent": agent, "article": article, "data": as_json(data), "at": at}
    )
