import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghiseu.lib.folding import BLANK, DROPPED, SEPARATOR, fold, fold_line, variants, words_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ȘCOLI", "scoli"),
        ("şcoli", "scoli"),
        ("Țară, ţară", "tara, tara"),
        ("Împărat mâine", "imparat maine"),
        ("Ёлка", "елка"),
        ("Ґанок", "ганок"),
        ("Київ", "киів"),
        ("й", "и"),
        ("café", "cafe"),
        ("Łódź Øre đ", "lodz ore d"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ＦＵＬＬ９", "full9"),
        ("so\u00adft hy\u200bphen", "soft hyphen"),
        ("straße", "straße"),
    ],
)
def test_letters_that_people_take_for_the_same(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words_of("Scrie-mi la Vera_M@site.example, „da”!") == [
        "scrie",
        "mi",
        "la",
        "vera",
        "m",
        "site",
        "example",
        "da",
    ]
    assert words_of("зв’язок зв'язок звʼязок") == ["зв", "язок"] * 3
    assert words_of(" ... ") == []
    assert words_of("") == []


def test_a_line_has_single_blanks() -> None:
    assert fold_line("  Două\r\n\tlinii\u00a0aici ") == "doua linii aici"


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold_line(fold_line(text)) == fold_line(text)
    assert words_of(" ".join(words_of(text))) == words_of(text)


def test_the_table_can_be_turned_round() -> None:
    every = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000]
    kept = [character for character in every if fold(character)]

    assert all(character in variants(fold(character)) for character in kept)
    assert all(
        fold(source) == character
        for character in kept
        if fold(character) == character
        for source in variants(character)
    )


def test_a_character_is_a_letter_or_a_separator_or_dropped() -> None:
    separator, dropped, blank = (re.compile(f"[{kind}]") for kind in (SEPARATOR, DROPPED, BLANK))
    for code in range(1, 0x10000):
        character = chr(code)
        if dropped.match(character):
            assert not separator.match(character)
            assert fold(character) == ""
        if separator.match(character):
            assert fold(character) in (character, "")
        if blank.match(character):
            assert separator.match(character)
