from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from ghiseu.mail.errors import Unreachable
from ghiseu.mail.inbound import old_mail
from ghiseu.mail.inbound.old_mail import Found, NoOldMail, Report, import_all, in_folder, in_path, wire_form
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.message_ids import AgentToken, new_message_id, notification_id
from ghiseu.mail.models import AutomaticMail, AutoResponse, InboundMail, Mailbox, OutboundMail
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import close_ticket
from ghiseu.tickets.blobs import bytes_of
from ghiseu.tickets.models import Article, Kind, StateType, Ticket
from tests.factories import history_of, make_mailbox, make_queue, make_ticket
from tests.mail.inbound.imap_stub import Account, serving
from tests.mail.inbound.test_fetch import make
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db
LINE = b"From vera@site.example Mon Jan  5 10:00:00 2015\n"


@pytest.fixture
def mailbox() -> Mailbox:
    queue = make_queue()
    for occasion in AutoResponse.Occasion.values:
        AutoResponse.objects.create(queue=queue, occasion=occasion, language="en", subject="Ours", text="Text")
    return make_mailbox(queue)


def disk(raw: bytes) -> bytes:
    """As programs write mails into files."""
    return raw.replace(b"\r\n", b"\n")


def mail(number: int, **fields: Any) -> bytes:
    return mail_bytes(subject=f"mail {number}", message_id=f"{number}@site.example", **fields)


def maildir(folder: Path, mails: dict[str, bytes]) -> Path:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    for name, raw in mails.items():
        (folder / name).write_bytes(raw)
    return folder


def mbox(file: Path, raws: list[bytes]) -> Path:
    file.write_bytes(b"".join(LINE + disk(raw) + b"\n" for raw in raws))
    return file


def run(mailbox: Mailbox, found: Iterator[Found]) -> Report:
    return import_all(mailbox, found, lambda _report: None)


def kept() -> list[bytes]:
    return [bytes_of(mail.raw) for mail in InboundMail.objects.order_by("pk")]


def figures(report: Report) -> tuple[int, int, int]:
    return report.kept, report.known, report.refused


def test_a_maildir_is_taken_in_the_order_of_delivery_and_left_as_it_is(mailbox: Mailbox, tmp_path: Path) -> None:
    raws = [mail(number) for number in range(4)]
    files = {
        "cur/1420000002.M1.host:2,S": disk(raws[2]),
        "new/1420000003.M1.host": disk(raws[3]),
        "cur/1420000000.M9.host:2,": disk(raws[0]),
        "cur/990000000.M9.Thost:2,RS": disk(raws[1]),
        "cur/1420000001.M9.host:2,ST": b"trashed",
        "cur/.hidden": b"no mail",
        "tmp/1420000009.M9.host": b"not delivered yet",
    }
    folder = maildir(tmp_path / "Old mail", files)

    report = run(mailbox, in_path(folder))

    assert (figures(report), report.done) == ((4, 0, 0), 1.0)
    assert kept() == [raws[1], raws[0], raws[2], raws[3]]
    assert set(InboundMail.objects.values_list("channel", flat=True)) == {"import"}
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_an_mbox_is_taken_and_may_be_taken_again(mailbox: Mailbox, tmp_path: Path) -> None:
    raws = [mail(number, text="From the start\n\n") for number in range(3)]
    file = tmp_path / "old.mbox"
    file.write_bytes(b"".join(LINE + disk(raw).replace(b"\nFrom the", b"\n>From the") + b"\n" for raw in raws))

    assert figures(run(mailbox, in_path(file))) == (3, 0, 0)
    assert figures(run(mailbox, in_path(file))) == (0, 3, 0)
    assert kept() == [wire_form(raw) for raw in raws]


def test_the_same_mail_is_known_whatever_its_line_ends_and_its_way(mailbox: Mailbox, tmp_path: Path) -> None:
    keep(mailbox=mailbox, raw=mail(1), channel="imap")
    keep(mailbox=mailbox, raw=disk(mail(2)), channel="pipe")
    file = mbox(tmp_path / "old.mbox", [mail(1), mail(2), mail(3), mail(3)])

    assert figures(run(mailbox, in_path(file))) == (1, 3, 0)
    assert keep(mailbox=mailbox, raw=mail(3), channel="lmtp").channel == "import"
    assert InboundMail.objects.count() == 3


