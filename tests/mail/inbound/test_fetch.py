from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ghiseu.lib.sealing import seal
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound import fetch as fetching
from ghiseu.mail.inbound.connection import BATCH_MAILS
from ghiseu.mail.inbound.fetch import fetch, fetch_due, pauses
from ghiseu.mail.inbound.imap import HELD
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.mailboxes import MailboxState, Trial, state_of, states_of, try_out
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import bytes_of
from tests.factories import make_mailbox, make_queue
from tests.mail.inbound.imap_stub import Account, serving
from tests.mail.mails import mail_bytes
from tests.ops.machine import wait_until

in_threads = pytest.mark.django_db(transaction=True)
here = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    yield
    pauses.__init__()  # type: ignore[misc]  # the next test begins as a new process does


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def port(account: Account) -> Iterator[int]:
    with serving(account) as port:
        yield port


def make(port: int, settings: Settings, **fields: Any) -> Mailbox:
    values: dict[str, Any] = {
        "protocol": Mailbox.Protocol.IMAP,
        "host": "127.0.0.1",
        "port": port,
        "security": Mailbox.Security.PLAIN,
        "login": "support",
        "password": seal("window-42", key=settings.SECRET_KEY),
    }
    queue = make_queue(fields.pop("queue", "Support"))
    return make_mailbox(queue, **(values | fields))


@pytest.fixture
def mailbox(db: None, port: int, settings: Settings) -> Mailbox:
    return make(port, settings)


def kept() -> list[bytes]:
    return [bytes_of(mail.raw) for mail in InboundMail.objects.order_by("pk")]


@here
def test_mails_are_kept_byte_by_byte_and_then_removed(mailbox: Mailbox, account: Account) -> None:
    raws = [mail_bytes(subject=str(number), text="Bună\r\n\r\n)\r\n") for number in range(120)]
    for raw in raws:
        account.put(raw)

    assert fetch(mailbox) == 120

    mailbox.refresh_from_db()
    assert kept() == raws
    assert account.raws() == []
    assert (mailbox.last_error, mailbox.failed_at) == ("", None)
    assert mailbox.fetched_at is not None
    assert set(InboundMail.objects.values_list("channel", flat=True)) == {"imap"}


@here
def test_nothing_is_marked_as_read_and_only_what_was_taken_is_asked_away(mailbox: Mailbox, account: Account) -> None:
    uid = account.put(mail_bytes())

    fetch(mailbox)

    assert account.changing() == [rf"UID STORE {uid} +FLAGS.SILENT (\Deleted {HELD})", f"UID EXPUNGE {uid}"]
    assert "UID FETCH 1 (UID BODY.PEEK[])" in account.commands


@here
def test_what_others_have_marked_as_deleted_is_neither_taken_nor_removed(mailbox: Mailbox, account: Account) -> None:
    account.put(mail_bytes(subject="thrown away"), flags=(r"\Deleted",))
    account.put(mail_bytes())

    assert fetch(mailbox) == 1

    assert account.raws() == [mail_bytes(subject="thrown away")]
    assert kept() == [mail_bytes()]


@here
def test_without_uidplus_mails_are_marked_and_never_expunged(mailbox: Mailbox, account: Account) -> None:
    account.abilities = "IMAP4rev1"
    account.put(mail_bytes(subject="thrown away"), flags=(r"\Deleted",))
    account.put(mail_bytes())

    assert [fetch(mailbox), fetch(mailbox)] == [1, 0]

    assert len(account.raws()) == 2
    assert not any("EXPUNGE" in command for command in account.commands)


@here
@pytest.mark.parametrize("dies_at", ["UID STORE", "UID EXPUNGE", "LOGOUT"])
@pytest.mark.parametrize("uid_last", [False, True])
def test_a_fetch_cut_in_two_doubles_nothing_and_is_finished_by_the_next(
    mailbox: Mailbox, account: Account, dies_at: str, uid_last: bool
) -> None:
    account.dies_at, account.uid_last = dies_at, uid_last
    for number in range(3):
        account.put(mail_bytes(subject=str(number)))

    fetch(mailbox)
    fetch(mailbox)

    assert kept() == [mail_bytes(subject=str(number)) for number in range(3)]
    assert account.raws() == []


@here
def test_a_cut_before_the_commit_leaves_the_mail_on_the_server(mailbox: Mailbox, account: Account) -> None:
    account.put(mail_bytes())
    account.dies_at = "UID FETCH 1 (UID BODY.PEEK[])"

    assert fetch(mailbox) == 0

    mailbox.refresh_from_db()
    assert account.raws() == [mail_bytes()]
    assert "cannot be reached or does not answer as it should" in mailbox.last_error
    assert mailbox.failed_at is not None


