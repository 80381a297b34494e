"""`ghiseu worker`: file mail that came in, send what shall go out, fetch from mailboxes, keep the search, read files.

Each duty has a thread. It works until nothing is left, then sleeps until the database announces work on the channel
`ghiseu_work` or a second has passed. Any number of workers may run: what one has claimed the others skip.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import django.db
import psycopg
import structlog

log = structlog.get_logger()

CHANNEL = "ghiseu_work"
POLL_SECONDS = 1.0
LISTEN_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
SECONDS_TO_FINISH = 3.0


@dataclass
class Duty:
    """A kind of work: `work` does some of it and returns how much; 0 means that nothing is waiting."""

    name: str
    work: Callable[[], int]
    wake: threading.Event = field(default_factory=threading.Event)


def duties(stop: threading.Event) -> list[Duty]:
    """What a worker does. Watching the mailboxes goes on until `stop` is set."""
    from ghiseu.mail.inbound import watch
    from ghiseu.mail.inbound.fetch import fetch_due
    from ghiseu.mail.inbound.receive import file_waiting
    from ghiseu.mail.outbound.send import send_due
    from ghiseu.ops.upkeep import Night
    from ghiseu.tickets.files.reading import reader
    from ghiseu.tickets.search.indexing import index_due

    return [
        Duty("file", file_waiting),
        Duty("send", send_due),
        Duty("fetch", fetch_due),
        Duty("search", index_due),
        Duty("read", reader()),
        Duty("watch", lambda: watch.run(stop)),
        Duty("upkeep", Night(stop).tend),
    ]


def run(stop: threading.Event, given: Sequence[Duty] | None = None) -> None:
    """Do the duties until `stop` is set. What is in progress then gets a few seconds; everything can be repeated."""
    todo = list(duties(stop) if given is None else given)
    threads = [threading.Thread(target=_do, args=(duty, stop), name=duty.name, daemon=True) for duty in todo]
    threads.append(threading.Thread(target=_listen, args=(todo, stop), name="listen", daemon=True))
    for thread in threads:
        thread.start()
    log.info("worker started", duties=",".join(duty.name for duty in todo))
    stop.wait()
    for duty in todo:
        duty.wake.set()
    deadline = time.monotonic() + SECONDS_TO_FINISH
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    unfinished = [thread.name for thread in threads if thread.is_alive()]
    log.info("worker stopped", **({"unfinished": ",".join(unfinished)} if unfinished else {}))


def _do(duty: Duty, stop: threading.Event) -> None:
    """Work, sleep, and survive: an error pauses this duty alone, longer each time until it succeeds again."""
    pause = 0.0
    while not stop.is_set():
        duty.wake.clear()
        try:
            done = duty.work()
        except Exception as error:
            pause = min(max(FIRST_PAUSE_SECONDS, pause * 2), LONGEST_PAUSE_SECONDS)
            log.error("duty failed", duty=duty.name, again_in_seconds=pause, exc_info=error)
            _let_go_of_connection()
            stop.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311 -- spreads the tries of several workers
            continue
        if pause:
            log.info("duty works again", duty=duty.name)
            pause = 0.0
        _let_go_of_connection()
        if not done:
            duty.wake.wait(POLL_SECONDS)


def _let_go_of_connection() -> None:
    """Give the connection back to the pool; a broken one is closed there."""
    try:
        django.db.connection.close()
    except (django.db.Error, psycopg.Error) as error:
        log.warning("connection closed badly", exc_info=error)


def _listen(todo: Sequence[Duty], stop: threading.Event) -> None:
    """Wake the duties when the database announces work. Without it they only start up to a second later."""
    from django.conf import settings

    from ghiseu.ops.database import connection_arguments

    arguments = connection_arguments(settings.DATABASES["default"])
    while not stop.is_set():
        try:
            with psycopg.connect(**arguments, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not stop.is_set():
                    for notice in connection.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                        _wake(todo, notice.payload)
        except psycopg.Error as error:
            log.warning("listening interrupted", exc_info=error)
            stop.wait(FIRST_PAUSE_SECONDS * 2)


def _wake(todo: Sequence[Duty], named: str) -> None:
    """The duty that the announcement names; all of them where it names none."""
    for duty in [duty for duty in todo if duty.name == named] or todo:
        duty.wake.set()
