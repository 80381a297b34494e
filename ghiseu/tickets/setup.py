"""Setting up what tickets are sorted by: types, services, own fields, companies, calendars, service levels."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent, Company
from ghiseu.sla.clock import NeverWorked, WorkingTime
from ghiseu.sla.hours import HoursUnreadable, read_hours
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Calendar, CustomField, Service, Sla, Ticket, TicketType
from ghiseu.tickets.permissions import require_administrator

log = structlog.get_logger(__name__)

Setting = TicketType | Service | CustomField | Calendar | Sla | Company
_HOUR = 60


def keep_setting(row: Setting, *, by: Agent) -> None:
    """Keep one of them, new or changed. Clocks that run already keep their times.

    Raises NotAdministrator, and ValidationError by field for what cannot be understood or a name that is taken.
    """
    require_administrator(by)
    is_new = row.pk is None
    if isinstance(row, Calendar):
        _check_calendar(row)
    with transaction.atomic():
        if isinstance(row, CustomField) and not is_new:
            _refuse_another_nature(row)
        if isinstance(row, Company):
            _refuse_domains_of_others(row)
        row.full_clean()
        row.save()
    log.info("setting_kept", kind=type(row).__name__, setting=row.pk, is_new=is_new, by=by.login)


def delete_setting(row: Setting, *, by: Agent) -> None:
    """Forget one that nothing uses. Raises NotAdministrator, InvalidInput where something does; switch it off then."""
    require_administrator(by)
    words = _("“%(name)s” is in use and stays. Switch it off, or take it away where it is used.")
    in_use = InvalidInput(words % {"name": row})
    if isinstance(row, CustomField) and Ticket.objects.filter(fields__has_key=row.name).exists():
        raise in_use
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError as error:
        raise in_use from error
    log.info("setting_deleted", kind=type(row).__name__, name=str(row), by=by.login)


def _check_calendar(calendar: Calendar) -> None:
    try:
        hours = read_hours(calendar.hours) if calendar.hours else None
        WorkingTime(ZoneInfo(calendar.time_zone), hours, frozenset()).after(datetime.now(UTC), _HOUR)
    except HoursUnreadable as error:
        raise ValidationError({"hours": str(error)}) from error
    except NeverWorked as error:
        raise ValidationError({"hours": _("Nobody ever works by these hours. Give at least one day.")}) from error


def _refuse_domains_of_others(company: Company) -> None:
    others = Company.objects.select_for_update().filter(domains__overlap=company.domains).exclude(pk=company.pk)
    if other := others.first():
        taken = ", ".join(sorted(set(other.domains) & set(company.domains)))
        words = _("%(domains)s belongs to %(company)s already.") % {"domains": taken, "company": other}
        raise ValidationError({"domains": words})


def _refuse_another_nature(field: CustomField) -> None:
    """A field that has values keeps its name and its kind: they would no longer mean what was written."""
    before = CustomField.objects.select_for_update().get(pk=field.pk)
    if (before.name, before.kind) == (field.name, field.kind):
        return
    if Ticket.objects.filter(fields__has_key=before.name).exists():
        message = _("There are tickets with a value in this field, so its name and its kind stay as they are.")
        raise ValidationError({"name" if before.name != field.name else "kind": message})
