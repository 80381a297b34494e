from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from ghiseu.lib.sealing import seal
from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound import fetch as fetching
from ghiseu.mail.inbound.fetch import fetch, pauses
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.mailboxes import Trial, try_out
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import bytes_of
from tests.factories import make_mailbox, make_queue
from tests.mail.inbound.pop3_stub import Maildrop, serving
from tests.mail.mails import mail_bytes
from tests.mail.outbound.stub import certificate, server_context

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    yield
    pauses.__init__()  # type: ignore[misc]  # the next test begins as a new process does


@pytest.fixture
def drop() -> Maildrop:
    return Maildrop()


@pytest.fixture
def port(drop: Maildrop) -> Iterator[int]:
    with serving(drop) as port:
        yield port


def make(port: int, settings: Settings, **fields: Any) -> Mailbox:
    values: dict[str, Any] = {
        "protocol": Mailbox.Protocol.POP3,
        "host": "127.0.0.1",
        "port": port,
        "security": Mailbox.Security.PLAIN,
        "login": "support",
        "password": seal("window-42", key=settings.SECRET_KEY),
    }
    return make_mailbox(make_queue(), **(values | fields))


@pytest.fixture
def mailbox(port: int, settings: Settings) -> Mailbox:
    return make(port, settings)


def kept() -> list[bytes]:
    return [bytes_of(mail.raw) for mail in InboundMail.objects.order_by("pk")]


def test_mails_are_kept_byte_by_byte_and_then_deleted(mailbox: Mailbox, drop: Maildrop) -> None:
    raws = [mail_bytes(subject=str(number)) for number in range(60)]
    for raw in raws:
        drop.put(raw)

    assert fetch(mailbox) == 60

    mailbox.refresh_from_db()
    assert (kept(), drop.mails) == (raws, {})
    assert (mailbox.last_error, mailbox.failed_at) == ("", None)
    assert (mailbox.on_server_count, mailbox.not_held_count) == (0, 0)
    assert set(InboundMail.objects.values_list("channel", flat=True)) == {"pop3"}


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        ".\r\n..\r\n.hidden\r\n. ",
        "a bare line end\n.\nand another\n..\r\n\r.\r\n\rlone returns\r\r\r\n.x",
        "x" * 65_535 + "\r\n.x",
        "x" * 65_536 + ".\r\n" + "y" * 65_534 + "\r\n.",
        "\x00\xff binary",
    ],
)
def test_every_byte_comes_as_it_is(mailbox: Mailbox, drop: Maildrop, text: str) -> None:
    raw = mail_bytes(text=text)
    drop.put(raw)
    drop.put(mail_bytes(subject="next"))

    fetch(mailbox)

    assert kept() == [raw, mail_bytes(subject="next")]


def test_a_mail_is_marked_only_after_it_is_kept(mailbox: Mailbox, drop: Maildrop) -> None:
    drop.put(mail_bytes())

    fetch(mailbox)

    assert drop.commands == ["USER support", "PASS ...", "LIST", "RETR 1", "DELE 1", "LIST", "QUIT"]


@pytest.mark.parametrize("dies_at", ["DELE 1", "DELE 3", "QUIT"])
def test_a_session_that_is_cut_deletes_nothing_and_doubles_nothing(
    mailbox: Mailbox, drop: Maildrop, dies_at: str
) -> None:
    drop.dies_at = dies_at
    raws = [mail_bytes(subject=str(number)) for number in range(3)]
    for raw in raws:
        drop.put(raw)

    fetch(mailbox)

    mailbox.refresh_from_db()
    assert list(drop.mails.values()) == raws
    assert "cannot be reached or does not answer as it should" in mailbox.last_error
    fetch(mailbox)
    mailbox.refresh_from_db()
    assert (kept(), drop.mails, mailbox.last_error) == (raws, {}, "")


def test_a_cut_in_the_middle_of_a_mail_keeps_nothing_of_it(mailbox: Mailbox, drop: Maildrop) -> None:
    drop.put(mail_bytes())
    drop.dies_at = "RETR"

    assert fetch(mailbox) == 0

    assert (kept(), len(drop.mails)) == ([], 1)


