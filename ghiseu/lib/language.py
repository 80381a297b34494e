"""Which of the desk's four languages a text is written in, by its letters and its smallest words.

Enough to choose the language of an automatic answer: a wrong guess costs a second look, a missing one the desk's own
language. It answers for a text of a few words, at no cost.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOOKED_AT_CHARACTERS = 4_000
_WORD = re.compile(r"[^\W\d_]+")
# Small words that are common in one of the languages and rare in the others.
_SMALL_WORDS = {
    "ro": _words(
        "și si nu este sunt pentru care din pe cu la că ca mai dar sau vă va rog mulțumesc multumesc bună buna ziua am "
        "fost poate să sa se un o în in de ce cum când cand"
    ),
    "en": _words(
        "the is are and not you your my we our have has with for this that please thank thanks hello can cannot was "
        "does do it of to on from"
    ),
    "ru": _words(
        "и не на что это как для или мы вы вас мой меня мне был была есть если пожалуйста спасибо здравствуйте нет "
        "так но уже по из"
    ),
    "uk": _words(
        "і й та не на що це як для або ми ви вас мій мене мені був була є якщо ласка дякую добрий вітаю немає так але "
        "вже по з із"
    ),
}
_ONLY_RU, _ONLY_UK, _ONLY_RO = frozenset("ыэъё"), frozenset("іїєґ"), frozenset("ăâîșțşţ")


def guess_language(text: str) -> str:
    """`ro`, `ru`, `uk` or `en`, or an empty string where the text gives no reason to say."""
    lowered = text[:_LOOKED_AT_CHARACTERS].lower()
    words = _WORD.findall(lowered)
    scores = {code: sum(map(known.__contains__, words)) for code, known in _SMALL_WORDS.items()}
    for code, letters in (("ru", _ONLY_RU), ("uk", _ONLY_UK), ("ro", _ONLY_RO)):
        scores[code] += 2 * sum(map(lowered.count, letters))
    best = max(scores, key=lambda code: scores[code])
    runner_up = max(score for code, score in scores.items() if code != best)
    return best if scores[best] > runner_up else ""
