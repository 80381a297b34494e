from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
import time_machine
from django.db import OperationalError, connection, connections
from django.utils import timezone
from pytest_django import Settings

from ghiseu.mail.models import OutboundMail
from ghiseu.mail.outbound import leaving
from ghiseu.mail.outbound import send as sending
from ghiseu.mail.outbound.again import try_again
from ghiseu.mail.outbound.compose import compose
from ghiseu.mail.outbound.reply import send_reply
from ghiseu.mail.outbound.send import LEASE, PAUSES, send_due, send_here, trouble
from ghiseu.mail.outbound.undo import cancel_mail
from ghiseu.people.models import Agent
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Ticket
from tests.factories import make_agent, make_mailbox, make_queue, make_ticket
from tests.mail.outbound.stub import Stub, certificate, free_port, running, server_context

State = OutboundMail.State


@pytest.fixture(autouse=True)
def _no_trouble() -> Iterator[None]:
    trouble.clear()
    yield
    trouble.clear()


@pytest.fixture
def ticket(ana: Agent) -> Ticket:
    queue = make_queue(full=[ana])
    make_mailbox(queue)
    return make_ticket(queue)


@pytest.fixture
def server(settings: Settings) -> Iterator[Stub]:
    with running(Stub(free_port())) as stub:
        settings.SMTP_URL = f"smtp://127.0.0.1:{stub.port}"
        yield stub


def write(ticket: Ticket, by: Agent, **fields: Any) -> list[OutboundMail]:
    article = send_reply(ticket, by=by, **({"text": "We look at it.", "to": "vera@site.example"} | fields))
    return list(OutboundMail.objects.filter(article=article).order_by("pk"))


def send_all() -> None:
    """By several senders, or by one where the test's transaction keeps the mails to itself."""
    work = send_here if connection.in_atomic_block else send_due
    while work():
        pass


def sending_aside() -> threading.Thread:
    """Another worker, which gives its connection back at the end."""

    def work() -> None:
        send_due()
        connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.django_db
def test_an_answer_is_handed_over_once_and_the_servers_words_are_kept(ticket: Ticket, ana: Agent, server: Stub) -> None:
    [mail] = write(ticket, ana)

    assert [send_here(), send_here()] == [1, 0]

    mail.refresh_from_db()
    assert server.taken == [("support@desk.example", ["vera@site.example"], compose(mail))]
    assert (mail.state, mail.answer, mail.tries) == (State.SENT, "250 2.0.0 taken", 1)
    assert mail.sent_at is not None


@pytest.mark.django_db
def test_a_refusal_for_good_is_final_and_shown(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.recipients["vera@site.example"] = "550 5.1.1 no such user here"
    [mail] = write(ticket, ana)

    send_all()

    mail.refresh_from_db()
    assert (mail.state, mail.answer) == (State.FAILED, "550 5.1.1 no such user here")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=2)):
        assert send_here() == 0


