"""Hearing of new mail at once: a connection for each IMAP mailbox on which its server speaks by itself (RFC 2177).

A watcher only looks, and asks the fetcher to come; whatever it misses the next fetch finds, which comes in its time in
any case. One process watches a mailbox, by a lock in the database that ends with the process however it ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from ghiseu.mail.errors import LoginRefused, Unreachable
from ghiseu.mail.inbound import imap
from ghiseu.mail.inbound.fetch import PAUSE_AFTER_REFUSED_LOGIN_SECONDS, fetch_soon
from ghiseu.mail.inbound.server import opened
from ghiseu.mail.models import Mailbox

log = structlog.get_logger(__name__)

LOCK_OF_WATCHING = 0x6777 << 40
LOOK_EVERY_SECONDS = 2.0
SLICE_SECONDS = 0.5
# A server may end a silent IDLE after 30 minutes (RFC 3501 section 5.4), and a router forgets it sooner.
RENEW_SECONDS = 600.0
SECONDS_TO_END = 2.5
PAUSE_SECONDS = 30.0
# A server without IDLE is asked again after this time: it may have been replaced.
PAUSE_WITHOUT_IDLE_SECONDS = 3600.0
# Only a mailbox that was fetched within this time is watched: one that cannot be reached is the fetcher's trouble.
FETCHED_WITHIN_SECONDS = 300
# Bytes of TLS that are no words wake us too; so often in a row and at once it is the end of the connection.
MOST_EMPTY_WAKES = 5


def run(stop: threading.Event) -> int:
    """Watch all mailboxes that can be watched until `stop` is set; each connection is then ended politely.

    Returns 0. Raises the trouble with the database that ends the locks; all watchers have ended by then.
    """
    watchers: dict[int, Watcher] = {}
    try:
        while not stop.is_set():
            _set_right(watchers)
            stop.wait(LOOK_EVERY_SECONDS)
    finally:
        _end(watchers.values())
        _let_go_of_locks()
    return 0


def _set_right(watchers: dict[int, Watcher]) -> None:
    """Begin and end watching, so that it fits the mailboxes as they are set up now."""
    wanted = {mailbox.pk: mailbox for mailbox in Mailbox.objects.filter(is_active=True) if _is_watchable(mailbox)}
    for pk, watcher in list(watchers.items()):
        if pk not in wanted or watcher.setup != _setup(wanted[pk]):
            watcher.ended.set()
        if not watcher.is_alive():
            del watchers[pk]
            _unlock(pk)
    for pk, mailbox in wanted.items():
        if pk not in watchers and _lock(pk):
            watchers[pk] = Watcher(mailbox)
            watchers[pk].start()


def _is_watchable(mailbox: Mailbox) -> bool:
    if mailbox.protocol != Mailbox.Protocol.IMAP or mailbox.fetched_at is None:
        return False
    patience = max(FETCHED_WITHIN_SECONDS, 3 * mailbox.fetch_every_seconds)
    return (timezone.now() - mailbox.fetched_at).total_seconds() < patience


def _setup(mailbox: Mailbox) -> tuple[object, ...]:
    server = (mailbox.host, mailbox.port, mailbox.security, mailbox.folders[0])
    return (*server, mailbox.sign_in, mailbox.login, mailbox.password)


class Watcher(threading.Thread):
    """Holds the connection of one mailbox until `ended` is set."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(name=f"watch {mailbox.name}", daemon=True)
        self.mailbox, self.setup, self.ended = mailbox, _setup(mailbox), threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                pause = self._watch()
            except Unreachable as error:
                pause = PAUSE_AFTER_REFUSED_LOGIN_SECONDS if isinstance(error, LoginRefused) else PAUSE_SECONDS
                log.warning("watch_interrupted", mailbox=self.mailbox.name, cause=str(error))
            except (OperationalError, InterfaceError) as error:
                pause = PAUSE_SECONDS
                log.warning("watch_interrupted", mailbox=self.mailbox.name, exc_info=error)
            finally:
                connection.close()
            self.ended.wait(pause)

    def _watch(self) -> float:
        """Listen until the end; returns how long to wait before beginning again."""
        with opened(self.mailbox, read_only=True) as server:
            connection.close()  # only an access token needs the database
            if not isinstance(server, imap.Session) or "IDLE" not in server.abilities:
                return PAUSE_WITHOUT_IDLE_SECONDS
            server.place(self.mailbox.folders[0])
            log.info("watching", mailbox=self.mailbox.name)
            while not self.ended.is_set():
                self._listen(server)
        return 0.0

    def _listen(self, server: imap.Session) -> None:
        """One IDLE, from its beginning to DONE."""
        idle, until, empty_wakes = server.box.idle, time.monotonic() + RENEW_SECONDS, 0
        idle.start()  # type: ignore[no-untyped-call]  # imap-tools forgot to say that it takes nothing
        fetch_soon(self.mailbox)  # for what came while nobody listened
        while not self.ended.is_set() and time.monotonic() < until:
            began = time.monotonic()
            lines = idle.poll(timeout=SLICE_SECONDS)
            is_empty_wake = not lines and time.monotonic() - began < SLICE_SECONDS / 2
            empty_wakes = empty_wakes + 1 if is_empty_wake else 0
            if empty_wakes > MOST_EMPTY_WAKES or any(line.startswith(b"* BYE") for line in lines):
                raise ConnectionAbortedError(0, "the server ended the connection")
            if any(line.rstrip().upper().endswith(b" EXISTS") for line in lines):
                fetch_soon(self.mailbox)
        idle.stop()  # type: ignore[no-untyped-call]


def _end(watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.ended.set()
    deadline = time.monotonic() + SECONDS_TO_END
    for watcher in watchers:
        watcher.join(max(0.0, deadline - time.monotonic()))


def _lock(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_OF_WATCHING + pk])
        row = cursor.fetchone()
    return bool(row and row[0])


def _unlock(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_OF_WATCHING + pk])


def _let_go_of_locks() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    except (OperationalError, InterfaceError):
        log.info("watch_locks_gone")  # they went with the session
    finally:
        connection.close()
