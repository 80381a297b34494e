"""Which Cyrillic charset bytes are in, whatever a mail says: by how often Russian and Ukrainian use each letter.

Many programs send windows-1251 as ISO-8859-1, or as KOI8-R. Read as declared such text is full of rare letters and of
capitals inside words; read as meant it is not.
"""

import re
from functools import lru_cache
from math import log

SAMPLE_BYTES = 4_000
MIN_LETTERS = 4
NATURAL = -3.35  # the mean logarithm of a letter's frequency: about -3 in real text, -4 and less in text read wrongly
MARGIN = 0.25  # by which another charset must be better than the one declared

CODECS = ("cp1251", "koi8-r", "koi8-u", "iso-8859-5", "cp866")

# Letters by their share of a text in per mille, as far as the languages agree.
_SHARES = (
    (110, "о"),
    (80, "еаи"),
    (63, "нтс"),
    (45, "рвл"),
    (33, "кмд"),
    (27, "пуі"),
    (18, "яыьгзб"),
    (12, "чйх"),
    (7, "жшюцїє"),
    (4, "щэф"),
    (2, "ё"),
    (0.4, "ъґ"),
)
_LOG = {letter: log(share / 1_000) for share, letters in _SHARES for letter in letters}
_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_CAPITAL_INSIDE = re.compile("[а-яёіїєґ](?=[А-ЯЁІЇЄҐ])")
_USUAL = frozenset("№«»—–…„“”’‘\xa0•©°ё")


def looks_cyrillic(data: bytes) -> bool:
    """Whether bytes beyond ASCII make whole words: languages with Latin letters have them one by one."""
    sample = data[:SAMPLE_BYTES]
    high = len(_HIGH.findall(sample))
    return high >= MIN_LETTERS and sum(len(run) for run in _RUN.findall(sample)) * 4 >= high * 3


@lru_cache(maxsize=64)
def likeness(sample: bytes, codec: str) -> float:
    """How natural a text is that the bytes give in a charset: the mean logarithm of its letters' frequency."""
    text = sample.decode(codec, "replace")
    foreign = [character for character in text if ord(character) >= 0x80]
    letters = [character.lower() for character in foreign if character.lower() in _LOG]
    if len(letters) < MIN_LETTERS:
        return -10.0
    strange = sum(1 for character in foreign if character.lower() not in _LOG and character not in _USUAL)
    total = sum(_LOG[letter] for letter in letters) - 3 * len(_CAPITAL_INSIDE.findall(text)) - 8 * strange
    return total / len(letters)


def best_codec(data: bytes) -> str:
    """The Cyrillic codec in which the bytes are natural text, or `""`."""
    if not looks_cyrillic(data):
        return ""
    sample = data[:SAMPLE_BYTES]
    best = max(CODECS, key=lambda codec: likeness(sample, codec))
    return best if likeness(sample, best) >= NATURAL else ""


def meant_codec(data: bytes, codec: str) -> str:
    """The Cyrillic codec that makes clearly more sense of the bytes than the declared one; else the declared one."""
    if codec != "cp1252" and codec not in CODECS:
        return codec
    best = best_codec(data)
    if not best or best == codec:
        return codec
    sample = data[:SAMPLE_BYTES]
    return best if codec == "cp1252" or likeness(sample, best) > likeness(sample, codec) + MARGIN else codec