@pytest.mark.django_db
def test_a_mail_as_a_whole_may_be_refused(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.after_data = "554 5.7.1 we take no such mail"
    [mail] = write(ticket, ana)

    send_all()

    mail.refresh_from_db()
    assert (mail.state, mail.answer) == (State.FAILED, "554 5.7.1 we take no such mail")


@pytest.mark.django_db
def test_a_refusal_for_now_is_tried_again_with_growing_pauses_until_five_days_are_over(
    ticket: Ticket, ana: Agent, server: Stub
) -> None:
    server.recipients["vera@site.example"] = "451 4.7.1 greylisted"
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        [mail] = write(ticket, ana)
        pauses = []
        while True:
            assert send_here() == 1
            mail.refresh_from_db()
            if mail.state != State.WAITING:
                break
            assert mail.answer == "451 4.7.1 greylisted"
            pauses.append(mail.next_try_at - timezone.now())
            clock.move_to(mail.next_try_at)

    assert pauses[:7] == [*PAUSES, PAUSES[-1]]
    assert dt.timedelta(days=5) < sum(pauses, dt.timedelta()) < dt.timedelta(days=5, hours=5)
    assert mail.state == State.FAILED
    assert mail.answer == "Given up after five days. The last answer was: 451 4.7.1 greylisted"


@pytest.mark.django_db(transaction=True)
def test_one_bad_recipient_does_not_keep_the_others(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.recipients |= {"bad@site.example": "550 5.1.1 no", "later@site.example": "450 4.2.1 later"}
    mails = write(ticket, ana, to="bad@site.example, later@site.example, vera@site.example", bcc="secret@site.example")

    send_all()

    states = dict(OutboundMail.objects.values_list("recipient", "state"))
    assert states == {
        "bad@site.example": State.FAILED,
        "later@site.example": State.WAITING,
        "vera@site.example": State.SENT,
        "secret@site.example": State.SENT,
    }
    assert sorted(to for _sender, [to], _raw in server.taken) == ["secret@site.example", "vera@site.example"]
    assert {raw for _sender, _to, raw in server.taken} == {compose(mails[0])}


@pytest.mark.django_db(transaction=True)
def test_a_destination_that_hangs_delays_no_other(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.hang["slow@site.example"] = threading.Event()
    write(ticket, ana, to="slow@site.example")
    others = [f"customer{number}@site.example" for number in range(12)]
    write(ticket, ana, to=", ".join(others))
    arrived = threading.Event()
    server.before_answer = lambda: arrived.set() if len(server.taken) == len(others) else None

    thread = sending_aside()

    assert arrived.wait(20)
    server.hang["slow@site.example"].set()
    thread.join(20)
    send_all()
    assert sorted(to for _sender, [to], _raw in server.taken) == sorted([*others, "slow@site.example"])


@pytest.mark.django_db(transaction=True)
def test_connections_are_used_for_several_mails(ticket: Ticket, ana: Agent, server: Stub) -> None:
    write(ticket, ana, to=", ".join(f"customer{number}@site.example" for number in range(24)))

    send_all()

    assert len(server.taken) == 24
    assert server.sessions <= sending.SENDERS * 2


@pytest.mark.django_db
def test_while_the_server_is_away_nothing_is_counted_and_every_waiting_mail_says_why(
    ticket: Ticket, ana: Agent, settings: Settings
) -> None:
    port = free_port()
    settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
    [mail] = write(ticket, ana)

    assert send_here() == 0
    assert send_here() == 0  # pausing

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (State.WAITING, 0)
    assert mail.answer == f"The mail server 127.0.0.1:{port} cannot be reached: Connection refused. It is tried again."
    with running(Stub(port)) as server:
        trouble.clear()
        send_all()
        assert len(server.taken) == 1


@pytest.mark.django_db
def test_a_refused_login_is_the_desks_trouble_and_no_mails(
    ticket: Ticket, ana: Agent, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    stub = Stub(free_port())
    options = {"tls_context": server_context(path), "authenticator": stub.authenticate, "auth_required": True}
    with running(stub, **options):
        settings.SMTP_URL = f"smtp+starttls://desk%40x:wrong@localhost:{stub.port}"
        [mail] = write(ticket, ana)
        assert send_here() == 0
        mail.refresh_from_db()
        assert (mail.state, mail.tries) == (State.WAITING, 0)
        assert "535 5.7.8" in mail.answer
        assert "Check GHISEU_SMTP_URL" in mail.answer
        assert "wrong" not in mail.answer

        settings.SMTP_URL = f"smtp+starttls://desk%40x:window-42@localhost:{stub.port}"
        trouble.clear()
        assert send_here() == 1

    assert len(stub.taken) == 1
    assert stub.logins[-1] == (b"desk@x", b"window-42")


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_certificate_nobody_vouches_for_is_refused(
    ticket: Ticket, ana: Agent, settings: Settings, tmp_path: Path, scheme: str
) -> None:
    path = certificate(tmp_path)
    stub = Stub(free_port())
    where = "ssl_context" if scheme == "smtps" else "tls_context"
    with running(stub, **{where: server_context(path)}):
        settings.SMTP_URL = f"{scheme}://localhost:{stub.port}"
        [mail] = write(ticket, ana)
        assert send_here() == 0

    mail.refresh_from_db()
    assert "is not trusted: self-signed certificate" in mail.answer
    assert stub.taken == []


@pytest.mark.django_db
def test_without_tls_only_this_machine_is_spoken_to(ticket: Ticket, ana: Agent, settings: Settings) -> None:
    settings.SMTP_URL = "smtp://192.0.2.1:25"
    [mail] = write(ticket, ana)

    assert send_here() == 0

    mail.refresh_from_db()
    assert "Use smtp+starttls:// or smtps://" in mail.answer


@pytest.mark.django_db
def test_an_answer_that_is_lost_leads_to_the_same_mail_again(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.after_data = "250 and gone"
    [mail] = write(ticket, ana)
    send_all()
    mail.refresh_from_db()
    assert mail.state == State.WAITING
    assert "broke while the mail was handed over" in mail.answer

    server.after_data = "250 2.0.0 taken"
    with time_machine.travel(mail.next_try_at + dt.timedelta(seconds=1)):
        assert send_here() == 1

    assert server.taken[0] == server.taken[1]


@pytest.mark.django_db
def test_a_connection_that_died_while_idle_costs_no_try(ticket: Ticket, ana: Agent, server: Stub) -> None:
    server.on_mail_from = ""
    first, second = write(ticket, ana, to="vera@site.example, oleg@other.example")
    with sending._carrier() as carrier:
        carrier.carry(compose(first), first)
        assert isinstance(carrier, sending.BySmtp)
        connected = carrier.server._connection
        assert connected is not None
        assert connected.sock is not None
        connected.sock.close()

        assert carrier.carry(compose(second), second).startswith("250")

    assert len(server.taken) == 2


@pytest.mark.django_db
def test_a_mail_whose_worker_died_is_tried_again_after_the_lease(ticket: Ticket, ana: Agent, server: Stub) -> None:
    [mail] = write(ticket, ana)
    claimed = sending._claim()
    assert claimed == mail
    leaving.let_go(claimed)  # as the end of the session does

    assert send_here() == 0
    with time_machine.travel(timezone.now() + LEASE + dt.timedelta(seconds=1)):
        assert send_here() == 1
    assert len(server.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_being_handed_over_for_long_is_left_to_its_worker(
    ticket: Ticket, ana: Agent, server: Stub
) -> None:
    [mail] = write(ticket, ana)
    server.hang["vera@site.example"] = threading.Event()
    thread = sending_aside()
    assert server.asked.wait(20)
    OutboundMail.objects.filter(pk=mail.pk).update(next_try_at=timezone.now() - dt.timedelta(hours=1))

    assert sending._claim() is None
    with pytest.raises(InvalidInput, match="is being sent right now"):
        try_again(mail, by=ana)
    with pytest.raises(InvalidInput, match="not waiting any more"):
        cancel_mail(mail, by=ana)
    server.hang["vera@site.example"].set()
    thread.join(20)
    mail.refresh_from_db()
    assert (mail.state, len(server.taken)) == (State.SENT, 1)


@pytest.mark.django_db(transaction=True)
def test_no_page_waits_for_a_slow_mail_server(ticket: Ticket, ana: Agent, server: Stub) -> None:
    [mail] = write(ticket, ana)
    rows: list[int] = []

    def look() -> None:
        with psycopg.connect(**connection.get_connection_params() | {"options": "-c lock_timeout=1s"}) as other:
            rows.append(other.execute("SELECT 1 FROM mail_outboundmail WHERE id = %s FOR UPDATE", [mail.pk]).rowcount)

    server.before_answer = look

    send_all()

    assert rows == [1]


@pytest.mark.django_db
def test_the_result_waits_for_the_database(ticket: Ticket, ana: Agent, server: Stub) -> None:
    [mail] = write(ticket, ana)
    answers = iter([OperationalError("the connection is lost"), None])

    def announce_or_fail(*_: object) -> None:
        if error := next(answers):
            raise error

    with (
        patch.object(sending, "announce", announce_or_fail),
        patch.object(connections["default"], "close"),
        patch.object(sending, "FIRST_PAUSE_SECONDS", 0),
    ):
        assert send_here() == 1

    mail.refresh_from_db()
    assert (mail.state, len(server.taken)) == (State.SENT, 1)


@pytest.mark.django_db
def test_an_address_in_another_script_is_carried_by_servers_that_can(ticket: Ticket, ana: Agent, server: Stub) -> None:
    [mail] = write(ticket, ana, to="вера@почта.example")

    send_all()

    mail.refresh_from_db()
    assert (mail.state, server.taken[0][1]) == (State.SENT, ["вера@xn--80a1acny.example"])


@pytest.mark.django_db
def test_without_a_mail_server_mail_is_kept_in_a_maildir_once(
    ticket: Ticket, ana: Agent, settings: Settings, tmp_path: Path
) -> None:
    settings.SMTP_URL, settings.OUTGOING_FOLDER = "", tmp_path / "outgoing"
    [mail] = write(ticket, ana)

    assert send_here() == 1
    OutboundMail.objects.update(state=State.WAITING)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        assert send_here() == 1

    [file] = (tmp_path / "outgoing" / "new").iterdir()
    assert list((tmp_path / "outgoing" / "tmp").iterdir()) == []
    envelope = b"Return-Path: <support@desk.example>\nDelivered-To: vera@site.example\n"
    assert file.read_bytes() == envelope + compose(mail).replace(b"\r\n", b"\n")
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_a_full_disk_means_try_again(ticket: Ticket, ana: Agent, settings: Settings, tmp_path: Path) -> None:
    settings.SMTP_URL, settings.OUTGOING_FOLDER = "", tmp_path / "file" / "outgoing"
    (tmp_path / "file").write_text("no folder can be made in a file")
    [mail] = write(ticket, ana)

    send_all()

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (State.WAITING, 1)
    assert "could not be handed over" in mail.answer


@pytest.mark.django_db(transaction=True)
def test_open_pages_hear_what_became_of_a_mail(server: Stub) -> None:
    ana = make_agent("ana", "Ana Popescu")
    queue = make_queue(full=[ana])
    make_mailbox(queue)
    ticket = make_ticket(queue)
    server.recipients["vera@site.example"] = "550 5.1.1 no such user here"
    write(ticket, ana)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
        listener.execute("LISTEN ghiseu_live")
        send_all()
        heard = [notice.payload for notice in listener.notifies(timeout=5, stop_after=1)]

    assert len(heard) == 1
    assert ticket.number in heard[0]
