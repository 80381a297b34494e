"""What an index entry is made of, and how a question for words becomes one for lexemes.

Texts are taken apart, folded and stemmed here and nowhere else: PostgreSQL keeps and intersects what it is given, so
that the database and `tickets.query.memory` mean the same, under any locale, and with one index for four languages.

A word stands in an entry as it is folded (`facturilor`), and under its stem with a slash where that differs (`/fact`).
Words of titles and subjects stand once more with `$`, of senders with `<`, of file names with `#`, sites with `!`.
Marks that begin with `^` say where the ticket is; those with `%` divide time, so that the index itself can intersect a
word with a time or a queue. No word begins with such a sign, so a prefix never meets one.

Positions tell phrases, weights the place: A titles and numbers, B people, C files, D texts. An entry too long for
PostgreSQL's positions says so (`^l`), and its phrases are looked for in the texts.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Iterator

from ghiseu.lib.folding import fold, words_of
from ghiseu.lib.stemming import stems

STEM, SUBJECT, SENDER, FILE, SITE = "/", "$", "<", "#", "!"
IN_ARCHIVE, IS_LONG = "^a", "^l"
LONGEST_WORD = 60
MOST_POSITIONS = 16_000
MOST_OF_ONE_WORD = 250
# PostgreSQL takes 1 MB; signs around the words and positions come on top of their letters.
MOST_BYTES = 800_000
# Where a word without its own place stands, one for each weight and never side by side.
_PLACES = {"A": "1A", "B": "4B", "C": "7C", "D": "10D"}
_AT = {weight: [f"{position}{weight}" for position in range(MOST_POSITIONS + 1)] for weight in _PLACES}
# Steps of time in powers of two seconds: 9 hours, 6 days, 97 days, 4 years.
TIME_STEPS = (15, 19, 23, 27)

_HOST = re.compile(r"(?<![\w@.-])(?:[^\W_][\w-]{0,62}\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})(?![\w-])")
_NOT_SITES = frozenset(
    words_of(
        "asp aspx avi bat bmp conf css csv dll doc docx eml exe gif gz htm html ics ini jpeg jpg js json jsp log mov"
        " mp3 mp4 msg odf ods odt pdf php png ppt pptx py rar sh sql svg tar txt webp xls xlsx xml zip"
    )
)
_DOT = re.compile(r"\[\.\]|\(\.\)|\[dot\]")


class Entry:
    """The lexemes of one ticket, gathered value by value."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}
        self._marks: set[str] = set()
        self._seen: set[tuple[str, str, str]] = set()
        self._position = 1
        self._bytes = 0
        self._is_long = False

    def add(self, text: str, weight: str, mark: str = "") -> None:
        """Put in a value: a title, a name, a text. A `mark` puts its words in a second time, under that sign."""
        if (text, weight, mark) in self._seen:
            return
        self._seen.add((text, weight, mark))
        words = words_of(text)
        self._put(words, _AT[weight], _PLACES[weight])
        if mark:
            for word in words:
                self._mark_if_room(mark + word[:LONGEST_WORD])
                for stem in stems(word[:LONGEST_WORD]):
                    self._mark_if_room(f"{mark}{STEM}{stem}")

    def _put(self, words: list[str], places_at: list[str], somewhere: str) -> None:
        position = self._position
        # Nothing stands side by side with the next value.
        self._position += len(words) + 1
        if self._position > MOST_POSITIONS:
            self._is_long = True
            places_at, position = [somewhere] * len(words), 0
        known = self._places
        for place, word in zip(itertools.islice(places_at, position, None), words, strict=False):
            places = known.get(word)
            if places is None:
                self._begin(word, place)
            elif len(places) < MOST_OF_ONE_WORD:
                places.append(place)
            elif place not in places:
                self._is_long = True
                places.append(place)

    def _begin(self, word: str, place: str) -> None:
        if len(word) > LONGEST_WORD:
            word = word[:LONGEST_WORD]
            if word in self._places:
                self._places[word].append(place)
                return
        if self._has_room(2 * word):
            self._places[word] = [place]

    def _has_room(self, letters: str) -> bool:
        """Whether so many letters still go in, with what PostgreSQL keeps beside a word and its stem."""
        self._bytes += len(letters) * (1 if letters.isascii() else 2) + 16
        return self._bytes <= MOST_BYTES

    def _mark_if_room(self, mark: str) -> None:
        if mark not in self._marks and self._has_room(mark):
            self._marks.add(mark)

    def add_sites(self, text: str) -> None:
        for host in sorted(hosts_in(text)):
            self._mark_if_room(SITE + host)

    def mark(self, *marks: str) -> None:
        """Say where the ticket is; there is always room for that."""
        self._marks.update(marks)

    def plain(self) -> frozenset[str]:
        """The words as they are folded, without stems and marks."""
        return frozenset(self._places)

    def vector(self) -> str:
        """The entry as PostgreSQL reads a tsvector."""
        parts: list[str] = []
        by_stem: dict[str, set[str]] = {}
        for word, places in self._places.items():
            weights = {place[-1] for place in places}
            at = [_PLACES[weight] for weight in weights] if self._is_long else places
            parts.append(f"'{word}':{','.join(at)}")
            for stem in stems(word):
                if stem in by_stem:
                    by_stem[stem] |= weights
                elif stem != word:
                    by_stem[stem] = weights
        parts += [f"'{STEM}{stem}':{','.join(map(_PLACES.__getitem__, at))}" for stem, at in by_stem.items()]
        parts += [f"'{mark}'" for mark in self._marks]
        if self._is_long:
            parts.append(f"'{IS_LONG}'")
        return " ".join(parts)


