import datetime as dt
import shutil
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import InboundMail, OutboundMail
from ghiseu.ops import doctor
from ghiseu.ops.doctor import Level, examine
from ghiseu.ops.upkeep import last_night
from ghiseu.tickets.actions import NewFile
from ghiseu.tickets.models import FileText, FileToRead, Upkeep
from tests.factories import make_article, make_mailbox, make_queue

pytestmark = pytest.mark.django_db

LONG_AGO = dt.timedelta(hours=2)


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS_FOLDER = tmp_path / "blobs"


def findings(level: Level) -> list[str]:
    """What the doctor says about the desk itself: without the machine's own address, mail server and role."""
    usual = ("Address", "Outgoing mail is kept", "The application's database role")
    return [finding.text for finding in examine() if finding.level is level and not finding.text.startswith(usual)]


def test_a_new_desk_is_well() -> None:
    assert findings(Level.FAIL) == []
    assert findings(Level.WARN) == []
    assert "All migrations are applied" in findings(Level.OK)


def test_mail_that_waits_too_long_fails_and_mail_in_quarantine_warns() -> None:
    mailbox = make_mailbox(make_queue())
    for number, state in enumerate(("received", "quarantined")):
        mail = keep(mailbox=mailbox, raw=b"Subject: x\r\n\r\n%d" % number, channel="pipe")
        InboundMail.objects.filter(pk=mail.pk).update(state=state, received_at=timezone.now() - LONG_AGO)

    [failed] = findings(Level.FAIL)

    assert failed.startswith("Incoming mail: 1 wait to be filed, the oldest since ")
    assert findings(Level.WARN) == ["Incoming mail: 1 could not be filed and are in quarantine"]


def test_outgoing_mail_that_failed_or_is_late_warns_with_the_servers_words() -> None:
    article = make_article()
    for state, answer in (("failed", "550 5.1.1 no such user\nmore"), ("waiting", "")):
        mail = OutboundMail.objects.create(
            article=article,
            sender="support@desk.example",
            recipient=f"{state}@site.example",
            state=state,
            answer=answer,
            next_try_at=timezone.now(),
        )
        OutboundMail.objects.filter(pk=mail.pk).update(created_at=timezone.now() - LONG_AGO)

    assert findings(Level.WARN) == [
        "Outgoing mail: 1 failed within a week; the last answer was '550 5.1.1 no such user'",
        "Outgoing mail: 1 wait for more than five minutes",
    ]


def test_a_mailbox_that_cannot_be_fetched_warns_until_it_can() -> None:
    mailbox = make_mailbox(make_queue(), failed_at=timezone.now(), last_error="wrong password")
    assert findings(Level.WARN) == ["Mailbox support: wrong password"]

    mailbox.fetched_at = timezone.now()
    mailbox.save()
    assert findings(Level.WARN) == []


def test_little_space_warns_and_no_space_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(doctor, "LITTLE_SPACE_BYTES", free * 2)
    assert len(findings(Level.WARN)) == 1

    monkeypatch.setattr(doctor, "NO_SPACE_BYTES", free * 2)
    assert len(findings(Level.FAIL)) == 1


def test_attachments_that_cannot_be_written_fail(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS_FOLDER = tmp_path / "file" / "blobs"
    (tmp_path / "file").touch()

    [failed] = findings(Level.FAIL)

    assert failed.startswith(f"Attachments cannot be written to {tmp_path}/file/blobs: ")


def test_without_a_database_the_rest_is_left_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    description = settings.DATABASES["default"] | {"HOST": "/nowhere", "OPTIONS": {}}
    monkeypatch.setitem(settings.DATABASES, "default", description)

    [failed] = findings(Level.FAIL)

    assert failed.startswith("The embedded database of ")
    assert not [text for text in findings(Level.OK) if text.startswith(("Incoming", "All migrations"))]


def test_the_nights_work_warns_when_it_fails_or_is_behind() -> None:
    now = timezone.now()
    long_ago = now - dt.timedelta(days=3)
    values = {"begun_at": long_ago, "night": long_ago}
    Upkeep.objects.create(duty="archive", begun_at=now, night=now, finished_at=now, done_count=7)
    Upkeep.objects.create(duty="retention", finished_at=long_ago, done_count=5, **values)
    Upkeep.objects.create(duty="blobs", failed_at=long_ago, error="OSError: the disk is full", **values)

    time = f"{long_ago:%Y-%m-%d %H:%M} UTC"
    behind = f"Night's work, retention: behind; last at it {time}, 5 done"
    # In the first hour of a night nobody is behind yet.
    expected = [behind] if now - last_night(now) > doctor.LATE_NIGHT else []
    assert findings(Level.WARN) == [*expected, f"Night's work, blobs: OSError: the disk is full, since {time}"]
    assert f"Night's work, archive: last finished {now:%Y-%m-%d %H:%M} UTC, 7 done" in findings(Level.OK)


def test_files_that_wait_or_are_lost_warn_and_those_with_a_password_do_not() -> None:
    article = make_article(
        files=[NewFile(f"{n}.txt", "text/plain", b"%d" % n) for n in range(3)],
    )
    lost, locked, _waiting = article.attachments.order_by("pk")
    assert "Attached files: read" in findings(Level.OK)
    for file, why in ((lost, "missing"), (locked, "locked")):
        FileText.objects.create(blob=file.blob, why_unread=why, read_at=timezone.now())
    FileToRead.objects.update(next_try_at=timezone.now() - LONG_AGO)

    [late, gone] = findings(Level.WARN)

    assert late.startswith("Attached files: 3 wait to be read, the oldest since ")
    assert gone.startswith("Attached files that gave no text within a week: ")
    assert "1 lost from the data folder" in gone
    FileText.objects.filter(why_unread="missing").delete()
    assert "Attached files: read; without text within a week: 1 protected by a password" in findings(Level.OK)