def test_what_cannot_be_taken_is_told_and_stops_no_other(
    mailbox: Mailbox, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_MAX_BYTES = 10_000
    files = {"cur/1.a": b"\n", "cur/2.b": disk(mail(2, text="x" * 20_000)), "cur/4.d": disk(mail(4))}
    folder = maildir(tmp_path / "Maildir", files)
    (folder / "cur" / "3.c").symlink_to(tmp_path / "gone")
    monkeypatch.setattr(old_mail, "MOST_TOLD", 2)

    report = run(mailbox, in_path(folder))

    assert figures(report) == (1, 0, 3)
    assert [reason.partition(".")[0] for reason in report.reasons] == ["cur/1", "cur/2"]
    assert "The mail is empty" in report.reasons[0]
    assert "and 10000 are accepted" in report.reasons[1]


def test_a_torn_and_a_too_large_mail_in_an_mbox(mailbox: Mailbox, tmp_path: Path, settings: Settings) -> None:
    settings.MAIL_MAX_BYTES = 10_000
    file = mbox(tmp_path / "old.mbox", [mail(1, text="x" * 20_000), mail(2), mail(3)])
    with file.open("r+b") as torn:
        torn.truncate(file.stat().st_size - 12)

    report = run(mailbox, in_path(file))

    assert figures(report) == (2, 0, 1)
    assert report.reasons[0].startswith("mail 1, byte 48: The mail has ")
    assert kept()[0] == mail(2)
    assert mail(3).startswith(kept()[1])


def test_a_mail_programs_own_notes_stay_behind(mailbox: Mailbox, tmp_path: Path) -> None:
    notes = mail_bytes(subject="DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA")

    assert figures(run(mailbox, in_path(mbox(tmp_path / "x", [notes, mail(1)])))) == (1, 0, 0)


@pytest.mark.parametrize("name", ["mail.eml", "folder", "missing"])
def test_what_is_neither_maildir_nor_mbox_is_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "mail.eml").write_bytes(mail(1))
    (tmp_path / "folder").mkdir()

    with pytest.raises(NoOldMail, match=r"neither an mbox file nor a Maildir|is no mbox file"):
        in_path(tmp_path / name)


def test_an_import_that_was_cut_off_goes_on(mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_mail, "BATCH_MAILS", 2)
    file = mbox(tmp_path / "old.mbox", [mail(number) for number in range(7)])

    def cut(report: Report) -> None:
        if report.kept == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_all(mailbox, in_path(file), cut)

    assert figures(run(mailbox, in_path(file))) == (3, 4, 0)
    assert kept() == [mail(number) for number in range(7)]


def test_a_folder_of_an_imap_server_is_taken_and_left_untouched(settings: Settings) -> None:
    account = Account(folders={"INBOX": {}, "Archive 2019": {}})
    for number in range(60):
        account.put(mail(number), folder="Archive 2019", flags=(r"\Seen", "$GhiseuHeld") if number % 2 else ())
    account.put(mail(99), folder="Archive 2019", flags=(r"\Deleted",))
    account.put(mail(98), folder="Archive 2019", size=60_000_000)
    with serving(account) as port:
        mailbox = make(port, settings, afterwards=Mailbox.Afterwards.FLAG)

        report = run(mailbox, in_folder(mailbox, "Archive 2019"))
        again = run(mailbox, in_folder(mailbox, "Archive 2019"))
        with pytest.raises(Unreachable, match="Check the folder Nowhere"):
            run(mailbox, in_folder(mailbox, "Nowhere"))

    assert (figures(report), figures(again)) == ((60, 0, 1), (0, 60, 1))
    assert kept() == [mail(number) for number in range(60)]
    assert account.changing() == []
    assert any(command.startswith("EXAMINE") for command in account.commands)
    assert not any(command.startswith("SELECT") for command in account.commands)


def test_only_an_imap_mailbox_has_folders(mailbox: Mailbox) -> None:
    with pytest.raises(NoOldMail, match="is not fetched by IMAP"):
        next(in_folder(mailbox, "Archive"))


def test_wire_form_touches_nothing_but_bare_line_ends() -> None:
    assert wire_form(b"a\nb\r\nc\r\n\nd\re\n") == b"a\r\nb\r\nc\r\n\r\nd\re\r\n"


# What becomes of it


def imported(mailbox: Mailbox, raw: bytes) -> InboundMail:
    row = keep(mailbox=mailbox, raw=raw, channel="import")
    file_waiting()
    row.refresh_from_db()
    return row


def dated(date: str, **fields: Any) -> bytes:
    return re.sub(rb"Date: .*?\r\n", f"Date: {date}\r\n".encode() if date else b"", mail_bytes(**fields))


def test_an_old_mail_is_a_ticket_of_its_day_and_nothing_leaves(mailbox: Mailbox) -> None:
    row = imported(mailbox, dated("Thu, 12 Mar 2015 23:30:00 +0100"))

    ticket = Ticket.objects.get()
    article = Article.objects.get()
    at = dt.datetime(2015, 3, 12, 22, 30, tzinfo=dt.UTC)
    # In Chișinău it was the next day already.
    assert ticket.number.startswith("20150313")
    assert (ticket.created_at, ticket.changed_at, ticket.waiting_since) == (at, at, at)
    assert (article.created_at, article.written_at) == (at, at)
    assert row.trace[-1] == "imported: nothing is answered and nobody is notified"
    assert (OutboundMail.objects.count(), AutomaticMail.objects.count()) == (0, 0)


