"""The words around a hit: on one line, cut at blanks, every hit marked, nothing of the text alive."""

from __future__ import annotations

import pytest

from ghiseu.agent.search.excerpt import beginning, excerpt, first_hit, marked
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.search.marking import Terms, terms_of


def terms(text: str) -> Terms:
    return terms_of(parse(text, TICKETS))


def test_hits_are_marked() -> None:
    assert marked("The invoice, an Invoice", terms("invoice")) == "The <mark>invoice</mark>, an <mark>Invoice</mark>"


def test_markup_of_strangers_is_text_also_inside_a_hit() -> None:
    text = '<script>alert("invoice")</script> <b>invoice</b>'

    assert marked(text, terms("invoice")) == (
        "&lt;script&gt;alert(&#34;<mark>invoice</mark>&#34;)&lt;/script&gt; &lt;b&gt;<mark>invoice</mark>&lt;/b&gt;"
    )
    shown = excerpt(text, terms('"b invoice"'))
    assert shown is not None
    assert shown.replace("<mark>", "").replace("</mark>", "").count("<") == 0


def test_a_long_text_is_cut_at_blanks_around_the_hit() -> None:
    shown = excerpt("before " * 100 + "invoice " + "behind " * 100, terms("invoice"))

    assert shown is not None
    assert shown.startswith("… before")
    assert shown.endswith("behind …")
    assert " <mark>invoice</mark> " in shown
    assert 200 < len(shown) < 280


def test_the_part_with_most_hits_is_shown() -> None:
    shown = excerpt("one invoice here. " + "words " * 200 + "two: invoice, refund", terms("invoice refund"))

    assert shown is not None
    assert "<mark>refund</mark>" in shown


def test_lines_become_one() -> None:
    assert excerpt("the\n\n  invoice\tis\n", terms("invoice")) == "the <mark>invoice</mark> is"


@pytest.mark.parametrize("text", ["", "x" * 5_000, "word " * 5_000])
def test_without_a_hit_there_is_no_excerpt_but_a_beginning(text: str) -> None:
    assert excerpt(text, terms("invoice")) is None
    assert len(beginning(text)) <= 242


def test_the_first_hit_is_told_as_it_is_written_with_what_stands_beside_it_on_the_line() -> None:
    assert first_hit("Eine INVOICE", terms("invoice")) == ("Eine", "INVOICE", "")
    assert first_hit("a\nb c d e invoice, f g h\ni", terms("invoice")) == ("c d e", "invoice,", "f g h")
    assert first_hit("Un site-ul nou", terms("site")) == ("Un", "site-ul", "nou")
    assert first_hit("invoice", terms("invoice")) == ("", "invoice", "")
    assert first_hit("nothing", terms("invoice")) == ("", "", "")
