"""Times, sizes, addresses and texts as people read them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone, translation

from ghiseu.ui.text import message_text, with_links
from ghiseu.ui.words import age, ago, file_size, moment, people, person

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-5, "now"), (0, "now"), (1, "1\xa0min"), (59, "59\xa0min"), (60, "1\xa0h"), (1439, "23\xa0h"), (1440, "1\xa0d")],
)
def test_an_age_is_one_unit(minutes: int, words: str) -> None:
    with time_machine.travel(NOON + dt.timedelta(minutes=minutes), tick=False):
        assert age(NOON) == words


def test_the_exact_time_is_by_the_readers_clock_and_in_their_words() -> None:
    with timezone.override("Europe/Chisinau"):
        assert moment(NOON) == "22 Nov 2026, 14:00"
        with translation.override("ro"):
            assert moment(NOON).startswith("22 noi")
        with time_machine.travel(NOON, tick=False):
            assert ago(NOON) == (
                '<time class="age" datetime="2026-11-22T12:00:00+00:00" title="22 Nov 2026, 14:00">now</time>'
            )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0\xa0B"),
        (999, "999\xa0B"),
        (1000, "1.0\xa0kB"),
        (12_345, "12\xa0kB"),
        (999_600, "1.0\xa0MB"),
        (52_428_800, "52\xa0MB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert file_size(size) == words


def test_people_are_written_as_they_are_typed() -> None:
    assert person({"name": "Vera", "address": "v@site.example"}) == "Vera <v@site.example>"
    assert person({"name": "", "address": "v@site.example"}) == "v@site.example"
    assert person({"name": 'Moraru, "V"', "address": "v@s.example"}) == '"Moraru, \\"V\\"" <v@s.example>'
    assert people([{"address": "a@b.example"}, {"address": "c@d.example"}]) == "a@b.example, c@d.example"


def test_only_written_out_addresses_become_links() -> None:
    shown = with_links('See https://a.example/x?a=1&b="2", www.b.md. Not evil.example, not javascript:alert(1)')

    assert 'href="https://a.example/x?a=1&amp;b=' in shown
    assert 'href="http://www.b.md"' in shown
    assert shown.count("<a ") == 2
    assert 'rel="noopener noreferrer nofollow"' in shown


def test_text_is_escaped_and_quotations_set_apart() -> None:
    shown = message_text("Hi <b>\n> old\n> words\nbye")

    assert shown == 'Hi &lt;b&gt;\n<span class="quoted">&gt; old\n&gt; words</span>\nbye'


def test_a_text_beyond_the_limit_is_shown_without_links() -> None:
    """Looking for links costs time; a mail that is all links gets none (promise M5)."""
    assert "<a " not in message_text("https://a.example/ " * 5_000)
