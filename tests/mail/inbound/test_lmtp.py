from __future__ import annotations

import contextlib
import resource
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import Settings

from ghiseu.mail.errors import DoorTaken
from ghiseu.mail.inbound import lmtp
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import bytes_of
from tests.factories import make_mailbox, make_queue
from tests.mail.mails import mail_bytes

# The door stores in threads of its own, on connections of their own.
pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.02)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running() -> Iterator[int]:
    port, stop = free_port(), threading.Event()
    thread = threading.Thread(target=lmtp.run, args=("127.0.0.1", port, stop), daemon=True)
    thread.start()
    wait_for(lambda: accepts(port))
    try:
        yield port
    finally:
        stop.set()
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def mailbox() -> Mailbox:
    return make_mailbox(make_queue())


@pytest.fixture
def door(mailbox: Mailbox) -> Iterator[smtplib.LMTP]:
    with running() as port:
        client = smtplib.LMTP("127.0.0.1", port, local_hostname="mx.desk.example")
        client.ehlo()
        yield client
        client.close()


def hand_over(door: smtplib.LMTP, raw: bytes, *recipients: str) -> list[tuple[int, bytes]]:
    """The answers: to each recipient, then to the mail once for each recipient that was accepted."""
    door.docmd("MAIL FROM:<vera@site.example>")
    answers = [door.docmd(f"RCPT TO:<{recipient}>") for recipient in recipients]
    door.docmd("DATA")
    quoted = raw.replace(b"\r\n.", b"\r\n..")
    door.send((b"." + quoted if quoted.startswith(b".") else quoted) + b".\r\n")
    return answers + [door.getreply() for code, _ in answers if code == 250]


def kept() -> list[bytes]:
    return [bytes_of(mail.raw) for mail in InboundMail.objects.order_by("pk")]


def test_a_mail_is_stored_byte_by_byte_before_it_is_accepted(door: smtplib.LMTP) -> None:
    raw = mail_bytes(text="Bună\r\n.\r\n..two dots\r\n" + "x" * 200_000) + b"\x00\xff\r\n"

    accepted, stored = hand_over(door, raw, "Support@Desk.Example")

    assert accepted[0] == 250
    assert stored == (250, b"2.6.0 The mail is stored")
    assert kept() == [raw]
    assert InboundMail.objects.get().channel == "lmtp"


def test_a_mail_that_begins_with_a_dot_or_comes_in_one_endless_line_is_kept_as_it_is(door: smtplib.LMTP) -> None:
    raw = b".hidden: no\r\n\r\n" + b"endless " * 100_000 + b"\r\n"

    assert hand_over(door, raw, "support@desk.example")[1][0] == 250
    assert kept() == [raw]


def test_the_same_mail_offered_again_is_stored_once(door: smtplib.LMTP) -> None:
    raw = mail_bytes()

    assert [hand_over(door, raw, "support@desk.example")[1][0] for _ in range(3)] == [250, 250, 250]
    assert kept() == [raw]


def test_each_recipient_gets_an_answer_and_unknown_ones_are_refused_with_a_reason(door: smtplib.LMTP) -> None:
    make_mailbox(make_queue("Sales"), name="sales", address="sales@desk.example")
    make_mailbox(make_queue("Old"), name="old", address="old@desk.example", is_active=False)

    answers = hand_over(
        door, mail_bytes(), "support@desk.example", "nobody@desk.example", "old@desk.example", "sales@desk.example"
    )

    assert [code for code, _ in answers] == [250, 550, 550, 250, 250, 250]
    assert answers[1][1].startswith(b"5.1.1 <nobody@desk.example>: there is no active mailbox for this address")
    assert sorted(InboundMail.objects.values_list("mailbox__name", flat=True)) == ["sales", "support"]


def test_without_a_recipient_nothing_is_taken(door: smtplib.LMTP) -> None:
    door.docmd("MAIL FROM:<>")
    door.docmd("RCPT TO:<nobody@desk.example>")

    assert door.docmd("DATA")[0] == 503


def test_the_size_is_announced_and_a_mail_that_says_it_is_larger_is_refused(door: smtplib.LMTP) -> None:

    code, answer = door.docmd(f"MAIL FROM:<vera@site.example> SIZE={settings.MAIL_MAX_BYTES + 1}")

    assert door.esmtp_features["size"] == str(settings.MAIL_MAX_BYTES)
    assert (code, answer[:6]) == (552, b"5.3.4 ")
    assert door.docmd(f"MAIL FROM:<size=99999999999@site.example> SIZE={settings.MAIL_MAX_BYTES}")[0] == 250


