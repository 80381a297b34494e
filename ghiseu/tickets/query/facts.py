"""A ticket as a subject in memory, with everything that hangs on it read when it is first asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import cached_property

from ghiseu.people.models import Agent
from ghiseu.tickets.models import Article, Attachment, Channel, Event, FileText, Kind, SenderType, State, Ticket
from ghiseu.tickets.query.memory import FieldValue, Person
from ghiseu.tickets.query.scope import state_values


class Facts:
    """What the fields read. `now` is the moment of the question, for ages and locks."""

    def __init__(self, ticket: Ticket, now: dt.datetime) -> None:
        self.ticket = ticket
        self.now = now

    @cached_property
    def articles(self) -> list[Article]:
        return list(self.ticket.articles.order_by("pk"))

    @cached_property
    def files(self) -> list[Attachment]:
        return list(Attachment.objects.filter(article__ticket=self.ticket))

    @cached_property
    def file_texts(self) -> list[str]:
        """What stands in the files, as far as they were read."""
        texts = FileText.objects.filter(blob__attachments__article__ticket=self.ticket).exclude(text="")
        return list(texts.values_list("text", flat=True))

    @cached_property
    def events(self) -> list[Event]:
        return list(self.ticket.events.order_by("pk"))

    @cached_property
    def states(self) -> dict[str, tuple[str, ...]]:
        """What each state of this desk is called, by its name."""
        return {state.name: state_values(state) for state in State.objects.all()}

    @cached_property
    def customer(self) -> list[Person]:
        customer = self.ticket.customer
        handles = [identity.value for identity in customer.identities.all()]
        return [Person(customer.name, handle) for handle in handles or [""]]

    def replies(self) -> list[Article]:
        """Answers that reached the customer."""
        answers = [one for one in self.articles if one.sender_type == SenderType.AGENT and one.is_visible_to_customer]
        return [answer for answer in answers if answer.taken_back_at is None]

    def notes(self) -> list[Article]:
        return [article for article in self.articles if article.channel == Channel.NOTE]

    def messages(self) -> list[Article]:
        return [article for article in self.articles if article.is_from_customer]

    def past(self, kind: Kind, *names: str) -> list[object]:
        """What the history says under these names about one kind of change."""
        rows = [event.data for event in self.events if event.kind == kind]
        return [data[name] for data in rows for name in names if data.get(name) is not None]

    def past_owners(self) -> list[Person]:
        ids = [pk for pk in self.past(Kind.OWNER_CHANGED, "old_id", "new_id") if isinstance(pk, int)]
        agents = [*Agent.objects.get_queryset().filter(pk__in=ids)]
        return [agent_person(agent) for agent in [*agents, *([self.ticket.owner] if self.ticket.owner else [])]]

    def past_queues(self) -> list[str]:
        names = (*self.past(Kind.CREATED, "queue"), *self.past(Kind.QUEUE_CHANGED, "old", "new"))
        return [self.ticket.queue.name, *(str(name) for name in names)]

    def past_states(self) -> list[str]:
        """Names and types; of a state that is no longer there the name alone is not known to be one."""
        names = [str(name) for name in self.past(Kind.STATE_CHANGED, "old", "new")]
        return [value for name in (self.ticket.state.name, *names) for value in self.states.get(name, ())]

    def past_priorities(self) -> list[int]:
        ranks = [rank for rank in self.past(Kind.PRIORITY_CHANGED, "old", "new") if isinstance(rank, int)]
        return [self.ticket.priority, *ranks]


def agent_person(agent: Agent) -> Person:
    return Person(agent.name, agent.login)


class TicketSubject:
    """Answers an in-memory query about one ticket with the values that the database would be asked for."""

    def __init__(self, ticket: Ticket, now: dt.datetime) -> None:
        self._facts = Facts(ticket, now)

    def values(self, field: str) -> Collection[FieldValue]:
        from ghiseu.tickets.query.own_fields import PREFIX, read_own_field
        from ghiseu.tickets.query.ticket_fields import TICKET_FIELDS

        if field.startswith(PREFIX):
            return tuple(read_own_field(field, self._facts))
        return tuple(TICKET_FIELDS[field].read(self._facts))