def hosts_in(text: str) -> set[str]:
    """Sites that a text names, folded, with the domains above them: `www.a.example` is also `a.example`.

    Host names of links and addresses, also those written `a[.]example`; names of files are none.
    """
    found: set[str] = set()
    if "." not in text and "dot" not in text:
        return found
    for match in _HOST.finditer(_DOT.sub(".", fold(text).replace("@", " "))):
        labels = match[0].split(".")
        if labels[-1] not in _NOT_SITES and all(label.strip("-_") for label in labels):
            found.update(".".join(labels[start:]) for start in range(len(labels) - 1))
    return found


def queue_mark(queue_id: int) -> str:
    return f"^q{queue_id}"


def time_marks(at: dt.datetime) -> Iterator[str]:
    seconds = int(at.timestamp())
    return (f"%{step}.{seconds >> step}" for step in TIME_STEPS)


def time_query(low: dt.datetime, high: dt.datetime, most: int = 40) -> str:
    """Marks of all that lies between two times, and of some around them: few, in the finest steps that are few."""
    first, last = int(low.timestamp()), int(high.timestamp())
    for step in TIME_STEPS:
        if (last >> step) - (first >> step) < most:
            return any_of(lexeme(f"%{step}.{n}") for n in range(first >> step, (last >> step) + 1))
    return ""


def lexeme(text: str, suffix: str = "") -> str:
    """One lexeme as a piece of a tsquery; what stands in it is a word, a host or a mark, never a sign of the query."""
    return f"'{text.replace(chr(92), chr(92) * 2).replace(chr(39), chr(39) * 2)}'{suffix}"


def any_of(queries: Iterable[str]) -> str:
    parts = [query for query in queries if query]
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})" if parts else ""


def all_of(queries: Iterable[str]) -> str:
    parts = [query for query in queries if query]
    return parts[0] if len(parts) == 1 else f"({' & '.join(parts)})" if parts else ""


def form_query(word: str, mark: str = "", weight: str = "") -> str:
    """Every form of a word."""
    suffix = f":{weight}" if weight else ""
    found = []
    for stem in stems(word[:LONGEST_WORD]):
        found.append(lexeme(f"{mark}{STEM}{stem}", suffix))
        if not mark and stem in stems(stem):
            found.append(lexeme(stem, suffix))
    return any_of(found)


def phrase_query(words: tuple[str, ...], *, is_prefix: bool, weight: str = "") -> str:
    """The words one after the other; of one word, that word itself."""
    *first, last = (word[:LONGEST_WORD] for word in words)
    suffix = f":{weight}" if weight else ""
    end = lexeme(last, f":*{weight}" if is_prefix else suffix)
    return f"({' <-> '.join([*(lexeme(word, suffix) for word in first), end])})"


def words_query(words: tuple[str, ...], *, is_prefix: bool, mark: str = "") -> str:
    """All of the words, anywhere: what a phrase needs at least."""
    *first, last = (word[:LONGEST_WORD] for word in words)
    return all_of([*(lexeme(mark + word) for word in first), lexeme(mark + last, ":*" if is_prefix else "")])