@pytest.mark.parametrize("line", [b"0123456789" * 7 + b"\r\n", b"0123456789" * 7])
def test_a_mail_of_60_megabytes_is_refused_while_it_is_read(door: smtplib.LMTP, line: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    door.docmd("MAIL FROM:<vera@site.example>")
    for recipient in ("support@desk.example", "SUPPORT@desk.example"):
        assert door.docmd(f"RCPT TO:<{recipient}>")[0] == 250
    door.docmd("DATA")
    block = line * 10_000
    for _ in range(60_000_000 // len(block) + 1):
        door.send(block)
    door.send(b"\r\n.\r\n")

    assert [door.getreply()[1][:5] for _ in range(2)] == [b"5.3.4", b"5.3.4"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kilobytes
    assert not InboundMail.objects.exists()
    assert hand_over(door, mail_bytes(), "support@desk.example")[1][0] == 250


def test_an_empty_mail_is_refused(door: smtplib.LMTP) -> None:
    code, answer = hand_over(door, b"", "support@desk.example")[1]

    assert code == 550
    assert answer.startswith(b"5.6.0 The mail is empty")


def test_while_the_disk_takes_nothing_the_mail_server_is_asked_to_try_again(
    door: smtplib.LMTP, settings: Settings, tmp_path: Path
) -> None:
    large, folder = mail_bytes(text="x" * 40_000), settings.BLOBS_FOLDER
    settings.BLOBS_FOLDER = tmp_path / "file"
    settings.BLOBS_FOLDER.write_text("no folder can be made in a file")

    refused = hand_over(door, large, "support@desk.example")[1]
    settings.BLOBS_FOLDER = folder

    assert refused[0] == 451
    assert not InboundMail.objects.exists()
    assert hand_over(door, large, "support@desk.example")[1][0] == 250


def test_while_the_table_cannot_be_read_nobody_is_refused_for_good(door: smtplib.LMTP) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mail_mailbox RENAME TO mail_mailbox_away")
    door.docmd("MAIL FROM:<vera@site.example>")

    answer = door.docmd("RCPT TO:<support@desk.example>")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE mail_mailbox_away RENAME TO mail_mailbox")

    assert answer == (451, b"4.3.0 The mail cannot be stored now. Nothing is lost; try again")
    assert door.docmd("RCPT TO:<support@desk.example>")[0] == 250


def test_an_address_in_another_script_is_understood(door: smtplib.LMTP) -> None:
    make_mailbox(make_queue("Cyrillic"), name="cyrillic", address="помощь@стол.example")
    assert door.has_extn("smtputf8")
    assert door.has_extn("8bitmime")
    door.command_encoding = "utf-8"

    assert door.docmd("MAIL FROM:<вера@сайт.example> BODY=8BITMIME SMTPUTF8")[0] == 250
    assert door.docmd("RCPT TO:<помощь@стол.example>")[0] == 250
    assert door.docmd("RCPT TO:<никто@стол.example>")[1].startswith(b"5.1.1 <?????@????.example>")


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(door: smtplib.LMTP) -> None:
    door.docmd("MAIL FROM:<vera@site.example>")
    door.docmd("RCPT TO:<support@desk.example>")
    door.docmd("DATA")
    door.send(mail_bytes())
    port = door.sock.getpeername()[1] if door.sock else 0
    door.close()

    with smtplib.LMTP("127.0.0.1", port, local_hostname="mx.desk.example") as again:
        again.ehlo()
        assert hand_over(again, mail_bytes(subject="second"), "support@desk.example")[1][0] == 250
    assert kept() == [mail_bytes(subject="second")]


def test_too_many_connections_are_asked_to_come_later(mailbox: Mailbox) -> None:
    with running() as port, contextlib.ExitStack() as held:
        for _ in range(lmtp.MOST_CONNECTIONS):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
            assert client.recv(3) == b"220"
        one_more = held.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))

        assert one_more.recv(100).startswith(b"421 4.3.2 Too many connections")


def test_a_taken_port_is_told_with_the_way_out(mailbox: Mailbox) -> None:
    with running() as port, pytest.raises(DoorTaken, match="set GHISEU_LMTP_PORT to a free port"):
        lmtp.run("127.0.0.1", port, threading.Event())


def test_connections_to_the_database_go_back(door: smtplib.LMTP) -> None:
    for number in range(30):
        assert hand_over(door, mail_bytes(subject=str(number)), "support@desk.example")[1][0] == 250

    def lent() -> int:
        pool = connection.pool  # type: ignore[attr-defined]  # Django's pool is not in the stubs
        stats = pool.get_stats()
        return int(stats["pool_size"]) - int(stats["pool_available"])

    wait_for(lambda: lent() <= 1)
    assert InboundMail.objects.count() == 30