@pytest.mark.parametrize("date", ["Fri, 01 Jan 2100 00:00:00 +0000", "Fri, 31 Dec 1971 00:00:00 +0000", "soon", ""])
def test_a_date_that_cannot_be_believed_is_the_day_of_the_import(mailbox: Mailbox, date: str) -> None:
    row = imported(mailbox, dated(date))

    assert Ticket.objects.get().created_at == row.received_at


def test_mail_that_comes_in_now_has_our_time_whatever_it_says(mailbox: Mailbox) -> None:
    row = keep(mailbox=mailbox, raw=dated("Thu, 12 Mar 2015 23:30:00 +0100"), channel="lmtp")
    file_waiting()

    assert Ticket.objects.get().created_at >= row.received_at
    assert OutboundMail.objects.count() == 1


def test_an_old_follow_up_tells_no_owner_and_reopens_nothing_that_was_closed_since(
    mailbox: Mailbox, ana: Agent
) -> None:
    queue = make_queue("Hosting", full=[ana])
    ticket = make_ticket(queue)
    Agent.objects.update(wants_mail=True)
    Ticket.objects.update(owner=ana)
    close_ticket(ticket, by=ana)
    old = dated("Thu, 12 Mar 2015 23:30:00 +0100", in_reply_to=new_message_id(ticket))

    row = imported(mailbox, old)

    ticket.refresh_from_db()
    assert (row.article is not None and row.article.ticket == ticket, ticket.state_type) == (True, StateType.CLOSED)
    assert ticket.waiting_since is None
    assert OutboundMail.objects.count() == 0


def test_an_agents_old_answer_to_a_notification_is_not_sent_again(mailbox: Mailbox, ana: Agent) -> None:
    ticket = make_ticket(make_queue("Hosting", full=[ana]))
    token = notification_id(AgentToken(ticket.pk, ana.pk, ticket.created_at))

    row = imported(mailbox, mail_bytes(sender=ana.email, in_reply_to=token))

    assert OutboundMail.objects.count() == 0
    assert row.article is not None
    assert row.article.ticket.related == ticket


def test_what_comes_in_now_never_waits_behind_an_import(mailbox: Mailbox) -> None:
    for number in range(5):
        keep(mailbox=mailbox, raw=mail(number), channel="import")
    now = keep(mailbox=mailbox, raw=mail(9), channel="lmtp")

    assert file_waiting(limit=3) == 1
    now.refresh_from_db()
    assert now.state == InboundMail.State.FILED
    assert [file_waiting(limit=3), file_waiting(limit=3), file_waiting(limit=3)] == [3, 2, 0]


def test_memory_stays_flat_over_a_large_file(mailbox: Mailbox, tmp_path: Path, settings: Settings) -> None:
    import tracemalloc

    file = tmp_path / "large.mbox"
    with file.open("wb") as out:
        for number in range(60):
            out.write(LINE + disk(mail(number, text=os.urandom(50_000).hex() * 5)) + b"\n")
    assert file.stat().st_size > 30_000_000
    run(mailbox, iter([Found("warm", mail(1000), 1.0)]))
    tracemalloc.start()
    try:
        report = run(mailbox, in_path(file))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert figures(report) == (60, 0, 0)
    # A batch, and what comparing one mail needs; not the file.
    assert peak < 20_000_000


def test_old_mail_that_is_no_new_work_becomes_closed_tickets(mailbox: Mailbox, tmp_path: Path) -> None:
    file = mbox(tmp_path / "old.mbox", [mail(1), mail(2, sender="oleg@other.example")])
    import_all(mailbox, in_path(file), lambda _report: None, is_settled=True)
    file_waiting()
    first = Ticket.objects.get(title="mail 1")
    again = mail_bytes(subject=f"Re: [#{first.number}]", message_id="3@site.example", in_reply_to="1@site.example")
    import_all(mailbox, in_path(mbox(tmp_path / "later.mbox", [again])), lambda _report: None, is_settled=True)
    file_waiting()

    tickets = Ticket.objects.order_by("pk")
    assert [(one.state_type, one.waiting_since) for one in tickets] == [(StateType.CLOSED, None)] * 2
    assert first.articles.count() == 2
    assert history_of(first)[:2] == [Kind.CREATED, Kind.STATE_CHANGED]
    assert not OutboundMail.objects.exists()
