"""The demo company's two weeks at the desk, told from the top.

People, queues and mailboxes first. Then every mail comes in by the door that the mail servers use, and every answer,
note and change is made by the action behind the agents' buttons; so what the demo shows is what the desk does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.db.models import F, Max

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.models import InboundMail
from ghiseu.mail.outbound.send import send_here
from ghiseu.ops.demo import people, script
from ghiseu.ops.demo.casting import stories
from ghiseu.ops.demo.clock import clock_at
from ghiseu.ops.demo.company import DeskInUse
from ghiseu.ops.demo.play import Players, keep_out, scenes
from ghiseu.people.models import Agent
from ghiseu.tickets.models import Article, Event

# A mail that every filled demo holds, whatever its users have changed since.
FIRST_MAIL = script.written_stories()[0].message_id(0)


def fill_desk(progress: Callable[[str], None]) -> None:
    """Play what the desk has not seen yet; see `company.fill`.

    The history itself says how far it came: scenes are played in order of time, each at a moment of its own, and
    everything up to the newest event has happened.
    """
    now = _set_up_at(progress)
    every = scenes(stories(now), now)
    newest = Event.objects.aggregate(newest=Max("at"))["newest"]
    left = [scene for scene in every if newest is None or scene.at > newest]
    if not left:
        progress("The demo company is there already")
        return
    to_take_back = dt.timedelta(seconds=settings.UNDO_SECONDS)
    with _quick_commits(), _mail_stays_here():
        _let_go_of_claims()
        players, day = Players(), None
        for scene in left:
            if day != (day := scene.at.date()):
                progress(f"Demo company: the mail of {day:%d.%m.%Y}")
            with clock_at(scene.at):
                mail_leaves = players.play(scene)
            if mail_leaves:
                with clock_at(min(scene.at + to_take_back, now)):
                    send_here()
        keep_out(now)
        # What an interruption left between two steps of one scene.
        file_waiting()
        send_here()
    progress(f"Demo company: {len({scene.story.key for scene in every})} tickets are there")


def _set_up_at(progress: Callable[[str], None]) -> dt.datetime:
    """When the company was set up, now or by an earlier start: the moment from which all times count back.

    Raises DeskInUse where others work already.
    """
    first = Agent.objects.order_by("pk").first()
    if first is None:
        progress("Demo company: people, queues and mailboxes")
        people.set_up()
        first = Agent.objects.earliest("pk")
    if first.email != people.FIRST_AGENT and not Article.objects.filter(message_id=FIRST_MAIL).exists():
        raise DeskInUse
    return first.created_at


def _let_go_of_claims() -> None:
    """A mail that an interrupted filling had just claimed is due again at once, on the demo's clock."""
    waiting = InboundMail.objects.filter(state=InboundMail.State.RECEIVED)
    waiting.update(next_try_at=F("received_at"))


@contextmanager
def _quick_commits() -> Iterator[None]:
    """Let the disk catch up behind us: a demo that loses its last moments in a crash just plays them again."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")


@contextmanager
def _mail_stays_here() -> Iterator[None]:
    """The past was sent long ago: the sender puts it into the local folder, whatever server waits for real mail."""
    given, settings.SMTP_URL = settings.SMTP_URL, ""
    try:
        yield
    finally:
        settings.SMTP_URL = given
