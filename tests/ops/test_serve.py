"""`ghiseu serve` as people run it: real processes on loopback ports, in a folder with spaces in its name."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from ghiseu.ops import embedded
from tests.ops.machine import Serving, folder, free_port, ghiseu, is_open, serving, wait_until

MAIL = (
    b"From: Vera <vera@example.net>\r\nTo: support@example.com\r\nSubject: Site\r\n"
    b"Message-ID: <%d@example.net>\r\n\r\nIt is down.\r\n"
)


@pytest.fixture(scope="module")
def desk() -> Iterator[Serving]:
    """One desk with a queue and a mailbox, for the tests that only use it."""
    with folder() as home, serving(home) as it:
        for command in (
            ["queue", "add", "Support", "--address", "support@example.com"],
            ["role", "grant", "Support", "full", "--queue", "Support"],
            ["mailbox", "add", "support", "--address", "support@example.com", "--queue", "Support"],
        ):
            result = ghiseu(*command, settings=it.settings)
            assert result.returncode == 0, result.stderr.decode()
        yield it


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A data folder that `ghiseu prepare` has made ready, to be copied."""
    with folder() as home:
        embedded.start(home, durable=False)
        result = ghiseu("prepare", settings={"GHISEU_HOME": str(home)})
        assert result.returncode == 0, result.stderr.decode()
        stop_database(home)
        yield home


@pytest.fixture
def used_home(prepared: Path) -> Iterator[Path]:
    """A data folder as an earlier `ghiseu serve` left it, so that the next one is ready sooner."""
    with folder() as home:
        subprocess.run(["cp", "--archive", f"{prepared}/.", str(home)], check=True)
        yield home


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as made:
        yield made


def stop_database(home: Path) -> None:
    server = embedded.running(embedded.locate(home))
    assert server is not None
    server.stop()


