"""Acting the stories out: every step through the door or the action that people use, at its own time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import AutoResponse, Mailbox
from ghiseu.mail.outbound.draft import opening_text
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.ops.demo import script
from ghiseu.ops.demo.clock import clock_at
from ghiseu.ops.demo.company import WorkerRunning
from ghiseu.ops.demo.files import sample
from ghiseu.ops.demo.mails import Draft, Quoted, raw_mail
from ghiseu.ops.demo.script import Person, Step, Story
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import (
    assign_ticket,
    close_ticket,
    lock_ticket,
    move_ticket,
    set_pending,
    set_priority,
    write_note,
)
from ghiseu.tickets.models import Article, Priority, Queue, SenderType, Ticket


@dataclass(frozen=True, slots=True)
class Scene:
    """One step of a story with the moment at which it happens; `position` counts the steps of its story."""

    at: dt.datetime
    story: Story
    position: int

    @property
    def step(self) -> Step:
        return self.story.steps[self.position]


def scenes(stories: list[Story], now: dt.datetime) -> list[Scene]:
    """Every step of every story in order of time, no two at the same moment, all before `now`."""
    found = []
    for story in stories:
        at = now - story.age
        for position, step in enumerate(story.steps):
            at += step.after
            found.append(Scene(at, story, position))
    found.sort(key=lambda scene: (scene.at, scene.story.key, scene.position))
    ordered: list[Scene] = []
    for scene in found:
        earliest = ordered[-1].at + dt.timedelta(microseconds=1) if ordered else scene.at
        ordered.append(Scene(max(scene.at, earliest), scene.story, scene.position))
    return ordered


def keep_out(now: dt.datetime) -> None:
    """Let the mails come that a rule puts into quarantine. Offered twice, they are the same mails."""
    for row in script.read("stories")["kept_out"]:
        mailbox = Mailbox.objects.get(name=row["mailbox"])
        at = now - dt.timedelta(minutes=row["age"])
        draft = Draft(
            person=Person(row["name"], row["address"], "ro", "thunderbird"),
            sender=row["address"],
            to=mailbox.address,
            subject=row["subject"],
            text=row["text"],
            message_id=f"{row['key']}@{row['address'].partition('@')[2]}",
            at=timezone.localtime(at),
        )
        with clock_at(at):
            keep(mailbox=mailbox, raw=raw_mail(draft), channel="lmtp")
            file_waiting()


class Players:
    """The desk's people, queues and mailboxes by their names, asked for once."""

    def __init__(self) -> None:
        self.agents = {agent.login: agent for agent in Agent.objects.active()}
        self.queues = {queue.name: queue for queue in Queue.objects.all()}
        self.mailboxes = {box.name: box for box in Mailbox.objects.select_related("queue")}
        self.mailbox_of_address = {box.address: box for box in self.mailboxes.values()}
        self._tickets: dict[str, Ticket] = {}
        self.answering_queues = set(AutoResponse.objects.values_list("queue_id", flat=True))

    def play(self, scene: Scene) -> bool:
        """Do what the scene says; returns whether mail leaves by it.

        Raises what the door or the action raises: then the story is wrong.
        """
        if scene.step.do == "mail":
            return self._mail(scene)
        _ACTS[scene.step.do](self, scene, self._ticket(scene.story), self.agents[scene.step.by])
        return scene.step.do == "reply"

    def _mail(self, scene: Scene) -> bool:
        story, step = scene.story, scene.step
        answered = None if scene.position == 0 else _last_answer(self._ticket(story))
        mailbox = self.mailbox_of_address[answered.from_address] if answered else self.mailboxes[story.mailbox]
        draft = Draft(
            person=story.person,
            sender=_sender(story, step),
            to=mailbox.address,
            subject=f"Re: {answered.subject.removeprefix('Re: ')}" if answered else story.subject,
            text=step.text,
            message_id=story.message_id(scene.position),
            at=timezone.localtime(scene.at),
            shape=step.shape,
            files=tuple(sample(name, story.person.language) for name in step.attach),
            quoted=_quote(answered) if answered else None,
        )
        keep(mailbox=mailbox, raw=raw_mail(draft), channel="lmtp")
        if not file_waiting():
            raise WorkerRunning
        return mailbox.queue_id in self.answering_queues

    def _ticket(self, story: Story) -> Ticket:
        """The story's ticket, its queue as it is; the actions look at the rest themselves."""
        if story.key not in self._tickets:
            self._tickets[story.key] = ticket_of(story)
        return self._tickets[story.key]

    def reply(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        mails = [step for step in scene.story.steps[: scene.position] if step.do == "mail"]
        # Written where the reply box leaves room for it, between salutation and signature.
        head, rule, signature = opening_text(ticket, by=by).partition("\n\n-- \n")
        text = f"{head}{scene.step.text}{rule}{signature}"
        send_reply(ticket, by=by, text=text, to=_sender(scene.story, mails[-1]))

    def note(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        write_note(ticket, text=scene.step.text, by=by)

    def assign(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        assign_ticket(ticket, to=self.agents[scene.step.to], by=by)

    def priority(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        set_priority(ticket, Priority[scene.step.to.upper()], by=by)

    def move(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        self._tickets[scene.story.key] = move_ticket(ticket, to=self.queues[scene.step.to], by=by)

    def close(self, _scene: Scene, ticket: Ticket, by: Agent) -> None:
        close_ticket(ticket, by=by)

    def pending(self, scene: Scene, ticket: Ticket, by: Agent) -> None:
        set_pending(ticket, until=scene.at + dt.timedelta(hours=scene.step.until_hours), by=by)

    def lock(self, _scene: Scene, ticket: Ticket, by: Agent) -> None:
        lock_ticket(ticket, by=by)


_ACTS: dict[str, Callable[[Players, Scene, Ticket, Agent], None]] = {
    "reply": Players.reply,
    "note": Players.note,
    "assign": Players.assign,
    "priority": Players.priority,
    "move": Players.move,
    "close": Players.close,
    "pending": Players.pending,
    "lock": Players.lock,
}


def _sender(story: Story, mail: Step) -> str:
    return story.person.second_address if mail.second_address else story.person.address


def ticket_of(story: Story) -> Ticket:
    """The ticket that the story's first mail became."""
    article = Article.objects.select_related("ticket__queue").get(message_id=story.message_id(0))
    return article.ticket


def _last_answer(ticket: Ticket) -> Article | None:
    answers = ticket.articles.filter(sender_type=SenderType.AGENT, is_visible_to_customer=True)
    return answers.order_by("-pk").first()


def _quote(answer: Article) -> Quoted:
    references = f"<{answer.in_reply_to}>" if answer.in_reply_to else ""
    name, address = answer.from_name, answer.from_address
    return Quoted(answer.message_id, references, name, address, answer.text, timezone.localtime(answer.created_at))
