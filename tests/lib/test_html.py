"""Pages from strangers: nothing that acts, nothing that fetches, nothing lost that can be read."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghiseu.lib.html import clean_html, fold_quotes, html_to_text, text_to_html, with_remote_pictures

PIECES = [
    "<p>",
    "</p>",
    "<div style='color:red;position:fixed'>",
    "</div>",
    "<b>",
    "</b>",
    "<table><tr><td>",
    "</table>",
    "<svg><g/onload=x>",
    "<math>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<!--",
    "-->",
    "<img src=x onerror=y>",
    "<img src='https://t.example/a.gif?a=1&b=2'>",
    "<img src=//t.example/x>",
    "<img src='cid:a%20b@c'>",
    "<a href='javascript:x'>",
    '<a href="https://a.example/?a=1&copy=2">',
    "</a>",
    "<title>",
    "</title>",
    "<textarea>",
    "<noscript><p title='</noscript><img src=x onerror=y>'>",
    "<form action=x>",
    "<input>",
    "&lt;",
    "&amp;",
    "&",
    "&#106;",
    "text",
    " ",
    "\xa0",
    "ș",
    "<blockquote>",
    "</blockquote>",
    "<template>",
    "<iframe srcdoc='<p>'>",
    "<base href=x>",
    "<plaintext>",
    "\x00",
    "\ufdd0",
    "'",
    '"',
    "`",
    "<",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=25))
@settings(max_examples=300, deadline=None)
def test_cleaning_twice_changes_nothing_and_leaves_nothing_that_acts(pieces: list[str]) -> None:
    cleaned = clean_html("".join(pieces))

    assert clean_html(cleaned) == cleaned
    tags = re.findall(r'<((?:[^>"]|"[^"]*")*)>', cleaned)
    for tag in tags:
        assert not re.match(r"/?(?:script|style|iframe|form|input|svg|math|base|link|meta|object|textarea)\b", tag)
        names = re.findall(r' ([a-z-]+)="', re.sub(r'"[^"]*"', '""', tag))
        assert not [name for name in names if name.startswith("on") or name in ("id", "class", "srcset", "srcdoc")]
        assert not re.search(r' src="(?!cid:|data:image/)', tag)
        assert not re.search(r' href="(?!https?:|mailto:|tel:|ftp:)', tag, re.IGNORECASE)
    assert "\0" not in cleaned


@pytest.mark.parametrize(
    ("page", "cleaned"),
    [
        ("<p>a<script>x</script>b</p>", "<p>ab</p>"),
        ("<p onclick=x id=a class=b style='color:red'>a</p>", '<p style="color:red">a</p>'),
        ("<p style='background:url(https://t.example/x)'>a</p>", "<p>a</p>"),
        ("<p style='position:fixed;margin-left:-9px;width:5px'>a</p>", '<p style="width:5px">a</p>'),
        ("<p><a href='javascript:x'>a</a></p>", '<p><a rel="noopener noreferrer nofollow">a</a></p>'),
        (
            "<p><img src='https://t.example/x.gif' alt='x'></p>",
            '<p><img alt="x" data-remote-src="https://t.example/x.gif"></p>',
        ),
        ("<p><img src='cid:a@b'></p>", '<p><img src="cid:a@b"></p>'),
        ("<p><img src='data:text/html;base64,eA=='></p>", "<p><img></p>"),
        ("<p><img data-remote-src='javascript:x'></p>", "<p><img></p>"),
        ("", ""),
    ],
)
def test_only_the_harmless_stays(page: str, cleaned: str) -> None:
    assert clean_html(page) == cleaned


def test_remote_pictures_come_back_only_when_asked_for() -> None:
    held = clean_html('<p><img src="https://t.example/x.gif?a=1&amp;b=2" width="3"></p>')

    assert ' src="' not in held
    assert with_remote_pictures(held) == '<p><img width="3" src="https://t.example/x.gif?a=1&amp;b=2"></p>'
    assert (
        with_remote_pictures('<p title="<img data-remote-src=x>">a</p>') == '<p title="<img data-remote-src=x>">a</p>'
    )


def test_the_outermost_quotes_fold_and_the_inner_stay() -> None:
    page = "<p>a</p><blockquote>b<blockquote>c</blockquote></blockquote><blockquote>d</blockquote>"

    assert fold_quotes(page, "Quoted & more") == (
        "<p>a</p><details><summary>Quoted &amp; more</summary><blockquote>b<blockquote>c</blockquote>"
        "</blockquote></details>"
        "<details><summary>Quoted &amp; more</summary><blockquote>d</blockquote></details>"
    )


def test_text_shows_what_a_reader_sees() -> None:
    page = (
        "<title>no</title><h1>Hello</h1><p>two   blanks<br>new line</p><ol><li>one<li>two</ol><blockquote>old"
        "<blockquote>older</blockquote></blockquote><p><a href='https://a.example/'>a.example</a> "
        "<a href='https://b.example/x'>here</a></p><pre>a\n  b</pre>"
    )

    assert html_to_text(page) == (
        "Hello\n\ntwo blanks\nnew line\n\n1. one\n2. two\n\n> old\n\n> > older\n\na.example here <https://b.examp"
        "le/x>\n\na\n  b"
    )


@pytest.mark.parametrize("depth", [200, 2_000, 100_000])
def test_nesting_without_end_is_shown_as_text(depth: int) -> None:
    page = "<div>" * depth + "words" + "</div>" * depth

    assert "words" in html_to_text(page)
    assert "words" in clean_html(page)


@given(st.text(max_size=200))
def test_plain_text_becomes_a_page_that_cleaning_keeps(text: str) -> None:
    page = text_to_html(text)

    assert clean_html(clean_html(page)) == clean_html(page)
    assert "<script" not in page


@given(st.text(alphabet="<>&;/ abpdivtr'\"=\n", max_size=300))
def test_any_page_becomes_text(page: str) -> None:
    assert isinstance(html_to_text(page), str)


def test_blanks_in_a_page_too_deep_to_be_read_as_a_tree_cost_little() -> None:
    start = time.process_time()

    text = html_to_text("<div>" * 50_000 + "a" + " " * 200_000 + "b")

    assert (text.split(), time.process_time() - start < 1) == (["a", "b"], True)
