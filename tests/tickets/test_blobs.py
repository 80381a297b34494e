"""Bytes come, are needed by many, are compressed, and go: beside each other, and with a kill between any two steps."""

import datetime as dt
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as desk_settings
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from ghiseu.lib import blobs as files
from ghiseu.tickets.blobs import bytes_of, compact, compact_some, doubt, head_of, keep_bytes, sweep
from ghiseu.tickets.models import Article, Attachment, Blob
from tests.factories import make_article, make_queue

pytestmark = pytest.mark.django_db
SMALL, LARGE = b"small words " * 100, b"many words " * 10_000
NOISE = random.Random(4).randbytes(60_000)


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.BLOBS_FOLDER = tmp_path / "blobs"


@pytest.fixture
def article() -> Article:
    return make_article(make_queue())


def attach(article: Article, data: bytes) -> Attachment:
    """The file of an article, kept and named in one transaction as every action does."""
    with transaction.atomic():
        blob = keep_bytes(data)
        return Attachment.objects.create(article=article, blob=blob, filename="a", content_type="x/y", size=len(data))


def let_go(attachment: Attachment) -> Blob:
    blob = attachment.blob
    attachment.delete()
    doubt([blob.pk])
    return blob


def on_disk() -> list[str]:
    root = Path(desk_settings.BLOBS_FOLDER)
    return sorted(path.name for path in root.rglob("*") if path.is_file()) if root.exists() else []


def fresh(blob: Blob) -> Blob:
    return Blob.objects.get(pk=blob.pk)


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_bytes_that_nothing_needs_go(article: Article, data: bytes) -> None:
    first, second = attach(article, data), attach(article, data)

    let_go(first)
    sweep()
    assert bytes_of(fresh(second.blob)) == data

    let_go(second)
    sweep()
    assert (Blob.objects.count(), on_disk()) == (0, [])


def test_only_what_is_doubtful_is_looked_at(article: Article) -> None:
    kept = keep_bytes(SMALL)

    assert sweep() == 0

    assert bytes_of(fresh(kept)) == SMALL


def test_bytes_that_come_again_are_kept_again(article: Article) -> None:
    let_go(attach(article, LARGE))
    sweep()

    again = attach(article, LARGE)

    assert bytes_of(fresh(again.blob)) == LARGE


class Killed(BaseException):
    """Stands for a process that is killed: nothing of ours catches it."""


def dying_at(fatal: str) -> Iterator[str]:
    def step(name: str) -> None:
        if name == fatal:
            raise Killed

    return step  # type: ignore[return-value]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fatal", ["locked", "row gone", "file gone"])
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_sweep_that_is_killed_leaves_nothing_that_is_needed_without_bytes(
    article: Article, data: bytes, fatal: str
) -> None:
    let_go(attach(article, data))
    needed = attach(article, NOISE)
    doubt([needed.blob_id])

    with pytest.raises(Killed):
        sweep(between=dying_at(fatal))  # type: ignore[arg-type]
    again = attach(article, data)
    sweep()

    assert bytes_of(fresh(again.blob)) == data
    assert bytes_of(fresh(needed.blob)) == NOISE
    let_go(again)
    sweep()
    assert [blob.pk for blob in Blob.objects.all()] == [needed.blob_id]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("data", [SMALL, LARGE])
