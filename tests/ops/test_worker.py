import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from ghiseu.ops import worker
from tests.ops.machine import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def running(*duties: worker.Duty) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop, duties))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()


def counting(results: list[int | Exception], done: list[int]) -> Callable[[], int]:
    """A duty that answers what is listed, then 0 for ever, and notes each call."""

    def work() -> int:
        done.append(1)
        answer = results.pop(0) if results else 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    return work


def test_a_duty_works_until_nothing_is_left_without_sleeping_between() -> None:
    done: list[int] = []
    wake = threading.Event()
    # It would hang here for ever if it slept: nobody wakes it, and the poll is far away.
    duty = worker.Duty("count", counting([3, 2, 1], done), wake)

    with running(duty):
        wait_until("four calls", lambda: len(done) >= 4)


def test_an_error_stops_neither_this_duty_nor_the_others() -> None:
    failing: list[int] = []
    well: list[int] = []

    with running(
        worker.Duty("failing", counting([RuntimeError("first"), OSError("second")], failing)),
        worker.Duty("well", counting([], well)),
    ):
        wait_until("the failing duty is called a third time", lambda: len(failing) >= 3)
        wait_until("the other goes on", lambda: len(well) >= 2)


def test_an_announcement_in_the_database_wakes_the_duties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(worker, "LISTEN_SECONDS", 0.1)
    done: list[int] = []

    with running(worker.Duty("count", counting([], done))):
        wait_until("the first call", lambda: len(done) == 1)

        def announced_and_called() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify('ghiseu_work', '')")
            return len(done) > 1

        wait_until("a call after the announcement", announced_and_called)


def test_a_duty_that_hangs_does_not_hold_up_the_stop() -> None:
    release = threading.Event()
    begun = threading.Event()

    def hang() -> int:
        begun.set()
        release.wait(60)
        return 0

    with running(worker.Duty("hang", hang)):
        begun.wait(30)
    release.set()


def test_duties_survive_that_the_database_drops_every_connection() -> None:
    done: list[int] = []

    def ask() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        done.append(1)
        return 0

    with running(worker.Duty("ask", ask)):
        wait_until("the first call", lambda: len(done) >= 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        before = len(done)
        wait_until("two more calls", lambda: len(done) >= before + 2)
