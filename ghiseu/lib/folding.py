"""What counts as the same letter when people look for something: case, accents, ș = ş = s, ț = ţ = t, ё = е, ґ = г.

Folding is a fixed table from one character to one character, plus characters that are dropped. So it can be turned
round: `variants` names everything that folds to a letter, and a database can be asked for the same words without
folding what it holds and whatever its locale is. Letters that fold to two (ß, ǆ) stay as they are.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict

# Latin, Greek, Cyrillic and Armenian, Latin with marks for Vietnamese and others, full-width digits and letters.
_FOLDED_RANGES = ((0x41, 0x5B), (0x80, 0x590), (0x1E00, 0x1F00), (0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B))
# Letters that Unicode does not take apart, though people leave out their strokes.
_STROKES = {
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "ŧ": "t",
    "ґ": "г",
    "ғ": "г",
    "ќ": "к",
    "қ": "к",
}

# Marks over letters, and characters nobody sees, which hide words from filters: as contents of a `[...]`.
DROPPED = "\\u00ad\\u0300-\\u036f\\u200b-\\u200d\\u2060\\ufe0f\\ufeff"
BLANK = "\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
# What stands between words. ² ³ ¹ ª º µ are letters and digits; the apostrophes of Ukrainian (ʼ) are no letters.
SEPARATOR = (
    "\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab\\u00ac\\u00ae-\\u00b1\\u00b4\\u00b6-\\u00b8"
    "\\u00bb-\\u00bf\\u00d7\\u00f7\\u02b9-\\u02bf\\u1680\\u2000-\\u200a\\u200e-\\u205f\\u2061-\\u206f\\u20a0-\\u20cf"
    "\\u2190-\\u2bff\\u2e00-\\u2e7f\\u3000-\\u3003\\u3008-\\u3020\\ufe10-\\ufe1f\\ufe30-\\ufe6f\\uff01-\\uff0f"
    "\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65"
)
_BLANKS = re.compile(f"[{BLANK}]+")
_SEPARATORS = re.compile(f"[{SEPARATOR}]+")


def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    letters = "".join(part for part in plain if not unicodedata.combining(part))
    letter = letters if len(letters) == 1 and letters.isalnum() else character
    return _STROKES.get(letter, letter)


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for start, end in _FOLDED_RANGES:
        for code in range(start, end):
            letter = _folded(chr(code))
            # A sign like a separator stays what it is, so that a text may be folded before it is split or after.
            if letter != chr(code) and not _SEPARATORS.match(letter):
                table[code] = letter
    dropped = re.compile(f"[{DROPPED}]")
    table.update((code, None) for code in range(0x80, 0x10000) if dropped.match(chr(code)))
    return table


def _turned_round(table: dict[int, str | None]) -> dict[str, str]:
    sources: defaultdict[str, str] = defaultdict(str)
    for code, letter in table.items():
        if letter is not None:
            sources[letter] += chr(code)
    return dict(sources)


_TABLE = _table()
_SOURCES = _turned_round(_TABLE)


def fold(text: str) -> str:
    """The text with every letter as it is compared; folding twice changes nothing. Blanks and signs stay."""
    return text.lower() if text.isascii() else text.translate(_TABLE)


def fold_line(text: str) -> str:
    """The folded text on one line: every run of blanks is one blank, none at the ends."""
    return _BLANKS.sub(" ", fold(text)).strip(" ")


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order: runs of letters and digits, so that `a-b@c.md` is four words."""
    if text.isascii():
        return [word for word in _SEPARATORS.split(text.lower()) if word]
    # No separator folds to a letter and no letter to a separator; and texts are made of words that were met before.
    return [word for piece in _SEPARATORS.split(text) if (word := _folded_word(piece))]


@functools.lru_cache(maxsize=100_000)
def _folded_word(word: str) -> str:
    return word.translate(_TABLE)


def variants(character: str) -> str:
    """A folded character and everything that folds to it."""
    return character + _SOURCES.get(character, "")
