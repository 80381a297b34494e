"""Files made to hurt whoever reads them cost a fixed amount of time and memory, and give nothing away."""

from __future__ import annotations

import os
import random
import resource
import time
from pathlib import Path

import pytest

from ghiseu.lib.file_text.apart import Limits, read_apart
from ghiseu.lib.file_text.kinds import FileKind, Unreadable, Why
from tests import files

# The limit of the clock, with room for a busy machine.
SECONDS = 45
MOST_MEMORY_KB = 700_000
LIMITS = Limits()


def outcome(data: bytes, kind: FileKind, limits: Limits = LIMITS) -> str:
    """The text of the file, or why it gives none; asserts that finding out was bounded in time and memory."""
    began = time.monotonic()
    try:
        text = read_apart(data, kind, limits).text
    except Unreadable as error:
        return error.why
    assert time.monotonic() - began < SECONDS
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_MEMORY_KB
    return text


def test_a_document_that_unpacks_without_end() -> None:
    bomb = files.docx_bomb(200_000_000)

    assert len(bomb) < 300_000
    assert outcome(bomb, FileKind.OFFICE) == Why.TOO_MUCH


def test_a_document_of_very_many_parts() -> None:
    assert outcome(files.zipped({f"word/{n}.xml": "" for n in range(6_000)}), FileKind.OFFICE) == Why.TOO_MUCH


def test_a_thousand_million_laughs_are_none() -> None:
    text = outcome(files.laughing_docx(), FileKind.OFFICE)

    assert "haha" not in text
    assert len(text) < 100


def test_a_document_cannot_read_the_files_of_the_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the password is window-42")

    assert "window" not in outcome(files.spying_docx(str(secret)), FileKind.OFFICE)


def test_elements_inside_one_another_without_end() -> None:
    deep = "<w:p>" * 200_000
    data = files.zipped({"word/document.xml": f'<w:d xmlns:w="{files.WORD_SPACE}">{deep}'})

    assert outcome(data, FileKind.OFFICE) == Why.DAMAGED


def test_a_pdf_that_unpacks_without_end() -> None:
    bomb = files.pdf_bomb(400_000_000)

    assert len(bomb) < 1_000_000
    assert outcome(bomb, FileKind.PDF) in ("", Why.MEMORY, Why.DAMAGED, Why.TIME)


def test_a_pdf_that_contains_itself() -> None:
    assert outcome(files.recursive_pdf(), FileKind.PDF) in ("", Why.DAMAGED)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (files.locked_pdf("Secret", user="window-42"), FileKind.PDF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, FileKind.OFFICE),
    ],
    ids=["pdf", "office"],
)
def test_a_file_with_a_password(data: bytes, kind: FileKind) -> None:
    assert outcome(data, kind) == Why.LOCKED


@pytest.mark.parametrize("kind", [FileKind.PDF, FileKind.OFFICE])
@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 and then nothing", b"PK\x03\x04 torn", os.urandom(5_000)])
def test_what_is_no_such_file_at_all(data: bytes, kind: FileKind) -> None:
    assert outcome(data, kind) == Why.DAMAGED


def test_bytes_that_call_themselves_text() -> None:
    assert outcome(b"MZ\x90\0\x03\0\0\0" * 50, FileKind.TEXT) == Why.DAMAGED


def test_broken_files_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(7)
    for original, kind in ((files.pdf("One page", "Another"), FileKind.PDF), (files.docx("A letter"), FileKind.OFFICE)):
        for _try in range(6):
            data = bytearray(original)
            for _byte in range(20):
                data[chance.randrange(len(data))] = chance.randrange(256)
            assert outcome(bytes(data), kind) not in (Why.CRASHED, Why.TIME, Why.MEMORY)


def test_who_takes_too_long_is_stopped_by_the_clock() -> None:
    assert outcome(files.pdf("Slow"), FileKind.PDF, Limits(clock_seconds=0.0)) == Why.TIME


def test_who_computes_too_long_is_stopped_by_the_kernel() -> None:
    page = "BT /F1 12 Tf 72 720 Td " + "(a) Tj " * 400_000 + "ET"
    long = files.pdf("x").replace(b"BT /F1 12 Tf 72 720 Td (x) Tj ET", page.encode())

    assert outcome(long, FileKind.PDF, Limits(cpu_seconds=1)) == Why.TIME


def test_who_takes_too_much_memory_is_stopped() -> None:
    assert outcome(b"a" * 60_000_000, FileKind.TEXT, Limits(memory_bytes=60_000_000)) in (Why.MEMORY, Why.CRASHED)


def test_the_process_that_reads_is_handed_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of modules is a way in as good as a variable: neither is looked at."""
    (tmp_path / "pypdf.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert outcome(files.pdf("Harmless"), FileKind.PDF) == "Harmless"