@here
@pytest.mark.parametrize("abilities", ["IMAP4rev1 UIDPLUS MOVE", "IMAP4rev1 UIDPLUS"])
def test_mails_may_be_moved_to_a_folder_which_is_made(
    account: Account, port: int, settings: Settings, abilities: str
) -> None:
    account.abilities = abilities
    mailbox = make(port, settings, afterwards=Mailbox.Afterwards.MOVE, move_to_folder="Filed mail")
    account.put(mail_bytes())
    account.put(mail_bytes(subject="second"))

    count = fetch(mailbox)
    mailbox.refresh_from_db()
    assert (count, mailbox.last_error) == (2, "")

    assert account.raws() == []
    assert account.raws("Filed mail") == [mail_bytes(), mail_bytes(subject="second")]


@here
def test_a_mail_that_is_too_large_stays_is_never_read_and_is_told(mailbox: Mailbox, account: Account) -> None:
    large = account.put(mail_bytes(subject="large"), size=60_000_000)
    account.put(mail_bytes())

    assert fetch(mailbox) == 1

    mailbox.refresh_from_db()
    assert account.raws() == [mail_bytes(subject="large")]
    assert mailbox.last_error.startswith("1 mails stay on the server. The first: The mail has 60000000 bytes")
    assert not any(command.startswith(f"UID FETCH {large} (UID BODY") for command in account.commands)
    assert mailbox.fetched_at is not None


@here
def test_an_empty_mail_stays_and_stops_no_other(mailbox: Mailbox, account: Account) -> None:
    account.put(b"")
    account.put(mail_bytes())

    assert fetch(mailbox) == 1

    mailbox.refresh_from_db()
    assert account.raws() == [b""]
    assert "The mail is empty" in mailbox.last_error


@here
def test_while_the_disk_takes_nothing_mails_stay_on_the_server(
    mailbox: Mailbox, account: Account, settings: Settings, tmp_path: Path
) -> None:
    settings.BLOBS_FOLDER = tmp_path / "file"
    settings.BLOBS_FOLDER.write_text("no folder can be made in a file")
    account.put(mail_bytes(text="x" * 40_000))

    assert fetch(mailbox) == 0

    mailbox.refresh_from_db()
    assert len(account.raws()) == 1
    assert "It stays on the server; make room in" in mailbox.last_error


@here
def test_a_mail_that_is_held_already_by_another_way_is_only_removed(mailbox: Mailbox, account: Account) -> None:
    keep(mailbox=mailbox, raw=mail_bytes(), channel="lmtp")
    account.put(mail_bytes())

    fetch(mailbox)

    assert (kept(), account.raws()) == ([mail_bytes()], [])


@here
def test_trying_out_a_mailbox_changes_nothing(mailbox: Mailbox, account: Account) -> None:
    account.put(mail_bytes(), size=60_000_000)
    account.put(mail_bytes(), flags=(r"\Deleted", HELD))
    account.put(mail_bytes())

    assert try_out(mailbox) == Trial(mails=2, too_large=1)
    assert account.changing() == []
    assert "EXAMINE INBOX" in [command.replace('"', "") for command in account.commands]


@here
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "other"}, "lets other not in: .AUTHENTICATIONFAILED. Authentication failed. Check the login"),
        ({"folders": ["Missing"]}, "refused: .NONEXISTENT. Mailbox doesn't exist. Check the folder Missing"),
        ({"password": "sealed otherwise"}, "enter the secret again"),
        ({"host": "192.0.2.1"}, "Without TLS only a server on this machine is spoken to, and 192.0.2.1 is none"),
        ({"host": "no-such-host.invalid"}, "no-such-host.invalid is none"),
        ({"security": "starttls"}, "does not answer as it should: .*TLS not supported"),
        ({"security": "tls"}, "does not answer as it should: .*"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    account: Account, port: int, settings: Settings, fields: dict[str, Any], sentence: str
) -> None:
    mailbox = make(port, settings, **fields)

    with pytest.raises(Unreachable, match=sentence):
        try_out(mailbox)
    assert fetch(mailbox) == 0

    mailbox.refresh_from_db()
    assert mailbox.last_error
    assert "window-42" not in mailbox.last_error


@here
def test_a_server_that_does_not_listen_is_told(mailbox: Mailbox) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        mailbox.port = probe.getsockname()[1]
    mailbox.save()

    fetch(mailbox)

    mailbox.refresh_from_db()
    assert mailbox.last_error.endswith("cannot be reached or does not answer as it should: Connection refused.")


@here
def test_since_when_a_mailbox_fails_is_kept_until_it_works_again(mailbox: Mailbox, account: Account) -> None:
    account.password = "changed"
    fetch(mailbox)
    mailbox.refresh_from_db()
    since = mailbox.failed_at
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert (mailbox.failed_at, mailbox.fetched_at) == (since, None)

    account.password = "window-42"
    fetch(mailbox)
    mailbox.refresh_from_db()

    assert (mailbox.failed_at, mailbox.last_error) == (None, "")