def query(home: Path, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(embedded.locate(home).url(), autocommit=True) as connection:
        return connection.execute(sql).fetchall()


def count_of_mails(home: Path) -> int:
    return len(query(home, "SELECT id FROM mail_inboundmail"))


def fill(path: Path) -> None:
    """Write until nothing more goes onto the disk."""
    with path.open("wb") as file:
        while True:
            file.write(b"\0" * 1_000_000)
            file.flush()


def database_of(home: Path) -> int | None:
    return embedded.running_pid(embedded.locate(home))


def test_pages_mail_door_and_worker_run_and_the_address_is_printed(desk: Serving) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{desk.port}/sign-in/") as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    assert is_open(desk.lmtp_port)
    assert sorted(desk.children()) == ["lmtp", "serve", "web", "worker"]
    assert f"Ready: http://127.0.0.1:{desk.port}" in desk.output


def test_the_processes_work_as_a_role_that_cannot_change_history(desk: Serving) -> None:
    users = {user for (user,) in query(desk.home, "SELECT usename FROM pg_stat_activity WHERE datname = 'ghiseu'")}

    assert users == {"ghiseu"}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query(desk.home, "DELETE FROM tickets_event")


def test_a_mail_is_found_by_its_words_soon_and_the_index_can_be_rebuilt(desk: Serving) -> None:
    said = b"Message-ID: <search@example.net>\r\n\r\nZanzibar\r\n"
    mail = b"From: Vera <vera@example.net>\r\nTo: support@example.com\r\nSubject: Site\r\n" + said
    result = ghiseu("mail-in", "--mailbox", "support", stdin=mail, settings=desk.settings)
    assert result.returncode == 0, result.stderr.decode()
    found = "SELECT ticket_id FROM tickets_searchentry WHERE words @@ 'zanzibar'::tsquery"
    wait_until("the worker has taken it in", lambda: bool(query(desk.home, found)))

    query(desk.home, "DELETE FROM tickets_searchentry RETURNING 1")
    assert ghiseu("search", "check", settings=desk.settings).returncode == 1
    rebuilt = ghiseu("search", "rebuild", "--processes", "2", settings=desk.settings)

    assert rebuilt.returncode == 0, rebuilt.stderr.decode()
    tickets = query(desk.home, "SELECT count(*) FROM tickets_ticket")[0][0]
    assert f"The search is right again: {tickets} tickets in " in rebuilt.stdout.decode()
    assert rebuilt.stderr == b""  # no terminal: a word every ten seconds, and this takes less
    wait_until("it is found again", lambda: bool(query(desk.home, found)))
    checked = ghiseu("search", "check", settings=desk.settings)
    assert checked.stdout.decode() == "Every ticket is found by what it says.\n"


def test_a_second_serve_on_the_same_folder_is_refused(desk: Serving) -> None:
    assert desk.process is not None
    settings = desk.settings | {"GHISEU_PORT": str(free_port()), "GHISEU_LMTP_PORT": str(free_port())}

    result = ghiseu("serve", settings=settings)

    assert result.returncode == 1
    assert f"Another ghiseu serve (process {desk.process.pid}) works on {desk.home}." in result.stderr.decode()
    assert "GHISEU_HOME and GHISEU_PORT" in result.stderr.decode()
    assert is_open(desk.port)
    assert database_of(desk.home) is not None


def test_a_second_serve_beside_it_works_in_its_own_folder(desk: Serving, used_home: Path) -> None:
    with serving(used_home) as second:
        assert is_open(second.port)
        assert second.send(signal.SIGINT) == 0

    assert is_open(desk.port)
    assert database_of(desk.home) is not None


def test_a_mail_is_stored_once_however_often_it_comes(desk: Serving) -> None:
    before = count_of_mails(desk.home)

    results = [ghiseu("mail-in", "--mailbox", "support", stdin=MAIL % 1, settings=desk.settings) for _ in range(2)]

    assert [(result.returncode, result.stderr) for result in results] == [(0, b""), (0, b"")]
    assert count_of_mails(desk.home) == before + 1
    wait_until(
        "the mail is filed", lambda: query(desk.home, "SELECT 1 FROM mail_inboundmail WHERE state = 'filed'") != []
    )


@pytest.mark.parametrize(
    ("mailbox", "mail", "status", "sentence"),
    [
        ("support", b"", 65, "The mail is empty"),
        ("support", b" \r\n\r\n", 65, "The mail is empty"),
        ("support", b"x" * 1_000_001, 65, "1000000 are accepted"),
        ("nowhere", MAIL % 2, 75, "There is no active mailbox 'nowhere'"),
    ],
)
def test_a_mail_that_cannot_be_stored_ends_with_the_right_code(
    desk: Serving, mailbox: str, mail: bytes, status: int, sentence: str
) -> None:
    before = count_of_mails(desk.home)

    result = ghiseu(
        "mail-in", "--mailbox", mailbox, stdin=mail, settings=desk.settings | {"GHISEU_MAIL_MAX_BYTES": "1000000"}
    )

    assert (result.returncode, len(result.stderr.splitlines())) == (status, 1)
    assert sentence in result.stderr.decode()
    assert count_of_mails(desk.home) == before


def test_the_doctor_finds_nothing_that_fails(desk: Serving) -> None:
    result = ghiseu("doctor", settings=desk.settings)

    lines = result.stdout.decode().splitlines()
    assert result.returncode == 0, result.stdout.decode()
    assert "ok    The application cannot change or remove history" in lines
    assert "ok    Mailbox support: no error" in lines
    assert [line for line in lines if line.startswith("warn")] == [
        f"warn  Outgoing mail is kept in {desk.home}/outgoing and reaches nobody"
    ]


def test_what_is_set_up_wrongly_is_said_in_a_sentence(desk: Serving) -> None:
    tries = {
        ("queue", "add", "Support"): "already exists",
        ("role", "grant", "Support", "rule", "--queue", "Support"): "There is no right 'rule'",
        ("role", "grant", "Support", "read", "--queue", "Sales"): "There is no queue 'Sales'",
        ("mailbox", "add", "b", "--address", "nobody", "--queue", "Support"): "address: ",
        ("mailbox", "add", "b", "--address", "b@example.com", "--queue", "Sales"): "There is no queue 'Sales'",
        ("agent", "add", "ana", "--name", "Ana", "--email", "ana@example.com"): "No password came",
    }

    for command, sentence in tries.items():
        result = ghiseu(*command, settings=desk.settings)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
        assert sentence in result.stderr.decode()


def test_an_agent_is_added_with_a_password_from_standard_input(desk: Serving) -> None:
    command = ["agent", "add", "Ana", "--name", "Ana Popescu", "--email", "ana@example.com", "--role", "Support"]

    weak = ghiseu(*command, stdin=b"password\n", settings=desk.settings)
    strong = ghiseu(*command, stdin=b"a long enough secret 7\n", settings=desk.settings)

    assert (weak.returncode, strong.returncode) == (1, 0)
    assert b"too short" in weak.stderr
    assert query(desk.home, "SELECT login, is_administrator FROM people_agent") == [("ana", False)]
    [(password,)] = query(desk.home, "SELECT password FROM people_agent")
    assert str(password).startswith("argon2")


def test_a_process_that_is_killed_is_started_again(desk: Serving) -> None:
    before = desk.children()
    os.kill(before["lmtp"], signal.SIGKILL)

    wait_until("another lmtp process", lambda: desk.children().get("lmtp", before["lmtp"]) != before["lmtp"])
    wait_until("the mail door is open", lambda: is_open(desk.lmtp_port))

    assert {**desk.children(), "lmtp": 0} == {**before, "lmtp": 0}
    assert '"process ended" name=lmtp status=-9' in desk.output


def test_a_database_that_is_killed_is_started_again_and_mail_goes_on(desk: Serving) -> None:
    before = count_of_mails(desk.home)
    pid = database_of(desk.home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    def stored() -> bool:
        result = ghiseu("mail-in", "--mailbox", "support", stdin=MAIL % 3, settings=desk.settings)
        assert result.returncode in (0, 75)
        return result.returncode == 0

    wait_until("a mail is stored again", stored)
    assert count_of_mails(desk.home) == before + 1
    waiting = "SELECT 1 FROM mail_inboundmail WHERE state = 'received'"
    wait_until("the worker files it", lambda: query(desk.home, waiting) == [])


def open_stream(it: Serving) -> HTTPResponse:
    """Sign in as a new agent and open the stream of live updates."""
    command = ["agent", "add", "ana", "--name", "Ana", "--email", "ana@example.com"]
    assert ghiseu(*command, stdin=b"a long enough secret 7\n", settings=it.settings).returncode == 0
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    address = f"http://127.0.0.1:{it.port}"
    with browser.open(f"{address}/sign-in/") as page:
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())[:1]
    form = {"csrfmiddlewaretoken": token, "username": "ana", "password": "a long enough secret 7"}
    browser.open(f"{address}/sign-in/", data=urlencode(form).encode()).close()
    stream: HTTPResponse = browser.open(f"{address}/live/")
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    return stream


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_also_with_an_open_event_stream(used_home: Path, number: signal.Signals) -> None:
    with serving(used_home) as it, open_stream(it), socket.create_connection(("127.0.0.1", it.port)) as visitor:
        visitor.sendall(b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")

        assert it.send(number) == 0

        assert it.children() == {}
        assert database_of(used_home) is None
        assert not is_open(it.port)
        assert not is_open(it.lmtp_port)
        assert "Traceback" not in it.output


def test_a_stop_during_the_start_leaves_nothing_behind(home: Path) -> None:
    it = Serving(home)
    try:
        it.start()
        wait_until("the database is being made", lambda: "Making the database" in it.output)
        it.send(signal.SIGTERM)

        assert it.children() == {}
        assert database_of(home) is None
    finally:
        it.end()


def test_after_kill_9_the_next_start_goes_on_where_it_was(used_home: Path) -> None:
    with serving(used_home) as first:
        result = ghiseu("queue", "add", "Support", settings=first.settings)
        assert result.returncode == 0, result.stderr
        server = database_of(used_home)
        first.send(signal.SIGKILL)

        with serving(used_home) as second:
            assert database_of(used_home) == server
            assert query(used_home, "SELECT name FROM tickets_queue") == [("Support",)]
            assert sorted(second.children()) == ["lmtp", "serve", "web", "worker"]
            assert second.send(signal.SIGTERM) == 0
            assert database_of(used_home) is None


@pytest.mark.parametrize("setting", ["GHISEU_PORT", "GHISEU_LMTP_PORT"])
def test_a_taken_port_is_named_with_the_setting_to_change(home: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = {"GHISEU_HOME": str(home), "GHISEU_PORT": str(free_port()), "GHISEU_LMTP_PORT": str(free_port())}

        result = ghiseu("serve", settings=settings | {setting: str(port)})

    assert result.returncode == 1
    assert result.stderr.decode() == (
        f"ghiseu: Port {port} on 127.0.0.1 is taken by another program. Stop it, or set {setting} to a free port.\n"
    )
    assert database_of(home) is None


def test_a_server_that_cannot_be_reached_is_named(home: Path) -> None:
    url = f"postgresql://ghiseu:topsecret@127.0.0.1:{free_port()}/desk"
    settings = {"GHISEU_HOME": str(home), "DATABASE_URL": url, "GHISEU_PORT": str(free_port())}

    for command, status in {"serve": 1, "prepare": 1, "doctor": 1}.items():
        result = ghiseu(command, settings=settings | {"GHISEU_LMTP_PORT": str(free_port())})
        said = (result.stdout + result.stderr).decode()
        assert result.returncode == status
        assert "The database desk at 127.0.0.1:" in said
        assert "Connection refused" in said
        assert "topsecret" not in said
        assert "Traceback" not in said


def test_without_a_running_database_each_command_says_how_to_start_it(home: Path) -> None:
    settings = {"GHISEU_HOME": str(home)}

    asked = ghiseu("queue", "add", "Support", settings=settings)
    mail = ghiseu("mail-in", "--mailbox", "support", stdin=MAIL % 4, settings=settings)

    assert (asked.returncode, mail.returncode) == (1, 75)
    for result in (asked, mail):
        assert result.stderr.decode().endswith(
            f"The embedded database of {home} is not running. Start it with: ghiseu serve\n"
        )


def test_the_pages_alone_ask_for_what_is_missing(home: Path) -> None:
    result = ghiseu("web", settings={"GHISEU_HOME": str(home)})

    assert result.returncode == 1
    assert "Run: ghiseu prepare" in result.stderr.decode()


def test_a_full_disk_means_try_again(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    disk = home.with_name("small")
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=110m,mode=0711", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody make a small disk")
    try:
        with serving(disk / "home") as it:
            for command in (
                ["queue", "add", "Q"],
                ["mailbox", "add", "m", "--address", "m@example.com", "--queue", "Q"],
            ):
                assert ghiseu(*command, settings=it.settings).returncode == 0
            with pytest.raises(OSError, match="No space"):
                fill(disk / "ballast")

            full = ghiseu("mail-in", "--mailbox", "m", stdin=MAIL % 5 + b"y" * 3_000_000, settings=it.settings)
            (disk / "ballast").unlink()

            assert full.returncode == 75
            assert len(full.stderr.splitlines()) == 1
            assert count_of_mails(it.home) == 0

            def stored() -> bool:
                again = ghiseu("mail-in", "--mailbox", "m", stdin=MAIL % 5, settings=it.settings)
                return again.returncode == 0

            wait_until("the same mail is stored once there is room", stored)
    finally:
        wait_until(
            "the small disk is let go of",
            lambda: subprocess.run(["umount", str(disk)], capture_output=True, check=False).returncode == 0,
        )


def test_a_mail_is_read_without_settings_and_database() -> None:
    result = ghiseu("mail-parse", stdin=MAIL % 6, settings={"GHISEU_HOME": "/proc/nowhere", "DATABASE_URL": "wrong"})

    assert result.returncode == 0
    assert json.loads(result.stdout)["subject"] == "Site"
