"""The fuzz run itself: it repeats what it found, and lets nothing through that it looks for."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bench import fuzz
from bench.fuzz import Failure, Fuzzer, Report, read_one
from bench.mutations import BLOW_UPS, WAYS, mutated, seed_mails

MAIL = b"From: vera@customer.example\nSubject: Hello\n\nIt does not work.\n"


def test_a_mail_is_made_again_from_seed_and_number() -> None:
    seeds = [MAIL, MAIL.upper()]

    assert [mutated(seeds, 1, number) for number in range(50)] == [mutated(seeds, 1, number) for number in range(50)]
    assert len({mutated(seeds, 1, number) for number in range(50)}) > 40


def test_every_way_is_taken() -> None:
    assert len(WAYS) == 11
    assert len(BLOW_UPS) == 7


def test_the_seed_mails_are_those_of_the_tests_and_of_the_made_up_desk() -> None:
    assert len(seed_mails()) >= 200


def test_a_plain_mail_passes() -> None:
    report = Report()

    read_one(MAIL, 7, [], report)

    assert [failure.kind for failure in report.failures if failure.kind != "memory"] == []
    assert (report.mails, report.bytes, report.slowest_number) == (1, len(MAIL), 7)


def test_what_takes_too_long_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "MOST_SECONDS", 0.0)
    report = Report()

    read_one(MAIL, 7, [], report)

    assert "slow" in [failure.kind for failure in report.failures]


def test_what_takes_too_much_memory_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "MOST_MEMORY_MB", 1)
    report = Report()

    read_one(MAIL, 7, [], report)

    assert "memory" in [failure.kind for failure in report.failures]


def test_the_last_resort_of_the_reading_is_a_failure() -> None:
    """`parse_mail` never raises: a mail it cannot read shows only in the log."""
    record = logging.LogRecord("parse", logging.ERROR, "parse.py", 1, "could not be read", (), None)

    class Listened(list[logging.LogRecord]):
        def clear(self) -> None:
            """The record stands for one that is logged during the reading."""

    report = Report()
    read_one(MAIL, 7, Listened([record]), report)

    assert [failure for failure in report.failures if failure.kind == "last-resort"] == [
        Failure(7, "last-resort", "could not be read")
    ]


def test_failing_mails_are_kept_with_their_reason_as_they_are_found(tmp_path: Path) -> None:
    fuzzer = Fuzzer(0, 1, 0, tmp_path / "kept")

    fuzzer._add(Report(failures=[Failure(12, "slow", "1.50 s")]))

    assert (tmp_path / "kept" / "1-000012-slow.eml").read_bytes() == mutated(fuzzer.seeds, 1, 12)
    assert (tmp_path / "kept" / "1-000012-slow.txt").read_text() == "1.50 s\n"
