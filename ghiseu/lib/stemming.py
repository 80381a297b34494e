"""Forms of one word under one stem: `facturilor` and `factura`, `письмами` and `письмо`, `листів` and `лист`, `sites`
and `site`.

Works on folded words (`ghiseu.lib.folding`), because people leave marks out: stemmers for correct spelling take
*informații* and *informatii* apart. Only endings of declension and conjugation are taken away, from the end, again and
again until none is left; so every form of a word arrives at the same stem, however many endings it wears. A word in
Latin letters has a Romanian and an English stem; Russian and Ukrainian share one list of endings.
"""

from __future__ import annotations

import functools
import re

_SHORTEST_WORD = 4
_LONGEST_WORD = 40

_RO_NOUNS = "iilor iului ilor elor ului elui iile ile ele iei iul ii ul ea ua ei iu ia ie a e i u o"
_RO_VERBS = "eaz and at ar ez ur"
_EN = "ies ied ing es ed s e y"
_SLAVIC_NOUNS = (
    "иями ями ами ыми ими іями іми ого его ього ому ему ьому иях иям ием ієм ією ові еві єві ах ях ам ям ом ем єм ов"
    " ев ів ыи ии ои еи іи іі ая яя ое ее ые ие ию ия ію ія ье ья ью ьи ым им ім ых их іх ую юю аю яю ою ею єю"
    " а я о е є и і ы у ю ь"
)
_SLAVIC_VERBS = "ает яет ует еет ают яют уют еют ює ит ет ат ят ут ют іт ал ял ел ил ыл яв ав ив"

_OA = re.compile("oa(?=[^aeiou]{1,3}$)")
_EA = re.compile("ea(?=[^aeiou]{1,3}$)")
_LOST_VOWEL = re.compile("(?<=[бвгджзклмнпрстфхцчшщ])[ое](?=к$)")
_DOUBLED = re.compile(r"([b-df-hj-np-tv-z])\1$")
_VOWEL = re.compile("[aeiouy]")
_LATIN, _CYRILLIC = re.compile("[a-zß-ɏ]+"), re.compile("[Ѐ-ӿ]+")


@functools.lru_cache(maxsize=200_000)
def stems(word: str) -> tuple[str, ...]:
    """The stems of a folded word, at least one; two words are forms of one where they share a stem.

    A word that is short, very long, or not of letters of one script is its own stem.
    """
    if not _SHORTEST_WORD <= len(word) <= _LONGEST_WORD:
        return (word,)
    if _LATIN.fullmatch(word):
        romanian, english = _romanian(word), _english(word)
        return (romanian,) if romanian == english else (romanian, english)
    if _CYRILLIC.fullmatch(word):
        return (_slavic(word),)
    return (word,)


def _without(word: str, endings: tuple[str, ...], least: int) -> str:
    """The word without the longest of the endings, if at least so many letters are left."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


def _longest_first(*lists: str) -> tuple[str, ...]:
    endings = {ending for one in lists for ending in one.split()}
    return tuple(sorted(endings, key=lambda ending: (-len(ending), ending)))


_RO_ANY, _RO_FIRST = _longest_first(_RO_NOUNS, _RO_VERBS), _longest_first(_RO_NOUNS)
_EN_ANY = _longest_first(_EN)
_SLAVIC_ANY, _SLAVIC_FIRST = _longest_first(_SLAVIC_NOUNS, _SLAVIC_VERBS), _longest_first(_SLAVIC_NOUNS)


def _to_the_end(word: str, endings: tuple[str, ...]) -> str:
    while (shorter := _without(word, endings, 4)) != word:
        word = shorter
    return word


def _romanian(word: str) -> str:
    word = _to_the_end(_without(word, _RO_FIRST, 3), _RO_ANY)
    # școală, școli; seară, seri; blochez, blocat
    word = _EA.sub("e", _OA.sub("o", word))
    return word[:-1] if word.endswith(("ch", "gh")) and len(word) > 3 else word


def _english(word: str) -> str:
    while True:
        shorter = _DOUBLED.sub(r"\1", word) if word.endswith("ss") or len(word) < 4 else _english_step(word)
        if shorter == word:
            return _DOUBLED.sub(r"\1", word)
        word = shorter


def _english_step(word: str) -> str:
    for ending in _EN_ANY:
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= (4 if ending in ("ing", "ed") else 3) and _VOWEL.search(rest):
            return rest
    return word


def _slavic(word: str) -> str:
    if len(word) >= 7 and word.endswith(("ся", "сь")):
        word = word[:-2]
    word = _to_the_end(_without(word, _SLAVIC_FIRST, 3), _SLAVIC_ANY)
    # ошибок, ошибки; рахунок, рахунки
    return _LOST_VOWEL.sub("", word) if len(word) > 4 else word
