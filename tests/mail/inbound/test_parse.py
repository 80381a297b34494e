"""Every mail of the corpus reads as the file beside it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from ghiseu.mail.inbound.parse import parse_mail
from ghiseu.mail.inbound.reading import limits

CORPUS = Path(__file__).parents[2] / "mails"
NAMES = sorted(path.stem for path in CORPUS.glob("*.eml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_of_the_corpus_reads_as_expected(name: str) -> None:
    expected = json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))

    read = parse_mail((CORPUS / f"{name}.eml").read_bytes()).as_json()

    assert _like(read, expected) == expected


def test_every_mail_has_its_expectation_and_the_other_way_round() -> None:
    assert {path.stem for path in CORPUS.glob("*.json")} == set(NAMES)


def _like(read: Any, expected: Any) -> Any:
    """Of what was read, only what the expectation speaks about."""
    if isinstance(expected, dict) and isinstance(read, dict):
        return {key: _like(read.get(key), value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(read, list) and len(expected) == len(read):
        return [_like(one, wanted) for one, wanted in zip(read, expected, strict=True)]
    return read


def test_only_so_many_lines_of_a_text_are_read() -> None:
    parsed = parse_mail(b"From: a@b.example\n\n" + b"a\n" * 400_000)

    assert parsed.text.count("\n") == limits.MAX_TEXT_LINES - 1
