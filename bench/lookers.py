"""The agents who look.

One has every right on all queues, one the same on the smallest queue alone, and one on all queues with views besides.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.load import EVERYWHERE, ONE_QUEUE, PASSWORD, WITH_VIEWS


def let_in(small_queue: int) -> None:
    """Make them where they are missing, also in a desk that was filled before."""
    from ghiseu.tickets.models import Queue

    _let_in(EVERYWHERE, Queue.objects.values_list("pk", flat=True))
    _let_in(WITH_VIEWS, Queue.objects.values_list("pk", flat=True))
    _let_in(ONE_QUEUE, [small_queue])
    _keep_views(WITH_VIEWS)


# Thirty as agents keep them: most about open tickets, one about what is their own, some that are counted alone.
_QUESTIONS = (
    *("is:open priority>=high", "is:open waiting>4h", "is:open waiting>1d", "is:open age>7d", "is:new", "is:pending"),
    *(
        "is:open owner:none waiting>1h",
        "is:open priority:urgent owner:none",
        "is:open language:ro",
        "is:open articles>5",
    ),
    *("is:open language:uk waiting>2h", "is:open changed:today", "is:open created:today", "is:open created:this-week"),
    *("is:open language:ru", "is:open tag:vip", "is:open type:none", "is:open queue:Abuse*", "is:open idle>3d"),
    *("is:open idle>14d owner:any", "is:open lock:any", "is:open is:overdue", "is:open queue:Abuse::* owner:none"),
    *("is:open answered:none", "is:open pending<+1d", "is:open owner:me priority>=high", "is:closed closed>=-7d"),
    *("is:open has:attachment", "is:closed priority:urgent created:this-year", "is:open customer:@example.com"),
)


def _keep_views(login: str) -> None:
    from ghiseu.people.models import Agent
    from ghiseu.tickets.models import View

    owner = Agent.objects.get(login=login)
    for position, question in enumerate(_QUESTIONS):
        View.objects.get_or_create(owner=owner, query=question, defaults={"name": question, "position": position})


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
