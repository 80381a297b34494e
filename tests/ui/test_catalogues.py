"""Every text of the house can be read in Romanian, and the catalogue knows the sources as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

import ghiseu

PACKAGE = Path(ghiseu.__file__).parent
ROOT = PACKAGE.parent
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")
Key = tuple[str, str]


def catalogue(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def key_of(message: Message) -> Key:
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def texts_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def keywords() -> dict[str, Any]:
    """What the Makefile tells pybabel to look for."""
    line = re.search(r'^KEYWORDS := --keywords "(.*)"$', (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line
    told: dict[str, Any] = parse_keywords(line[1].split())
    return DEFAULT_KEYWORDS | told


def in_sources() -> set[Key]:
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(PACKAGE, methods, options, keywords())
    return {(context or "", text if isinstance(text, str) else text[0]) for _, _, text, _, context in found}


@pytest.fixture(scope="module")
def romanian() -> Catalog:
    return catalogue("ro")


def test_the_catalogue_has_exactly_the_texts_of_the_sources(romanian: Catalog) -> None:
    assert {key_of(message) for message in romanian if message.id} == in_sources(), "run: make messages"


def test_nothing_is_left_untranslated_or_doubtful(romanian: Catalog) -> None:
    assert [m.id for m in romanian if m.id and (m.fuzzy or not all(texts_of(m)))] == []


def test_translations_use_the_same_placeholders(romanian: Catalog) -> None:
    wrong = []
    for message in romanian:
        if not message.id or not isinstance(message.id, str):
            continue
        expected = sorted(set(PLACEHOLDER.findall(message.id)))
        wrong += [text for text in texts_of(message) if sorted(set(PLACEHOLDER.findall(text))) != expected]
    assert wrong == []


def test_romanian_is_written_with_its_own_letters(romanian: Catalog) -> None:
    """ș and ț with a comma below; the letters with a cedilla are Turkish."""
    assert [text for m in romanian if m.id for text in texts_of(m) if re.search("[şţŞŢ]", text)] == []


def test_romanian_counts_in_three_forms(romanian: Catalog) -> None:
    assert romanian.num_plurals == 3
    assert [m.id for m in romanian if m.pluralizable and len(texts_of(m)) != 3] == []
