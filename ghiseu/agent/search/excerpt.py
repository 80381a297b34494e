"""The words around a hit, with the hits marked: text of strangers in, harmless markup out."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from ghiseu.tickets.search.marking import Terms

Places = Sequence[tuple[int, int]]

LOOKED_AT = 20_000  # characters of a text, so that no page of hits costs more than a small, fixed time (promise X7)
_LENGTH = 240
_BEFORE = 60  # of these before the first hit
_WORDS_BESIDE = 3


def marked(text: str, terms: Terms) -> Markup:
    """The whole text on one line, its hits marked."""
    return _mark(text, terms.matches(text), 0, len(text))


def excerpt(text: str, terms: Terms) -> Markup | None:
    """The part of the text in which most hits stand together, on one line; None where there is no hit."""
    flat = " ".join(text[:LOOKED_AT].split())
    places = terms.matches(flat)
    if not places:
        return None
    first = max(places, key=lambda place: (_close_to(place, places), -place[0]))
    start = _word_start(flat, max(0, first[0] - _BEFORE), first[0])
    end = _word_end(flat, start + _LENGTH, first[1])
    return Markup("").join(("… " if start else "", _mark(flat, places, start, end), " …" if end < len(flat) else ""))


def beginning(text: str) -> str:
    """Where no hit is to be shown: how the text begins."""
    flat = " ".join(text[: _LENGTH * 4].split())
    return flat if len(flat) <= _LENGTH else flat[: _word_end(flat, _LENGTH, 1)] + " …"


def first_hit(text: str, terms: Terms) -> tuple[str, str, str]:
    """Some words before the first hit, the hit, and some behind it, of one line; empty where there is none.

    Words are what stands between blanks: a browser looks for whole ones, and takes `site-ul` for one.
    """
    places = terms.matches(text[:LOOKED_AT])
    if not places:
        return "", "", ""
    start, end = places[0]
    line = text.rfind("\n", 0, start) + 1
    before, words = text[line:start].split(" "), text[start:].split("\n", 1)[0]
    length = words.find(" ", end - start)
    hit, behind = (words, "") if length < 0 else (words[:length], words[length:])
    return " ".join(" ".join(before[:-1]).split()[-_WORDS_BESIDE:]), before[-1] + hit, _first_words(behind)


def _first_words(text: str) -> str:
    return " ".join(text.split()[:_WORDS_BESIDE])


def _close_to(place: tuple[int, int], places: Places) -> int:
    return sum(1 for start, end in places if place[0] <= start and end <= place[0] + _LENGTH - _BEFORE)


def _word_start(text: str, at: int, latest: int) -> int:
    blank = text.find(" ", at, latest) if at else -1
    return blank + 1 if blank >= 0 else at


def _word_end(text: str, at: int, earliest: int) -> int:
    if at >= len(text):
        return len(text)
    blank = text.rfind(" ", earliest, at)
    return blank if blank >= 0 else max(at, earliest)


def _mark(text: str, places: Places, start: int, end: int) -> Markup:
    out: list[Markup] = []
    position = start
    for begins, ends in places:
        if begins < position or ends > end:
            continue
        out += (escape(text[position:begins]), Markup("<mark>{}</mark>").format(text[begins:ends]))
        position = ends
    return Markup("").join((*out, escape(text[position:end])))
