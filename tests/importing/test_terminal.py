"""At the terminal: what is said, what the exit status means, and that open pages hear one word."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from ghiseu.importing.ending import number_past
from ghiseu.importing.errors import CannotExport, CannotImport
from ghiseu.importing.terminal import export_desk, import_ndjson
from ghiseu.ops.database import connection_arguments
from ghiseu.tickets.history import LIVE_CHANNEL
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.numbers import next_number
from tests.importing.lines import a_ticket, as_bytes

pytestmark = pytest.mark.django_db(transaction=True)

GO = threading.Event()


def run(path: Path, *, is_dry: bool = False, report_file: Path | None = None, stop: threading.Event = GO) -> int:
    return import_ndjson(path, is_dry=is_dry, report_file=report_file, stop=stop)


def test_all_taken_is_0_and_anything_refused_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, report = tmp_path / "tickets.ndjson", tmp_path / "refused.txt"
    lines.write_bytes(as_bytes(a_ticket("1"), a_ticket("2")))

    assert run(lines) == 0
    lines.write_bytes(as_bytes(a_ticket("1"), b"{torn\n", a_ticket("3")))
    assert run(lines, report_file=report) == 1

    out, err = capsys.readouterr()
    assert "2 tickets with 2 articles and 0 files, 0 other lines imported; 0 were here before; 0 refused" in out
    assert "1 tickets with 1 articles and 0 files, 0 other lines imported; 1 were here before; 1 refused" in out
    assert "made, because they were named: 1 queue: Support\n" in out
    refused = "line 2: refused: it is not JSON: Expecting property name enclosed in double quotes at character 2"
    assert refused in err
    assert report.read_text() == f"{refused}\n"


def test_a_dry_run_says_that_it_was_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = tmp_path / "tickets.ndjson"
    lines.write_bytes(as_bytes(a_ticket("1")))

    assert run(lines, is_dry=True) == 0

    assert "Nothing was written: this was a dry run." in capsys.readouterr().out
    assert not Ticket.objects.exists()


def test_lines_may_come_by_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(as_bytes(a_ticket("1")))))

    assert run(Path("-")) == 0

    assert Ticket.objects.count() == 1


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotImport, match=r"nothing\.ndjson is not there"):
        run(tmp_path / "nothing.ndjson")


def test_a_signal_ends_it_behind_the_batch_under_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, stop = tmp_path / "tickets.ndjson", threading.Event()
    stop.set()
    lines.write_bytes(as_bytes(*(a_ticket(str(number)) for number in range(1500))))

    assert run(lines, stop=stop) == 1

    assert Ticket.objects.count() == 1000
    assert "Run the same command again to go on." in capsys.readouterr().err
    assert run(lines) == 0
    assert Ticket.objects.count() == 1500


def test_thousands_of_refusals_do_not_flood_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, report = tmp_path / "tickets.ndjson", tmp_path / "refused.txt"
    lines.write_bytes(b"x\n" * 3000)

    assert run(lines, report_file=report) == 1

    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if "refused" in line]) == 100
    assert "... and 2,900 more like that; the report has all" in said
    assert len(report.read_text().splitlines()) == 3000


def test_open_pages_hear_one_word_for_each_queue(tmp_path: Path) -> None:
    lines = tmp_path / "tickets.ndjson"
    lines.write_bytes(as_bytes(*(a_ticket(str(number), queue=f"Queue {number % 2}") for number in range(300))))

    with psycopg.connect(**connection_arguments(connection.settings_dict), autocommit=True) as ear:
        ear.execute(f"LISTEN {LIVE_CHANNEL}")
        run(lines)
        heard = [json.loads(notice.payload) for notice in ear.notifies(timeout=5, stop_after=2)]
        heard += [json.loads(notice.payload) for notice in ear.notifies(timeout=0)]

    assert {one["queue"] for one in heard} == set(Ticket.objects.values_list("queue_id", flat=True))
    assert len(heard) == 2


def test_the_new_desk_counts_on_where_the_old_one_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connection.cursor() as cursor:
        number_past(cursor, 5000)
        old = int(next_number()[8:-1])
        assert export_desk(tmp_path / "desk", with_secrets=False, stop=GO) == 0
        cursor.execute("ALTER SEQUENCE tickets_number RESTART")

    assert run(tmp_path / "desk") == 0

    assert int(next_number()[8:-1]) == old + 1
    assert "Left out: passwords of agents" in capsys.readouterr().out


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    lines = tmp_path / "tickets.ndjson"
    lines.write_bytes(as_bytes(a_ticket("1")))

    with pytest.raises(CannotImport, match=r"The report cannot be written to .*r\.txt: No such file or directory\."):
        run(lines, report_file=tmp_path / "nowhere" / "r.txt")
    with pytest.raises(CannotExport, match=r"The export cannot be written to /proc/desk: "):
        export_desk(Path("/proc/desk"), with_secrets=False, stop=GO)

    assert not Ticket.objects.exists()