@in_threads
def test_every_mailbox_has_its_turn_and_none_stops_another(settings: Settings) -> None:
    good, bad = Account(), Account(password="another")
    with serving(good) as good_port, serving(bad) as bad_port:
        make(bad_port, settings, queue="Bad", name="bad", address="bad@desk.example")
        make(good_port, settings)
        make(good_port, settings, queue="Off", name="off", address="off@desk.example", is_active=False)
        make_mailbox(make_queue("Local"), name="local", address="local@desk.example")
        good.put(mail_bytes())

        assert fetch_due() == 1
        assert fetch_due() == 0

    states = dict(Mailbox.objects.values_list("name", "failed_at"))
    assert states["bad"] is not None
    assert [states[name] for name in ("support", "off", "local")] == [None, None, None]


@in_threads
def test_the_next_fetch_comes_when_its_time_has_come(port: int, account: Account, settings: Settings) -> None:
    mailbox = make(port, settings, fetch_every_seconds=60)
    fetch_due()
    account.put(mail_bytes())
    assert fetch_due() == 0

    Mailbox.objects.filter(pk=mailbox.pk).update(fetched_at=timezone.now() - dt.timedelta(seconds=61))

    assert fetch_due() == 1


@in_threads
def test_a_failed_mailbox_is_left_alone_for_a_while(port: int, account: Account, settings: Settings) -> None:
    account.password = "changed"
    make(port, settings)

    for _ in range(5):
        fetch_due()

    assert sum(command.startswith("LOGIN") for command in account.commands) == 1
    Mailbox.objects.update(password=seal("changed", key=settings.SECRET_KEY))
    account.put(mail_bytes())
    assert fetch_due() == 1


@in_threads
def test_one_fetcher_at_a_time(port: int, account: Account, settings: Settings) -> None:
    mailbox = make(port, settings)
    account.put(mail_bytes())
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [fetching.LOCK_OF_FETCHING + mailbox.pk])
        assert fetch(mailbox) == 0
        assert account.commands == []
        other.execute("SELECT pg_advisory_unlock_all()")

        assert fetch(mailbox) == 1


@in_threads
def test_a_mail_that_stays_does_not_bring_the_fetcher_back_at_once(
    port: int, account: Account, settings: Settings
) -> None:
    make(port, settings)
    account.put(b"")
    for _ in range(5):
        fetch_due()

    assert sum(command.startswith("LOGIN") for command in account.commands) == 1


