from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.folding import fold, words_of
from ghiseu.lib.stemming import stems


@pytest.mark.parametrize(
    "forms",
    [
        "factura facturi facturii facturile facturilor factură",
        "domeniu domeniul domeniului domenii domeniile domeniilor",
        "certificat certificatul certificate certificatele certificatului",
        "informație informații informației informațiile informațiilor informatii",
        "școală școli școlile școlilor scoala scoli",
        "bloca blocat blocată blocați blochez blochează blocarea blocând",
        "plată plăți plata plății plăților",
        "eroare erori erorile eroarea",
        "счет счёта счета счетом счетов счетам счёт",
        "письмо письма письму письмом письмах письмами",
        "домен домена домены доменов доменом доменами",
        "работает работать работают работал работала работаем",
        "ошибка ошибки ошибку ошибкой ошибок ошибками",
        "проблема проблемы проблем проблему проблемой",
        "недовольный недовольная недовольного недовольные",
        "лист листа листи листів листом листами",
        "рахунок рахунку рахунки рахунків",
        "надходять надходить надходити надходив",
        "invoice invoices invoiced invoicing",
        "company companies",
        "reply replies replied replying",
        "address addresses addressed",
        "running run runs",
    ],
)
def test_forms_of_a_word_share_a_stem(forms: str) -> None:
    assert set.intersection(*(set(stems(fold(form))) for form in forms.split()))


@pytest.mark.parametrize(
    "pair", ["plata plan", "server service", "почта пост", "string strong", "contact contul", "internet intern", "a b"]
)
def test_other_words_do_not(pair: str) -> None:
    one, other = pair.split()

    assert set(stems(fold(one))).isdisjoint(stems(fold(other)))


@pytest.mark.parametrize("word", ["dns", "2026", "hd12345678", "日本語", "a" * 41, "смsайт", ""])
def test_what_is_short_or_no_word_is_its_own_stem(word: str) -> None:
    assert stems(word) == (word,)


@given(st.text(max_size=40))
def test_every_word_has_a_stem(text: str) -> None:
    for word in words_of(text):
        assert all(stems(word))
