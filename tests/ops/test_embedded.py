import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ghiseu.ops import embedded
from ghiseu.ops.errors import DatabaseUnavailable
from tests.ops.machine import environment, folder, wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of other accounts")


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as made:
        yield made


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def test_a_first_start_makes_database_and_roles_in_a_path_with_spaces(home: Path) -> None:
    server = embedded.start(home, durable=False)

    assert rows(server.location.url(), "SELECT current_user, current_database()") == [("ghiseu", "ghiseu")]
    assert rows(server.location.url(embedded.OWNER), "SELECT current_user") == [("ghiseu_owner",)]
    assert rows(server.location.url(), "SELECT rolsuper FROM pg_roles WHERE rolname ~ '^ghiseu'") == [
        (False,),
        (False,),
    ]
    assert rows(server.location.url(), "SHOW listen_addresses") == [("",)]
    assert server.location.data.stat().st_mode & 0o777 == 0o700
    server.stop()
    assert not server.is_alive()


def test_a_second_start_keeps_the_data(home: Path) -> None:
    first = embedded.start(home)
    with psycopg.connect(first.location.url(embedded.OWNER), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()

    second = embedded.start(home)

    assert rows(second.location.url(embedded.OWNER), "SELECT answer FROM kept") == [(42,)]
    assert not second.reused
    second.stop()


def test_a_server_that_still_runs_is_used_again(home: Path) -> None:
    first = embedded.start(home, durable=False)

    second = embedded.start(home, durable=False)

    assert (second.pid, second.reused) == (first.pid, True)
    second.stop()
    assert not first.is_alive()


def test_the_number_of_a_dead_server_may_belong_to_another_program(home: Path) -> None:
    server = embedded.start(home, durable=False)
    server.stop()
    (server.location.data / "postmaster.pid").write_text(f"{os.getpid()}\n")

    assert embedded.running(server.location) is None
    (server.location.data / "postmaster.pid").unlink()


def test_a_long_path_gets_its_socket_elsewhere() -> None:
    with folder("/".join(["a-rather-long-folder-name"] * 6)) as home:
        server = embedded.start(home, durable=False)

        assert len(str(server.location.sockets)) < 60
        assert server.location.sockets.stat().st_mode & 0o077 == 0
        assert rows(server.location.url(), "SELECT 1") == [(1,)]
        server.stop()


def test_two_servers_run_beside_each_other(home: Path) -> None:
    with folder("another") as other:
        first, second = embedded.start(home, durable=False), embedded.start(other, durable=False)

        assert first.pid != second.pid
        first.stop()
        assert rows(second.location.url(), "SELECT 1") == [(1,)]
        second.stop()


@pytest.mark.parametrize("major", ["17", "19"])
def test_a_folder_of_another_major_version_is_refused(home: Path, major: str) -> None:
    data = embedded.locate(home).data
    data.mkdir(parents=True, mode=0o700)
    (data / "PG_VERSION").write_text(f"{major}\n")

    with pytest.raises(DatabaseUnavailable, match=rf"made by PostgreSQL {major}, this program brings PostgreSQL 18"):
        embedded.start(home)

    assert [entry.name for entry in data.iterdir()] == ["PG_VERSION"]


def test_a_folder_with_other_things_in_it_is_refused(home: Path) -> None:
    data = embedded.locate(home).data
    data.mkdir(parents=True)
    (data / "holiday.jpg").touch()

    with pytest.raises(DatabaseUnavailable, match="holds no PostgreSQL database"):
        embedded.start(home)


def test_a_damaged_database_is_refused_with_the_cause_and_the_log(home: Path) -> None:
    server = embedded.start(home, durable=False)
    server.stop()
    (server.location.data / "global" / "pg_control").write_bytes(b"")

    with pytest.raises(DatabaseUnavailable, match=r"pg_control.*Look into .*database\.log.*restore"):
        embedded.start(home)


@as_root
def test_a_folder_in_a_place_that_only_root_can_reach_is_moved(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder("state") as state:
        monkeypatch.setattr(embedded, "STATE_FOLDER", state)
        home.chmod(0o700)
        said: list[str] = []

        server = embedded.start(home, durable=False, say=said.append)

        assert server.location.data.parent == state / "databases"
        assert f"cannot reach {home}; the database is in {server.location.data}" in said[0]
        assert rows(server.location.url(), "SELECT 1") == [(1,)]
        server.stop()


@as_root
def test_programs_that_the_account_cannot_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder("hidden") as hidden:
        wheel = Path(embedded.find_wheel())
        shutil.copytree(wheel, hidden / wheel.name, symlinks=True)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), hidden / f"{wheel.name}.libs")
        hidden.chmod(0o700)
        monkeypatch.setattr(embedded, "find_wheel", lambda: hidden / wheel.name)

        server = embedded.start(home, durable=False)

        running = Path(f"/proc/{server.pid}/exe").readlink()
        assert running.is_relative_to(home)
        server.stop()


@as_root
def test_the_folder_of_another_account_is_refused(home: Path) -> None:
    """Started by an ordinary account on data that root's database account made."""
    server = embedded.start(home, durable=False)
    server.stop()
    stranger = server.location.account.uid + 1
    program = (
        "import os, psycopg; from pathlib import Path; from ghiseu.ops import embedded;"
        f"os.setgid({stranger}); os.setuid({stranger}); embedded.start(Path({str(home)!r}))"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment(), check=False
    )

    assert "DatabaseUnavailable" in result.stderr
    assert "belongs to another account" in result.stderr


def test_a_socket_folder_that_others_can_enter_is_refused(home: Path) -> None:
    location = embedded.locate(home)
    location.sockets.mkdir(mode=0o777, parents=True)
    location.sockets.chmod(0o777)

    with pytest.raises(DatabaseUnavailable, match="is not ours alone"):
        embedded.start(home)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "is full. Make room"),
        (errno.EACCES, "No permission for"),
        (errno.EIO, "cannot be started"),
    ],
)
def test_errors_of_the_system_become_sentences(home: Path, number: int, sentence: str) -> None:
    error = OSError(number, os.strerror(number), str(home / "database"))

    assert sentence in embedded.explain_system_error(error, embedded.locate(home))


def test_what_postgresql_says_about_a_full_disk_becomes_a_sentence(home: Path) -> None:
    said = 'FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device\n'

    assert "is full. Make room" in embedded.explain_output(said, embedded.locate(home))


def test_the_log_never_repeats_what_was_to_be_stored(home: Path) -> None:
    server = embedded.start(home, durable=False)
    with psycopg.connect(server.location.url(embedded.OWNER), autocommit=True) as connection:
        connection.execute("CREATE TABLE letters (address text PRIMARY KEY)")
        connection.execute("INSERT INTO letters VALUES ('vera@example.net')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO letters VALUES ('vera@example.net')")
    server.stop()

    assert "duplicate key" in server.location.log.read_text()
    assert "vera@" not in server.location.log.read_text()


def test_a_server_for_tests_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """As after kill -9 of a test run: no server, no folder is left."""
    answer = tmp_path / "answer"
    program = (
        "import subprocess, sys;"
        f"command = [sys.executable, '-m', 'ghiseu.ops.ephemeral', {str(answer)!r}];"
        "subprocess.Popen(command, stdin=subprocess.PIPE).wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment())
    wait_until("the server answers", answer.exists)
    url = answer.read_text().removeprefix("ready: ")
    place = url.partition("host=")[2]
    assert rows(url, "SELECT 1") == [(1,)]

    parent.kill()
    parent.wait()

    wait_until("its folder is gone", lambda: not Path(place).parent.exists())
