"""Who may do what: the one place that answers it, for pages, lists, counts, live events and actions alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from ghiseu.people.models import Agent
from ghiseu.people.objects import objects_where
from ghiseu.tickets.errors import NotAdministrator, NotPermitted, TicketNotFound

if TYPE_CHECKING:
    from ghiseu.tickets.models import Queue, Ticket


class Right(models.TextChoices):
    READ = "read", _("read")
    NOTE = "note", _("write notes")
    REPLY = "reply", _("answer customers")
    CREATE = "create", _("create tickets")
    MOVE_INTO = "move_into", _("move tickets here")
    ASSIGN = "assign", _("assign and lock")
    PRIORITY = "priority", _("set the priority")
    CLOSE = "close", _("close and reopen")
    FULL = "full", _("everything")


Rights = dict[int, frozenset[str]]
_EVERY = frozenset(Right.values)
# Asked with every page: written out, it costs a third of what Django needs to make it.
_GRANTS_OF = """
    SELECT role_id, queue_id, rights FROM people_agent_roles LEFT JOIN tickets_queuegrant USING (role_id)
    WHERE agent_id = %s
"""

_HAS_RIGHT = """
    is_active AND EXISTS (
        SELECT FROM people_agent_roles JOIN tickets_queuegrant USING (role_id)
        WHERE agent_id = people_agent.id AND queue_id = %s AND rights && %s::varchar[]
    )
"""


def rights_by_queue(agent: Agent) -> Rights:
    """Every queue id the agent has rights on, with these rights; `full` is spelled out, an inactive agent has none.

    Asked of the database once per agent object, so once per request: a right that was taken away is gone with the
    next one (promise A4).
    """
    return _granted_to(agent).rights


def role_ids_of(agent: Agent) -> frozenset[int]:
    """The roles of an active agent; asked together with the rights, and as often."""
    return _granted_to(agent).role_ids


@dataclass(frozen=True, slots=True)
class _Granted:
    role_ids: frozenset[int]
    rights: Rights


def _granted_to(agent: Agent) -> _Granted:
    known: _Granted | None = agent.__dict__.get("_granted")
    if known is None:
        known = agent.__dict__["_granted"] = _load(agent)
    return known


def _load(agent: Agent) -> _Granted:
    if not agent.is_active:
        return _Granted(frozenset(), {})
    role_ids: set[int] = set()
    collected: dict[int, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRANTS_OF, [agent.pk])
        for role_id, queue_id, rights in cursor.fetchall():
            role_ids.add(role_id)
            if queue_id is not None:
                collected.setdefault(queue_id, set()).update(_EVERY if Right.FULL in rights else rights)
    return _Granted(frozenset(role_ids), {queue_id: frozenset(rights) for queue_id, rights in collected.items()})


def queue_ids_with(agent: Agent, right: Right) -> list[int]:
    return [queue_id for queue_id, rights in rights_by_queue(agent).items() if right in rights]


def agents_with(right: Right, queue_id: int) -> list[Agent]:
    """Every active agent who has this right in the queue, by name."""
    return objects_where(Agent, _HAS_RIGHT, [queue_id, [right.value, Right.FULL.value]], order="name, id")


def may(agent: Agent, right: Right, queue_id: int) -> bool:
    """Whether a role grants the right. On tickets nothing counts without reading, which `require` asks for first."""
    return right in rights_by_queue(agent).get(queue_id, frozenset())


def require(agent: Agent, right: Right, queue: Queue) -> None:
    """Raises TicketNotFound where the agent may not even read the queue, NotPermitted where only `right` is missing."""
    if not may(agent, Right.READ, queue.pk):
        raise TicketNotFound
    if not may(agent, right, queue.pk):
        raise NotPermitted(agent, right, queue)


def require_on(agent: Agent, right: Right, ticket: Ticket) -> None:
    require(agent, right, ticket.queue)


def require_administrator(agent: Agent) -> None:
    """Raises NotAdministrator where the agent does not set the desk up. It says nothing about tickets (promise A1)."""
    if not (agent.is_active and agent.is_administrator):
        raise NotAdministrator
