"""A history row as a sentence, in the reader's language: the one place where events become words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ghiseu.tickets.models import Event, Kind, Priority, SenderType


def describe(event: Event) -> str:
    """Such as “Ana Popescu moved it from Sales to Billing”. Asks nothing of the database if `event.agent` is loaded."""
    sentence = _SENTENCES[Kind(event.kind)](event)
    return sentence % {**event.data, **_translated(event), "who": who(event)}


def who(event: Event) -> str:
    if event.agent:
        return event.agent.name
    return _("The customer") if event.actor == SenderType.CUSTOMER else _("The desk")


def _created(event: Event) -> str:
    if event.agent:
        return _("%(who)s opened it in %(queue)s for the customer")
    if event.data.get("related"):
        return _("%(who)s opened it in %(queue)s; it belongs with %(related)s")
    return _("%(who)s opened it in %(queue)s")


def _owner(event: Event) -> str:
    old, new = event.data.get("old"), event.data.get("new")
    if not new:
        return _("%(who)s took it from %(old)s; nobody owns it")
    if event.agent and new == event.agent.name:
        return _("%(who)s took it over from %(old)s") if old else _("%(who)s took it")
    return _("%(who)s gave it from %(old)s to %(new)s") if old else _("%(who)s gave it to %(new)s")


def _named(set_: str, changed: str, taken: str) -> Callable[[Event], str]:
    """The sentence for a value that was first given, that changed, or that was taken away."""

    def sentence(event: Event) -> str:
        if not event.data.get("new"):
            return _(taken)
        return _(changed) if event.data.get("old") else _(set_)

    return sentence


def _tags(event: Event) -> str:
    if event.data.get("added") and event.data.get("removed"):
        return _("%(who)s added the tags %(added)s and removed %(removed)s")
    return (
        _("%(who)s added the tags %(added)s") if event.data.get("added") else _("%(who)s removed the tags %(removed)s")
    )


def _state(event: Event) -> str:
    if event.data.get("until"):
        return _("%(who)s changed the state from %(old)s to %(new)s until %(until)s")
    return _("%(who)s changed the state from %(old)s to %(new)s")


def _translated(event: Event) -> dict[str, str]:
    """What is written by the reader's language and clock, not by the writer's: priorities, states and times."""
    if event.kind == Kind.PRIORITY_CHANGED:
        return {side: str(Priority(event.data[side]).label) for side in ("old", "new")}
    if event.kind == Kind.TAGS_CHANGED:
        return {side: ", ".join(event.data.get(side, ())) for side in ("added", "removed")}
    if event.kind != Kind.STATE_CHANGED:
        return {}
    words = {"old": _(event.data["old"]), "new": _(event.data["new"])}
    if until := event.data.get("until"):
        words["until"] = date_format(localtime(dt.datetime.fromisoformat(until)), "SHORT_DATETIME_FORMAT")
    return words


_SENTENCES: Mapping[Kind, Callable[[Event], str]] = {
    Kind.CREATED: _created,
    Kind.MESSAGE_RECEIVED: lambda _event: _("%(who)s wrote"),
    Kind.REPLY_WRITTEN: lambda _event: _("%(who)s answered"),
    Kind.NOTE_WRITTEN: lambda _event: _("%(who)s wrote a note"),
    Kind.THIRD_PARTY_ASKED: lambda _event: _("%(who)s wrote to %(to)s, unseen by the customer"),
    Kind.THIRD_PARTY_ANSWERED: lambda _event: _("%(sender)s answered, unseen by the customer"),
    Kind.REDIRECTED: lambda _event: _("%(who)s redirected the message to %(to)s"),
    Kind.TAKEN_BACK: lambda _event: _("%(who)s took the answer back before it left"),
    Kind.OWNER_CHANGED: _owner,
    Kind.PRIORITY_CHANGED: lambda _event: _("%(who)s changed the priority from %(old)s to %(new)s"),
    Kind.QUEUE_CHANGED: lambda _event: _("%(who)s moved it from %(old)s to %(new)s"),
    Kind.STATE_CHANGED: _state,
    Kind.TYPE_CHANGED: _named(
        gettext_noop("%(who)s set the type %(new)s"),
        gettext_noop("%(who)s changed the type from %(old)s to %(new)s"),
        gettext_noop("%(who)s took away the type %(old)s"),
    ),
    Kind.SERVICE_CHANGED: _named(
        gettext_noop("%(who)s set the service %(new)s"),
        gettext_noop("%(who)s changed the service from %(old)s to %(new)s"),
        gettext_noop("%(who)s took away the service %(old)s"),
    ),
    Kind.TAGS_CHANGED: _tags,
    Kind.FIELD_CHANGED: _named(
        gettext_noop("%(who)s set %(label)s to %(new)s"),
        gettext_noop("%(who)s changed %(label)s from %(old)s to %(new)s"),
        gettext_noop("%(who)s emptied %(label)s, which was %(old)s"),
    ),
    Kind.ARCHIVED: lambda _event: _("%(who)s put it into the archive"),
    Kind.BROUGHT_BACK: lambda _event: _("%(who)s brought it back from the archive"),
    Kind.HELD: lambda _event: _("%(who)s put it under legal hold: %(reason)s"),
    Kind.RELEASED: lambda _event: _("%(who)s lifted the legal hold"),
    Kind.ANONYMISED: lambda _event: _("%(who)s anonymised it by the rule “%(rule)s”"),
    Kind.DELETED: lambda _event: _("%(who)s deleted what it said by the rule “%(rule)s”"),
    Kind.DELIVERY_FAILED: lambda _event: _("An answer did not reach %(recipient)s: %(reason)s"),
    Kind.LOCKED: lambda _event: _("%(who)s locked it"),
    Kind.UNLOCKED: lambda _event: _("%(who)s unlocked it"),
}
