"""Saving, sharing, moving and deleting views. Each change is one transaction.

Who made a view may change it. Administrators set the desk up, so they share with everybody, and may change whatever is
shared; what somebody keeps for themselves nobody else sees, administrators neither. Everybody may share with a role
that they have: a view shows each reader only what that reader may see, so sharing one gives no right away.
"""

from __future__ import annotations

import structlog
from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ghiseu.people.models import Agent, Role
from ghiseu.tickets.errors import InvalidInput, NotAdministrator
from ghiseu.tickets.models import Audience, CustomField, View
from ghiseu.tickets.paging import TIME_OF, Grouping
from ghiseu.tickets.query.only_open import is_only_open
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.sql import refuse_if_too_broad
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.query.tree import Query
from ghiseu.tickets.views.understanding import own_fields_in, understand_again

log = structlog.get_logger(__name__)

MOST_OF_ONE_AGENT = 100
_STEP = 10


def may_change(view: View, agent: Agent) -> bool:
    return view.owner_id == agent.pk or (agent.is_administrator and view.audience != Audience.ME)


def roles_to_share_with(agent: Agent) -> list[Role]:
    """The agent's own roles; every role for administrators."""
    return list((Role.objects.all() if agent.is_administrator else agent.roles.all()).order_by("name"))


def save_view(view: View, *, by: Agent) -> View:
    """Keep a new or changed view; a new one comes last.

    Raises QueryError for a question that cannot be asked, InvalidInput for looks that do not fit it or one view too
    many, NotAdministrator where `by` may not share it so.
    """
    understand(view)
    with transaction.atomic():
        _require_sharing(view, by)
        if not view.pk:
            _require_room(by)
        siblings = _siblings(view)
        if not view.pk or not siblings.filter(pk=view.pk).exists():
            view.position = (siblings.aggregate(last=Max("position"))["last"] or 0) + _STEP
        view.save()
    log.info("view.saved", view=view.pk, audience=view.audience, agent=by.login)
    return view


def understand(view: View) -> Query:
    """The view's question. Raises QueryError, and InvalidInput where its grouping does not fit."""
    query = parse(view.query, TICKETS)
    if names := own_fields_in(query):
        understand_again(view.query, set(CustomField.objects.filter(name__in=names).values_list("name", flat=True)))
    refuse_if_too_broad(query)
    refuse_grouping(query, view.grouping, view.order)
    return query


def refuse_grouping(query: Query, grouping: str, order: str) -> None:
    """Raises InvalidInput for groups that would have all tickets of all years sorted, or days in no order of time."""
    if grouping == Grouping.DAY:
        if order not in {one.value for one in TIME_OF}:
            raise InvalidInput(_("Groups by day need an order by time. Choose one, or other groups."))
    elif grouping and not is_only_open(query):
        raise InvalidInput(_("Such groups are there for open tickets. Add is:open to the question, or group by day."))


def _require_sharing(view: View, by: Agent) -> None:
    # What is kept decides, not what the caller made of it: a view cannot be taken over by changing it.
    kept = View.objects.select_for_update().filter(pk=view.pk).first() if view.pk else None
    if kept is not None and not may_change(kept, by):
        raise NotAdministrator
    if by.is_administrator or view.audience == Audience.ME:
        return
    is_own_role = view.audience == Audience.ROLE and view.role in by.roles.all()
    if not is_own_role:
        raise NotAdministrator


def _require_room(by: Agent) -> None:
    if by.views.count() >= MOST_OF_ONE_AGENT:
        raise InvalidInput(
            _("You have %(most)d views. Delete one that you no longer need.") % {"most": MOST_OF_ONE_AGENT}
        )


def _siblings(view: View) -> models.QuerySet[View]:
    """The views among which it has its place."""
    match view.audience:
        case Audience.ME:
            return View.objects.filter(audience=Audience.ME, owner_id=view.owner_id)
        case Audience.ROLE:
            return View.objects.filter(audience=Audience.ROLE, role=view.role)
        case _:
            return View.objects.filter(audience=Audience.EVERYONE)


def move_view(view: View, *, up: bool, by: Agent) -> None:
    """Change places with the view above or below; at the edge nothing changes. Raises NotAdministrator."""
    with transaction.atomic():
        if not may_change(view, by):
            raise NotAdministrator
        rows = list(_siblings(view).select_for_update().order_by("position", "pk"))
        place = next((index for index, row in enumerate(rows) if row.pk == view.pk), None)
        if place is None:
            return
        other = place - 1 if up else place + 1
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
        for position, row in enumerate(rows, 1):
            row.position = position * _STEP
        View.objects.bulk_update(rows, ["position"])


def delete_view(view: View, *, by: Agent) -> None:
    """Raises NotAdministrator where it is not theirs to delete."""
    if not may_change(view, by):
        raise NotAdministrator
    log.info("view.deleted", view=view.pk, name=view.name, agent=by.login)
    view.delete()