@pytest.mark.parametrize("moment", ["locked", "row gone", "file gone"])
def test_the_same_bytes_that_arrive_while_they_are_swept_are_there_afterwards(
    article: Article, data: bytes, moment: str
) -> None:
    let_go(attach(article, data))
    began, kept = threading.Event(), list[Attachment]()

    def arrive() -> None:
        began.set()
        kept.append(attach(article, data))
        connection.close()

    arriving = threading.Thread(target=arrive)

    def meanwhile(step: str) -> None:
        if step == moment:
            arriving.start()
            assert began.wait(30)

    sweep(between=meanwhile)
    arriving.join(30)

    assert bytes_of(fresh(kept[0].blob)) == data


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_bytes_that_somebody_is_just_keeping_are_not_swept(article: Article, data: bytes) -> None:
    blob = let_go(attach(article, data))
    kept, go_on, attached = threading.Event(), threading.Event(), list[Attachment]()

    def keep_slowly() -> None:
        with transaction.atomic():
            again = keep_bytes(data)
            kept.set()
            assert go_on.wait(30)
            attached.append(
                Attachment.objects.create(article=article, blob=again, filename="a", content_type="x/y", size=len(data))
            )
        connection.close()

    keeping = threading.Thread(target=keep_slowly)
    keeping.start()
    try:
        assert kept.wait(30)
        assert sweep() == 0
    finally:
        go_on.set()
        keeping.join(30)
    sweep()

    assert attached[0].blob_id == blob.pk
    assert bytes_of(fresh(blob)) == data


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_compressed_bytes_are_read_as_they_came(article: Article, data: bytes) -> None:
    blob = attach(article, data).blob
    sha256, size = blob.sha256, blob.size

    before, after = compact(blob.pk)

    blob = fresh(blob)
    assert before == len(data)
    assert after < before / 5
    assert (blob.sha256, blob.size, blob.coding) == (sha256, size, "zlib")
    assert bytes_of(blob) == data
    assert [head_of(blob, count) for count in (0, 7, 100_000, 10**9)] == [data[:0], data[:7], data[:100_000], data]
    assert len(on_disk()) == (1 if data == LARGE else 0)
    assert compact(blob.pk) == (0, 0)


def test_the_head_of_a_long_compressed_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    data = b"".join(random.Random(number).randbytes(40_000) + b"." * 40_000 for number in range(4))
    files.write(tmp_path, "ab" * 32, data)
    files.compact(tmp_path, "ab" * 32)
    files.remove_plain(tmp_path, "ab" * 32)

    assert files.read(tmp_path, "ab" * 32) == data
    assert files.read_head(tmp_path, "ab" * 32, 200_000) == data[:200_000]


@pytest.mark.parametrize("data", [NOISE, NOISE[:5000]])
def test_what_does_not_shrink_stays_as_it_is(article: Article, data: bytes) -> None:
    blob = attach(article, data).blob

    assert compact(blob.pk) == (len(data), len(data))

    assert (bytes_of(fresh(blob)), fresh(blob).coding) == (data, "")
    assert [name for name in on_disk() if name.endswith(".z")] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fatal", ["compressed", "committed"])
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_compressing_that_is_killed_loses_nothing(article: Article, data: bytes, fatal: str) -> None:
    attachment = attach(article, data)

    with pytest.raises(Killed):
        compact(attachment.blob_id, between=dying_at(fatal))  # type: ignore[arg-type]

    assert bytes_of(fresh(attachment.blob)) == data
    assert bytes_of(attach(article, data).blob) == data
    compact(attachment.blob_id)
    assert bytes_of(fresh(attachment.blob)) == data
    assert [name[64:] for name in on_disk()] == ([".z"] if data == LARGE else [])
    Attachment.objects.all().delete()
    doubt([attachment.blob_id])
    sweep()
    assert on_disk() == []


def test_only_old_bytes_are_compressed_each_once(article: Article) -> None:
    old, young = attach(article, LARGE).blob, attach(article, SMALL).blob
    Blob.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=31))

    looked_at, position = compact_some(0, limit=10)

    assert (looked_at, position) == (1, old.pk)
    assert (fresh(old).coding, fresh(young).coding) == ("zlib", "")
    assert compact_some(position, limit=10) == (0, position)


def test_bytes_the_disk_has_lost_are_told_and_hold_up_nothing(article: Article) -> None:
    lost, fine = attach(article, LARGE).blob, attach(article, SMALL).blob
    Blob.objects.update(created_at=timezone.now() - dt.timedelta(days=31))
    files.path_of(Path(desk_settings.BLOBS_FOLDER), lost.sha256).unlink()

    assert compact_some(0, limit=10) == (2, fine.pk)

    assert fresh(fine).coding == "zlib"
