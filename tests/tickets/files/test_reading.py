"""Attached files are read once, in the background, whatever they are, and nobody can forget one."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from ghiseu.lib import blobs
from ghiseu.tickets.actions import NewFile, receive_message
from ghiseu.tickets.files.reading import _claim, _read, ask_again_what_was_too_large, read_waiting
from ghiseu.tickets.models import Article, Attachment, Blob, FileText, FileToRead
from tests import files
from tests.factories import make_article, make_customer, make_message

pytestmark = pytest.mark.django_db

PDF = "application/pdf"


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS_FOLDER = tmp_path / "blobs"


def attached(*contents: tuple[str, str, bytes]) -> Article:
    return make_article(files=[NewFile(name, content_type, data) for name, content_type, data in contents])


def texts() -> list[tuple[str, str]]:
    """What was found in every file, and why nothing was."""
    return [(text.text, text.why_unread) for text in FileText.objects.order_by("pk")]


def waiting() -> list[tuple[int, str]]:
    return [(one.tries, one.why_unread) for one in FileToRead.objects.order_by("pk")]


def test_a_file_waits_from_the_moment_its_mail_is_filed_and_is_read_by_a_worker() -> None:
    attached(("invoice.pdf", PDF, files.pdf("Invoice 17")), ("letter.docx", "", files.docx("Conținut ilegal")))
    assert (waiting(), texts()) == ([(0, ""), (0, "")], [])

    assert read_waiting() == 2
    assert (waiting(), texts()) == ([], [("Invoice 17", ""), ("Conținut ilegal", "")])
    assert read_waiting() == 0


def test_the_newest_files_come_first() -> None:
    attached(("a.txt", "text/plain", b"the old one"))
    attached(("b.txt", "text/plain", b"the new one"))

    assert read_waiting(limit=1) == 1
    assert texts() == [("the new one", "")]


def test_pictures_do_not_even_wait_and_programs_are_left_alone() -> None:
    attached(("logo.png", "image/png", b"\x89PNG"), ("setup.exe", "application/octet-stream", b"MZ"))
    assert len(waiting()) == 1

    read_waiting()

    assert (waiting(), texts()) == ([], [])


def test_the_same_bytes_are_read_once_whoever_sends_them(django_assert_num_queries: object) -> None:
    article = attached(("terms.txt", "text/plain", b"Our terms"))
    read_waiting()
    read_at = FileText.objects.get().read_at

    receive_message(
        article.ticket,
        make_message(files=[NewFile("x.txt", "text/plain", b"Our terms")], message_id="2@x"),
        customer=make_customer(),
    )
    read_waiting()

    assert (waiting(), texts()) == ([], [("Our terms", "")])
    assert FileText.objects.get().read_at == read_at


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (files.locked_pdf("Secret", user="window-42"), "locked"),
        (b"%PDF-1.7 torn", "damaged"),
    ],
)
def test_what_can_never_be_read_is_tried_once_and_says_why(data: bytes, why: str) -> None:
    attached(("a.pdf", PDF, data))

    read_waiting()

    assert (waiting(), texts()) == ([], [("", why)])


def test_a_bomb_is_refused_and_the_next_file_read(settings: Settings) -> None:
    attached(("next.txt", "text/plain", b"Next"), ("bomb.docx", "", files.docx_bomb(100_000_000)))

    assert read_waiting() == 2
    assert texts() == [("Next", ""), ("", "too_much")]


def test_lost_bytes_are_tried_three_times_with_growing_pauses(settings: Settings) -> None:
    data = b"words " * 20_000
    attached(("a.txt", "text/plain", data))
    lost = blobs.path_of(settings.BLOBS_FOLDER, hashlib.sha256(data).hexdigest())
    lost.unlink()

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for tries in (1, 2):
            assert read_waiting() == 1
            assert (waiting(), texts()) == ([(tries, "missing")], [])
            clock.shift(dt.timedelta(minutes=9))
            assert read_waiting() == 0
            clock.shift(dt.timedelta(minutes=12))
        assert read_waiting() == 1

    assert (waiting(), texts()) == ([], [("", "missing")])


def test_a_file_that_took_its_worker_along_is_given_back_and_counted() -> None:
    attached(("a.txt", "text/plain", b"Words"))
    FileToRead.objects.update(tries=1, next_try_at=timezone.now() + dt.timedelta(minutes=5))
    assert read_waiting() == 0

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6)):
        assert read_waiting() == 1

    assert texts() == [("Words", "")]


def test_what_is_too_large_waits_again_once_it_is_not(settings: Settings) -> None:
    settings.FILE_TEXT_MAX_BYTES = 10
    attached(("a.txt", "text/plain", b"More than ten"), ("b.txt", "text/plain", b"Ten"))
    read_waiting()
    assert texts() == [("", "too_large"), ("Ten", "")]
    assert ask_again_what_was_too_large() == 0

    settings.FILE_TEXT_MAX_BYTES = 20
    assert ask_again_what_was_too_large() == 1
    read_waiting()

    assert (waiting(), sorted(texts())) == ([], [("More than ten", ""), ("Ten", "")])


def test_no_file_is_read_where_the_setting_says_none(settings: Settings) -> None:
    settings.FILE_TEXT_MAX_BYTES = 0
    attached(("a.txt", "text/plain", b"Words"))

    read_waiting()

    assert texts() == [("", "too_large")]


def test_an_import_in_masses_forgets_none() -> None:
    article = make_article()
    blob = Blob.objects.create(sha256="0" * 64, size=1, data=b"x")
    rows = [
        Attachment(article=article, blob=blob, filename=f"{n}.txt", content_type="text/plain", size=1)
        for n in range(30)
    ]

    Attachment.objects.bulk_create(rows)

    assert FileToRead.objects.count() == 30


def test_what_is_taken_away_while_it_is_read_leaves_no_words_behind() -> None:
    article = attached(("a.txt", "text/plain", b"Words"))
    [claimed] = _claim(1)
    article.attachments.all().delete()

    _read(claimed)

    assert (waiting(), texts()) == ([], [])


def test_the_words_go_with_the_file() -> None:
    article = attached(("a.txt", "text/plain", b"Words"), ("b.txt", "text/plain", b"Other"))
    read_waiting(limit=1)

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tickets_attachment WHERE article_id = %s", [article.pk])
        cursor.execute("DELETE FROM tickets_blob")

    assert (waiting(), texts()) == ([], [])