def test_what_is_too_large_or_empty_stays_and_is_told(
    mailbox: Mailbox, drop: Maildrop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = drop.put(mail_bytes(subject="large"), size=60_000_000)
    drop.put(b"")
    drop.put(mail_bytes())

    assert fetch(mailbox) == 1

    mailbox.refresh_from_db()
    assert len(drop.mails) == 2
    assert f"RETR {large}" not in drop.commands
    assert mailbox.last_error.startswith("2 mails stay on the server. The first: The mail has 60000000 bytes")
    assert (mailbox.on_server_count, mailbox.not_held_count) == (2, 2)


def test_a_server_that_lies_about_a_size_costs_no_memory(mailbox: Mailbox, drop: Maildrop, settings: Settings) -> None:
    settings.MAIL_MAX_BYTES = 10_000
    drop.put(mail_bytes(text="x" * 15_000), size=10)
    drop.put(mail_bytes())

    assert fetch(mailbox) == 1

    mailbox.refresh_from_db()
    assert "and 10000 are accepted" in mailbox.last_error
    assert kept() == [mail_bytes()]


def test_a_mail_without_end_ends_the_session(mailbox: Mailbox, drop: Maildrop, settings: Settings) -> None:
    settings.MAIL_MAX_BYTES = 10_000
    drop.put(mail_bytes(text="x" * 300_000), size=10)

    fetch(mailbox)

    mailbox.refresh_from_db()
    assert "the mail does not end" in mailbox.last_error
    assert len(drop.mails) == 1


def test_what_is_held_already_is_only_deleted(mailbox: Mailbox, drop: Maildrop) -> None:
    keep(mailbox=mailbox, raw=mail_bytes(), channel="lmtp")
    drop.put(mail_bytes())

    fetch(mailbox)

    assert (kept(), drop.mails) == ([mail_bytes()], {})


def test_a_full_maildrop_is_emptied_in_rounds(
    mailbox: Mailbox, drop: Maildrop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put(mail_bytes())
    monkeypatch.setattr(fetching, "ROUND_SECONDS", -1)

    assert fetch(mailbox) == 0
    assert drop.commands[-1] == "QUIT"

    monkeypatch.setattr(fetching, "ROUND_SECONDS", 20)
    assert fetch(mailbox) == 1


def test_trying_out_changes_nothing(mailbox: Mailbox, drop: Maildrop) -> None:
    drop.put(mail_bytes())
    drop.put(mail_bytes(), size=60_000_000)

    assert try_out(mailbox) == Trial(mails=2, too_large=1)
    assert drop.commands == ["USER support", "PASS ...", "LIST", "QUIT"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "other"}, "lets other not in: .AUTH. Authentication failed. Check the login name"),
        ({"password": "sealed otherwise"}, "enter the secret again"),
        ({"host": "192.0.2.1"}, "Without TLS only a server on this machine is spoken to, and 192.0.2.1 is none"),
        ({"security": "starttls"}, "does not answer as it should: .*STLS not supported by server"),
        ({"security": "tls"}, "does not answer as it should: .*"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    drop: Maildrop, port: int, settings: Settings, fields: dict[str, str], sentence: str
) -> None:
    mailbox = make(port, settings, **fields)

    with pytest.raises(Unreachable, match=sentence):
        try_out(mailbox)
    assert fetch(mailbox) == 0

    mailbox.refresh_from_db()
    assert mailbox.last_error
    assert "window-42" not in mailbox.last_error


def test_a_maildrop_in_use_is_tried_again_soon(mailbox: Mailbox, drop: Maildrop) -> None:
    drop.refusal, drop.password = "-ERR [IN-USE] Do you have another POP session running?", "other"

    fetch(mailbox)

    mailbox.refresh_from_db()
    assert "is busy: [IN-USE]" in mailbox.last_error
    assert pauses._of[mailbox.pk].seconds == fetching.FIRST_PAUSE_SECONDS


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_both_ways_into_tls(
    drop: Maildrop, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    path = certificate(tmp_path)
    drop.tls = server_context(path)
    drop.put(mail_bytes())
    with serving(drop, inside_tls=security == "tls") as port:
        mailbox = make(port, settings, host="localhost", security=security)
        fetch(mailbox)
        mailbox.refresh_from_db()
        assert "The certificate of localhost" in mailbox.last_error
        assert "PASS ..." not in drop.commands

        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert fetch(mailbox) == 1

    assert kept() == [mail_bytes()]


def test_what_pop3_cannot_do_the_table_refuses(mailbox: Mailbox) -> None:
    with pytest.raises(IntegrityError, match="pop3_deletes"), transaction.atomic():
        Mailbox.objects.update(afterwards="flag")
