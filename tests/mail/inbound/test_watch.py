from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ghiseu.mail.inbound import fetch as fetching
from ghiseu.mail.inbound import watch
from ghiseu.mail.models import InboundMail, Mailbox
from tests.mail.inbound.imap_stub import Account, serving
from tests.mail.inbound.test_fetch import make
from tests.mail.mails import mail_bytes
from tests.ops.machine import wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ABILITIES = "IMAP4rev1 UIDPLUS MOVE IDLE"


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(watch, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(watch, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(watch, "SLICE_SECONDS", 0.05)
    yield
    wait_until("no fetch is under way", lambda: not fetching._busy)
    fetching.pauses.__init__()  # type: ignore[misc]  # the next test begins as a new process does
    fetching._asked.clear()


@pytest.fixture
def account() -> Account:
    return Account(abilities=ABILITIES)


@pytest.fixture
def mailbox(account: Account, settings: Settings) -> Iterator[Mailbox]:
    with serving(account) as port:
        yield make(port, settings, fetched_at=timezone.now(), fetch_every_seconds=3600)


@contextmanager
def watching() -> Iterator[threading.Event]:
    stop = threading.Event()

    def work() -> None:
        try:
            watch.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def fetched(count: int) -> None:
    """The worker's other duty goes on meanwhile; by itself it would come once in an hour."""
    wait_until(f"{count} mails are here", lambda: fetching.fetch_due() >= 0 and InboundMail.objects.count() == count)


def sessions(account: Account) -> int:
    return sum(command.startswith("EXAMINE") for command in list(account.commands))


def test_mail_is_fetched_when_the_server_tells_of_it_over_one_connection(mailbox: Mailbox, account: Account) -> None:
    account.put(mail_bytes())
    with watching():
        fetched(1)
        for number in range(2, 5):
            wait_until("the server can tell", lambda: bool(account.listeners))
            account.put(mail_bytes(subject=str(number)))
            fetched(number)

    assert sessions(account) == 1
    assert account.raws() == []


def test_the_connection_is_ended_politely_at_the_stop(mailbox: Mailbox, account: Account) -> None:
    with watching():
        wait_until("the server is listened to", account.idle.is_set)
        wait_until("nothing is fetched", lambda: not fetching._busy)

    assert account.commands[-2:] == ["DONE", "LOGOUT"]
    assert account.listeners == []


def test_idle_is_renewed_in_time_on_the_same_connection(
    mailbox: Mailbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watch.RENEW_SECONDS < 29 * 60
    monkeypatch.setattr(watch, "RENEW_SECONDS", 0.2)
    with watching():
        wait_until("it was renewed", lambda: account.commands.count("IDLE") > 2)

    assert sessions(account) == 1


def test_after_the_connection_breaks_another_is_made(mailbox: Mailbox, account: Account) -> None:
    account.dies_at = "IDLE"
    with watching():
        wait_until("the server is listened to", lambda: bool(account.listeners))
        account.put(mail_bytes())
        fetched(1)

    assert sessions(account) == 2


def test_a_server_without_idle_is_asked_once_and_then_left_to_polling(mailbox: Mailbox, account: Account) -> None:
    account.abilities = "IMAP4rev1"
    with watching() as stop:
        wait_until("it was asked", lambda: "LOGOUT" in account.commands)
        stop.wait(0.3)

    assert account.commands.count("LOGOUT") == 1
    assert "IDLE" not in account.commands


def test_one_process_watches(mailbox: Mailbox, account: Account) -> None:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [watch.LOCK_OF_WATCHING + mailbox.pk])
        with watching() as stop:
            stop.wait(0.3)
            assert account.commands == []
            other.execute("SELECT pg_advisory_unlock_all()")
            wait_until("the server is listened to", account.idle.is_set)


def test_a_mailbox_that_is_changed_or_closed_is_watched_accordingly(mailbox: Mailbox, account: Account) -> None:
    account.folders["Other"] = {}
    with watching():
        wait_until("the server is listened to", account.idle.is_set)
        Mailbox.objects.update(folders=["Other"])
        wait_until("the other folder is watched", lambda: 'EXAMINE "Other"' in account.commands)
        wait_until("the server is listened to", lambda: bool(account.listeners))
        Mailbox.objects.update(is_active=False)
        wait_until("nobody listens", lambda: not account.listeners)


def test_what_was_not_fetched_lately_is_not_watched(mailbox: Mailbox, account: Account) -> None:
    Mailbox.objects.update(fetched_at=None)
    with watching() as stop:
        stop.wait(0.3)

    assert account.commands == []


def test_when_the_database_drops_the_lock_watching_ends_and_may_begin_anew(mailbox: Mailbox, account: Account) -> None:
    ended: list[Exception] = []

    def work() -> None:
        try:
            watch.run(threading.Event())
        except Exception as error:  # noqa: BLE001 -- what the worker would see
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until("the server is listened to", account.idle.is_set)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint | "
            "(classid::bigint << 32) = %s",
            [watch.LOCK_OF_WATCHING + mailbox.pk],
        )
    thread.join(20)

    assert [type(error).__name__ for error in ended] == ["OperationalError"]
    assert account.listeners == []
    account.idle.clear()
    with watching():
        wait_until("the server is listened to again", account.idle.is_set)
