"""Legal hold: what must not be erased, whatever the rules of retention say."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions.take import take
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.history import record
from ghiseu.tickets.models import Kind, LegalHold, Ticket
from ghiseu.tickets.permissions import Right, require_administrator

LONGEST_REASON = 500


def hold_ticket(ticket: Ticket, *, reason: str, by: Agent) -> LegalHold:
    """Put the ticket under legal hold; one that is held already stays as it is.

    Holding harms nobody and may be urgent: it takes the right to close. Lifting is for good, and takes all rights.
    Raises NotPermitted, InvalidInput without a reason.
    """
    reason = _readable(reason)
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.CLOSE)
        there = LegalHold.objects.in_force().filter(ticket=ticket).first()
        if there:
            return there
        record(ticket, Kind.HELD, by=by, reason=reason)
        return LegalHold.objects.create(ticket=ticket, reason=reason, placed_at=timezone.now(), placed_by=by)


def release_ticket(ticket: Ticket, *, by: Agent) -> None:
    """Lift the ticket's own hold; its customer's stays. Raises NotPermitted without all rights in the queue."""
    with transaction.atomic():
        ticket = take(ticket, by=by, right=Right.FULL)
        if LegalHold.objects.in_force().filter(ticket=ticket).update(lifted_at=timezone.now(), lifted_by=by):
            record(ticket, Kind.RELEASED, by=by)


def hold_customer(customer: Customer, *, reason: str, by: Agent) -> LegalHold:
    """Put all tickets of the customer under legal hold, those to come too. Raises NotAdministrator, InvalidInput."""
    require_administrator(by)
    reason = _readable(reason)
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        there = LegalHold.objects.in_force().filter(customer=customer).first()
        if there:
            return there
        return LegalHold.objects.create(customer=customer, reason=reason, placed_at=timezone.now(), placed_by=by)


def release_customer(customer: Customer, *, by: Agent) -> None:
    """Lift the customer's hold; those of single tickets stay. Raises NotAdministrator."""
    require_administrator(by)
    LegalHold.objects.in_force().filter(customer=customer).update(lifted_at=timezone.now(), lifted_by=by)


def _readable(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise InvalidInput(_("Say why: whoever meets this hold in some years will want to know."))
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(_("The reason is too long. At most %(most)s characters.") % {"most": LONGEST_REASON})
    return reason
