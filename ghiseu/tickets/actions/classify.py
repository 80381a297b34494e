"""What sort of matter it is: type, service, tags, and the fields that the desk defined itself.

Whoever may write a note in the ticket may say these things of it; they are remarks that can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent
from ghiseu.tickets.actions.take import change, take
from ghiseu.tickets.classification import FieldValue, clean_tags, in_words, typed_value
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import Actor, record
from ghiseu.tickets.models import CustomField, Kind, Service, Ticket, TicketType
from ghiseu.tickets.permissions import Right


def set_type(ticket: Ticket, kind: TicketType | None, *, by: Agent) -> Ticket:
    """Say what sort of matter it is, or with None take that back; the same again changes nothing.

    Raises NotPermitted without the right to write notes, InvalidInput for a type that is switched off.
    """
    _refuse_inactive(kind)
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.NOTE)
        put_type(ticket, kind, by=by)
    return ticket


def put_type(ticket: Ticket, kind: TicketType | None, *, by: Actor) -> None:
    """For a ticket already in hand."""
    if ticket.type_id == (kind.pk if kind else None):
        return
    old = ticket.type
    change(ticket, type=kind)
    record(ticket, Kind.TYPE_CHANGED, by=by, old=old.name if old else "", new=kind.name if kind else "")


def set_service(ticket: Ticket, service: Service | None, *, by: Agent) -> Ticket:
    """Say which service it is about, or with None take that back; otherwise as `set_type`."""
    _refuse_inactive(service)
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.NOTE)
        put_service(ticket, service, by=by)
    return ticket


def put_service(ticket: Ticket, service: Service | None, *, by: Actor) -> None:
    """For a ticket already in hand."""
    if ticket.service_id == (service.pk if service else None):
        return
    old = ticket.service
    change(ticket, service=service)
    record(ticket, Kind.SERVICE_CHANGED, by=by, old=old.name if old else "", new=service.name if service else "")


def change_tags(ticket: Ticket, *, add: Iterable[str] = (), remove: Iterable[str] = (), by: Agent) -> Ticket:
    """Put tags on and take tags off, whatever case they are written in; what is so already changes nothing.

    Raises NotPermitted without the right to write notes, InvalidInput for what is no tag or too many of them.
    """
    added, removed = clean_tags(add), clean_tags(remove)
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.NOTE)
        put_tags(ticket, added=added, removed=removed, by=by)
    return ticket


def put_tags(ticket: Ticket, *, added: Iterable[str], removed: Iterable[str] = (), by: Actor) -> None:
    """For a ticket already in hand, with tags already clean."""
    before = set(ticket.tags)
    after = clean_tags((before | set(added)) - set(removed))
    if before == set(after):
        return
    change(ticket, tags=after)
    record(ticket, Kind.TAGS_CHANGED, by=by, added=sorted(set(after) - before), removed=sorted(before - set(after)))


def set_field(ticket: Ticket, definition: CustomField, value: FieldValue | None, *, by: Agent) -> Ticket:
    """Give one of the desk's own fields a value, text is read as the field's kind; None or "" empties it.

    Raises NotPermitted without the right to write notes, InvalidInput for a value that does not fit the field.
    """
    _refuse_inactive(definition)
    new = typed_value(definition, value)
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.NOTE)
        put_field(ticket, definition, new, by=by)
    return ticket


def put_field(ticket: Ticket, definition: CustomField, value: FieldValue | None, *, by: Actor) -> None:
    """For a ticket already in hand, with a value of the right type."""
    old = ticket.fields.get(definition.name)
    if old == value:
        return
    fields = {name: known for name, known in ticket.fields.items() if name != definition.name}
    if value is not None:
        fields[definition.name] = value
    change(ticket, fields=fields)
    record(
        ticket,
        Kind.FIELD_CHANGED,
        by=by,
        field=definition.name,
        label=definition.label,
        old=in_words(old),
        new=in_words(value),
    )


def _refuse_inactive(chosen: TicketType | Service | CustomField | None) -> None:
    if chosen is not None and not chosen.is_active:
        raise InvalidInput(_("“%(name)s” is switched off. Choose another one.") % {"name": chosen})
