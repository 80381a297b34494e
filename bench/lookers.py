"""The two agents who look: one with every right on all queues, one with the same on the smallest queue alone."""

from __future__ import annotations

from collections.abc import Iterable

from bench.load import EVERYWHERE, ONE_QUEUE, PASSWORD


def let_in(small_queue: int) -> None:
    """Make them where they are missing, also in a desk that was filled before."""
    from ghiseu.tickets.models import Queue

    _let_in(EVERYWHERE, Queue.objects.values_list("pk", flat=True))
    _let_in(ONE_QUEUE, [small_queue])


def _let_in(login: str, queues: Iterable[int]) -> None:
    from ghiseu.people.models import Agent, Role
    from ghiseu.tickets.models import QueueGrant

    role, _made = Role.objects.get_or_create(name=login)
    for queue in queues:
        QueueGrant.objects.update_or_create(role=role, queue_id=queue, defaults={"rights": ["full"]})
    agent = Agent.objects.filter(login=login).first() or Agent.objects.create_agent(
        login=login, name=login, email=f"{login}@desk.example", password=None
    )
    if not agent.check_password(PASSWORD):
        agent.set_password(PASSWORD)
        agent.save(update_fields=["password"])
    agent.roles.add(role)
