"""Every way to fetch, and every kind of old mail, from a real Dovecot into a real desk."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.desk import Desk, wait_for
from tests.journeys.dovecot import OWNER, PASSWORD, Dovecot, running_dovecot
from tests.mail.inbound.token_stub import Endpoint, answering
from tests.mail.mails import mail_bytes
from tests.ops.machine import GHISEU, environment, ghiseu

SECRETS = "quiet\nrefresh-0\n"


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as dovecot:
        yield dovecot


@contextmanager
def open_desk(home: Path, dovecot: Dovecot) -> Iterator[Desk]:
    desk = Desk(home, extra={"SSL_CERT_FILE": str(dovecot.certificate), "GHISEU_MAIL_DOMAIN": "desk.example"})
    try:
        desk.restart()
        desk.run("queue", "add", "Support", "--address", OWNER)
        yield desk
    except BaseException:
        print(desk.output[-8000:])  # noqa: T201 -- shown with the failed test
        raise
    finally:
        desk.end()


@pytest.fixture
def desk(home: Path, dovecot: Dovecot) -> Iterator[Desk]:
    with open_desk(home, dovecot) as desk:
        yield desk


def add(desk: Desk, dovecot: Dovecot, kind: str, *options: str, stdin: str = f"{PASSWORD}\n") -> None:
    protocol = "pop3" if kind.startswith("pop3") else "imap"
    security = "tls" if kind.endswith("s") else "starttls"
    where = (f"--{protocol}-host", "localhost", "--port", str(dovecot.ports[kind]), "--security", security)
    desk.run("mailbox", "add", "support", "--address", OWNER, "--queue", "Support", *where, *options, stdin=stdin)
    desk.change("UPDATE mail_mailbox SET fetch_every_seconds = 1")


def mail(number: int, **fields: Any) -> bytes:
    return mail_bytes(subject=f"mail {number}", message_id=f"{number}@site.example", **fields)


def names(*raws: bytes) -> set[str]:
    return {hashlib.sha256(raw).hexdigest() for raw in raws}


def held(desk: Desk) -> set[str]:
    rows = desk.ask("SELECT b.sha256 FROM mail_inboundmail m JOIN tickets_blob b ON b.id = m.raw_id")
    assert len(rows) == len(set(rows))
    return {name for (name,) in rows}


def error(desk: Desk) -> str:
    [(text,)] = desk.ask("SELECT last_error FROM mail_mailbox")
    return str(text)


ODD = [
    mail(1, text="x" * 3000),
    mail(2, text=".\r\n..\r\n.hidden"),
    mail(3, text="Bună ziua\r\nПривет"),
    mail(4, text="\r\n\r\nFrom me\r\n\r\n\r\n"),
    mail(5, text="y" * 200_000),
]


@pytest.mark.parametrize("kind", ["pop3", "pop3s", "imap", "imaps"])
def test_mail_is_fetched_byte_by_byte_and_leaves_the_server(desk: Desk, dovecot: Dovecot, kind: str) -> None:
    dovecot.put(*ODD)

    add(desk, dovecot, kind)

    wait_for("all mails are here", lambda: held(desk) == names(*ODD))
    wait_for("the server is empty", lambda: dovecot.mails() == [])
    dovecot.put(mail(9))
    wait_for("the next is here", lambda: held(desk) == names(*ODD, mail(9)))
    assert error(desk) == ""


def test_new_mail_is_here_at_once_where_the_server_tells_of_it(desk: Desk, dovecot: Dovecot) -> None:
    add(desk, dovecot, "imaps")
    wait_for("it is watched", lambda: "watching" in desk.output)
    # From now on only IDLE can bring the fetcher in time.
    desk.change("UPDATE mail_mailbox SET fetch_every_seconds = 3600")

    for number in range(3):
        dovecot.put(mail(number))
        wait_for(f"mail {number} is here", lambda number=number: len(held(desk)) == number + 1)  # type: ignore[misc]

    assert desk.output.count("watching ") == 1


def test_mail_is_left_with_a_mark_in_every_folder(desk: Desk, dovecot: Dovecot) -> None:
    dovecot.put(mail(1))
    dovecot.put(mail(2), folder="Spam")

    add(desk, dovecot, "imaps", "--folder", "INBOX", "--folder", "Spam", "--leave")

    wait_for("both are here", lambda: held(desk) == names(mail(1), mail(2)))
    wait_for("both are marked", lambda: "$GhiseuHeld" in dovecot.mails("Spam")[0][0])
    assert dovecot.mails() == [("$GhiseuHeld", mail(1))]
    assert dovecot.mails("Spam") == [("$GhiseuHeld", mail(2))]
    wait_for(
        "the figures are told",
        lambda: desk.ask("SELECT on_server_count, not_held_count FROM mail_mailbox") == [(2, 0)],
    )


@pytest.mark.parametrize("kind", ["pop3s", "imaps"])
def test_a_token_is_fetched_renewed_and_asked_for_again(desk: Desk, dovecot: Dovecot, kind: str) -> None:
    dovecot.put(mail(1))
    dovecot.tokens = {"access-1"}
    with answering(Endpoint()) as endpoint:
        options = ("--token-endpoint", endpoint.url, "--client-id", "desk", "--scope", "mail")
        add(desk, dovecot, kind, *options, stdin=SECRETS)
        wait_for("the mail is here", lambda: held(desk) == names(mail(1)))
        assert len(endpoint.asked) == 1

        # The provider has taken the token back: another is fetched at once.
        dovecot.tokens = {"access-2"}
        dovecot.put(mail(2))
        wait_for("the next is here", lambda: held(desk) == names(mail(1), mail(2)))

        # It has taken everything back: a person must help.
        dovecot.tokens = set()
        endpoint.answer = lambda _number: (400, {"error": "invalid_grant"})
        wait_for("it is told", lambda: error(desk).startswith("Sign in again: 127.0.0.1 no longer accepts"))
        dovecot.put(mail(3))
        dovecot.tokens = {"access-new"}
        endpoint.answer = lambda _number: (200, {"access_token": "access-new"})
        said = desk.run("mailbox", "sign-in", "support", stdin="refresh-new\n")
        assert said.startswith("Mailbox support signs in.")
        assert endpoint.asked[-1]["refresh_token"] == "refresh-new"
        wait_for("work goes on by itself", lambda: held(desk) == names(mail(1), mail(2), mail(3)))
        wait_for("the error is gone", lambda: error(desk) == "")
    assert "refresh-" not in desk.output
    assert "access-" not in desk.output


def test_old_mail_is_one_whether_it_comes_from_the_disk_or_from_the_server(desk: Desk, dovecot: Dovecot) -> None:
    dovecot.put(*ODD, folder="Old")
    before = dovecot.mails("Old")
    add(desk, dovecot, "imaps", "--folder", "Empty")
    maildir = dovecot.folder / "mail" / OWNER / ".Old"

    first = desk.run("import", "mail", "--mailbox", "support", str(maildir))
    second = desk.run("import", "mail", "--mailbox", "support", "--imap-folder", "Old")

    assert first == "5 mails imported, 0 were here before, 0 refused\n"
    assert second == "0 mails imported, 5 were here before, 0 refused\n"
    assert held(desk) == names(*ODD)
    assert dovecot.mails("Old") == before
    wait_for(
        "all are filed",
        lambda: desk.ask("SELECT count(*) FROM mail_inboundmail WHERE state = 'filed'") == [(len(ODD),)],
    )
    assert desk.ask("SELECT count(*) FROM mail_outboundmail") == [(0,)]


def test_an_import_that_is_killed_goes_on_where_it_was(desk: Desk, tmp_path: Path) -> None:
    desk.run("mailbox", "add", "support", "--address", OWNER, "--queue", "Support")
    raws = [mail(number) for number in range(2000)]
    file = tmp_path / "old.mbox"
    line = b"From vera@site.example Mon Jan  5 10:00:00 2015\n"
    file.write_bytes(b"".join(line + raw.replace(b"\r\n", b"\n") + b"\n" for raw in raws))
    command = [*GHISEU, "import", "mail", "--mailbox", "support", str(file)]
    count = "SELECT count(*) FROM mail_inboundmail"

    for wanted in (1, 500):
        process = subprocess.Popen(command, env=environment(desk.settings), stdout=subprocess.DEVNULL)
        wait_for("some are here", lambda wanted=wanted: desk.ask(count)[0][0] >= wanted)  # type: ignore[misc]
        process.kill()
        process.wait()
    there = desk.ask(count)[0][0]
    assert there < len(raws)
    done = ghiseu(*command[len(GHISEU) :], settings=desk.settings)

    assert done.stdout.decode() == f"{2000 - there} mails imported, {there} were here before, 0 refused\n"
    assert held(desk) == names(*raws)
