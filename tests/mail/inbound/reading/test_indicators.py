"""Things that can be looked up, found in text with their disguises undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.mail.inbound.reading.indicators import Indicator, find_indicators, from_value, refang


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see hxxps://www[.]bad[.]example/a?b=1.", [("url", "https://www.bad.example/a?b=1")]),
        ("hxxp[:]//bad(dot)example/x", [("url", "http://bad.example/x")]),
        ("(http://bad.example/a_(b))", [("url", "http://bad.example/a_(b)")]),
        ("host bad[.]example and 192[.]0[.]2[.]1:8080", [("ip", "192.0.2.1"), ("domain", "bad.example")]),
        ("from 2001:DB8::0001 at 12:34:56", [("ip", "2001:db8::1")]),
        ("spammer[at]bad.example", [("email", "spammer@bad.example")]),
        ("bad.example/login now", [("url", "bad.example/login"), ("domain", "bad.example")]),
        ("mapped ::ffff:192.0.2.1", [("ip", "192.0.2.1")]),
        ("version 1.2.3.4.5, 300.1.1.1, report.pdf, setup.exe, e.g. this.", []),
        ("сайт пример.рф не открывается", [("domain", "пример.рф")]),
    ],
)
def test_indicators_are_found_and_refanged(text: str, expected: list[tuple[str, str]]) -> None:
    assert find_indicators(text) == [Indicator(kind, value) for kind, value in expected]


def test_a_field_that_is_one_indicator_is_believed_as_it_stands() -> None:
    assert from_value(" <http://bad.example/> ") == Indicator("url", "http://bad.example/")
    assert from_value("192.0.2.7:443") == Indicator("ip", "192.0.2.7")
    assert from_value("news.bad.example") == Indicator("domain", "news.bad.example")
    assert from_value("two words") is None


@given(st.text(max_size=300))
def test_any_text_is_searched_without_error(text: str) -> None:
    assert isinstance(refang(text), str)
    for found in find_indicators(text):
        assert found.kind in ("url", "domain", "ip", "email")
        assert found.value