@here
def test_a_full_mailbox_is_emptied_in_rounds(
    mailbox: Mailbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(BATCH_MAILS + 1):
        account.put(mail_bytes(subject=str(number)))
    monkeypatch.setattr(fetching, "ROUND_SECONDS", -1)
    assert fetch(mailbox) == 0
    mailbox.refresh_from_db()
    assert mailbox.fetched_at is None  # due again at once

    monkeypatch.setattr(fetching, "ROUND_SECONDS", 20)
    assert fetch(mailbox) == BATCH_MAILS + 1


@here
@pytest.mark.parametrize("takes_new_flags", [True, False])
def test_servers_without_new_flags_are_understood(mailbox: Mailbox, account: Account, takes_new_flags: bool) -> None:
    account.takes_new_flags = takes_new_flags
    account.put(mail_bytes())

    assert fetch(mailbox) == 1
    assert account.raws() == []
    assert any(HELD in command for command in account.commands) == takes_new_flags


@here
def test_every_folder_is_visited(account: Account, port: int, settings: Settings) -> None:
    account.folders["Spam"] = {}
    mailbox = make(port, settings, folders=["INBOX", "Spam"])
    account.put(mail_bytes())
    account.put(mail_bytes(subject="caught"), folder="Spam")

    assert try_out(mailbox) == Trial(mails=2, too_large=0)
    assert fetch(mailbox) == 2

    assert kept() == [mail_bytes(), mail_bytes(subject="caught")]
    assert account.raws() + account.raws("Spam") == []


@here
def test_a_folder_that_is_missing_is_told_and_stops_no_other(account: Account, port: int, settings: Settings) -> None:
    mailbox = make(port, settings, folders=["Missing", "INBOX"])
    account.put(mail_bytes())

    assert fetch(mailbox) == 1

    mailbox.refresh_from_db()
    assert mailbox.last_error.endswith("Check the folder Missing and the rights on it.")
    assert mailbox.failed_at is not None


@here
@pytest.mark.parametrize(("takes_new_flags", "mark"), [(True, HELD), (False, r"\Seen")])
def test_mail_may_be_left_with_a_mark_and_is_fetched_once(
    account: Account, port: int, settings: Settings, takes_new_flags: bool, mark: str
) -> None:
    account.takes_new_flags = takes_new_flags
    mailbox = make(port, settings, afterwards=Mailbox.Afterwards.FLAG)
    first = account.put(mail_bytes())
    thrown_away = account.put(mail_bytes(subject="thrown away"), flags=(r"\Deleted", HELD))

    assert fetch(mailbox) == 1
    second = account.put(mail_bytes(subject="second"))
    assert [fetch(mailbox), fetch(mailbox)] == [1, 0]

    mailbox.refresh_from_db()
    assert kept() == [mail_bytes(), mail_bytes(subject="second")]
    assert account.changing() == [f"UID STORE {uid} +FLAGS.SILENT ({mark})" for uid in (first, second)]
    assert thrown_away in account.folders["INBOX"]
    assert (mailbox.on_server_count, mailbox.not_held_count) == (2, 0)


@here
def test_a_mark_cut_off_doubles_nothing(account: Account, port: int, settings: Settings) -> None:
    mailbox = make(port, settings, afterwards=Mailbox.Afterwards.FLAG)
    account.put(mail_bytes())
    account.dies_at = "UID STORE"

    fetch(mailbox)
    fetch(mailbox)

    assert kept() == [mail_bytes()]
    assert [mail.flags for mail in account.folders["INBOX"].values()] == [{HELD}]


@here
def test_mail_is_not_moved_to_where_it_is_taken_from(port: int, settings: Settings) -> None:
    mailbox = make(port, settings, afterwards=Mailbox.Afterwards.MOVE, move_to_folder="inbox")

    with pytest.raises(ValidationError, match="Mail is taken from this folder"):
        mailbox.full_clean()


@here
def test_the_state_tells_what_lies_there_and_what_is_held_here(mailbox: Mailbox, account: Account) -> None:
    other = make_mailbox(make_queue("Other"), name="other", address="other@desk.example")
    assert state_of(mailbox) == MailboxState(None, None, None, "", None)
    account.put(mail_bytes(), size=60_000_000)
    account.put(mail_bytes(subject="second"))
    keep(mailbox=mailbox, raw=mail_bytes(subject="by another way"), channel="lmtp")
    InboundMail.objects.update(state=InboundMail.State.QUARANTINED)

    fetch(mailbox)

    mailbox.refresh_from_db()
    newest = InboundMail.objects.latest("pk").received_at
    state = state_of(mailbox)
    assert state == MailboxState(
        on_server=1,
        not_held=1,
        fetched_at=mailbox.fetched_at,
        error=mailbox.last_error,
        failing_since=mailbox.failed_at,
        received_at=newest,
        by_state={"received": 1, "quarantined": 1},
    )
    assert state.held == 2
    assert states_of([other])[other.pk].held == 0


@here
def test_the_states_of_many_mailboxes_are_one_question(django_assert_num_queries: Any) -> None:
    queue = make_queue()
    boxes = [make_mailbox(queue, name=str(n), address=f"{n}@desk.example") for n in range(5)]
    for box in boxes:
        keep(mailbox=box, raw=mail_bytes(subject=box.name), channel="lmtp")

    with django_assert_num_queries(1):
        states = states_of(boxes)

    assert [states[box.pk].held for box in boxes] == [1] * 5


@in_threads
def test_announced_mail_is_fetched_before_its_time(port: int, account: Account, settings: Settings) -> None:
    mailbox = make(port, settings, fetch_every_seconds=3600)
    fetch_due()
    account.put(mail_bytes())
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        # Another worker is at it, and may have looked before the mail came.
        other.execute("SELECT pg_advisory_lock(%s)", [fetching.LOCK_OF_FETCHING + mailbox.pk])
        fetching.fetch_soon(mailbox)
        assert fetch_due() == 0

    wait_until("it is fetched", lambda: fetch_due() + InboundMail.objects.count() > 0)
    wait_until("the fetch has ended", lambda: not fetching._busy)
    commands = len(account.commands)
    assert (fetch_due(), len(account.commands)) == (0, commands)


@here
def test_a_server_that_speaks_otherwise_than_anybody_thought_is_told(
    mailbox: Mailbox, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.put(mail_bytes())
    monkeypatch.setattr(
        "tests.mail.inbound.imap_stub.Session.do_SEARCH", lambda self, _: self.say("* SEARCH x") or "OK done"
    )

    assert fetch(mailbox) == 0

    mailbox.refresh_from_db()
    assert mailbox.last_error == f"{mailbox.server} was not understood (ValueError)."
    assert pauses.holds(mailbox)


@here
def test_a_mailbox_that_is_not_fetched_has_no_server_to_try() -> None:
    local = make_mailbox(make_queue("Local"), name="local", address="local@desk.example")

    with pytest.raises(Unreachable, match="Mailbox local is not fetched from a server"):
        try_out(local)
