"""The new words of an answer."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.mail.inbound.reading.quotes import reply_text

LINES = [
    "Words of mine.",
    "> quoted",
    ">> deeper",
    "",
    "On 22 Nov 2026 at 10:00, Ana <ana@desk.example> wrote:",
    "From: Ana <ana@desk.example>",
    "Sent: Sunday",
    "To: Vera",
    "Subject: Site",
    "-- ",
    "Sent from my phone",
    "-----Original Message-----",
    "Begin forwarded message:",
    "________________",
    "```",
    "În dum., 22 nov. 2026 la 10:00, Ana <ana@desk.example> a scris:",
    "22.11.2026, 10:00, Ana <ana@desk.example>:",
    "Vera",
    "> wrote:",
]


@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=20)), max_size=20).map("\n".join))
def test_the_answer_is_never_empty_where_the_text_is_not(text: str) -> None:
    assert bool(reply_text(text).strip()) == bool(text.strip())


@pytest.mark.parametrize(
    "introduction",
    [
        "On Sun, 22 Nov 2026 at 10:00, Ana <ana@desk.example> wrote:",
        "Am 22.11.2026 um 10:00 schrieb Ana:",
        "Le 22/11/2026 à 10:00, Ana a écrit :",
        "El dom, 22 nov 2026 a las 10:00, Ana (<ana@desk.example>) escribió:",
        "Il giorno dom 22 nov 2026 alle ore 10:00 Ana <ana@desk.example> ha scritto:",
        "Em dom., 22 de nov. de 2026 às 10:00, Ana <ana@desk.example> escreveu:",
        "Op zo 22 nov 2026 om 10:00 schreef Ana <ana@desk.example>:",
        "W dniu 22.11.2026 o 10:00, Ana pisze:",
        "Den sön 22 nov. 2026 kl 10:00 skrev Ana <ana@desk.example>:",
        "Dne 22. 11. 2026 v 10:00 Ana napsal(a):",
        "Pe 22 nov. 2026, la 10:00, Ana <ana@desk.example> a scris:",
        "22 ноября 2026 г. в 10:00 пользователь Ana <ana@desk.example> написал:",
        "22.11.2026 10:00, Ana пишет:",
        "22 листопада 2026 р. о 10:00 Ana <ana@desk.example> написав:",
        "On 11/22/26 10:00, Ana wrote:",
        "2026-11-22 10:00 GMT+02:00 Ana <ana@desk.example>:",
        "Ana <ana@desk.example> schrieb am So., 22. Nov. 2026, 10:00:",
        "2026年11月22日(日) 10:00 Ana <ana@desk.example>:",
    ],
)
@pytest.mark.parametrize("quote", ["> The old words.\n> More of them.", "The old words.\nMore of them."])
def test_what_follows_an_introduction_is_history(introduction: str, quote: str) -> None:
    assert reply_text(f"New words.\n\n{introduction}\n\n{quote}\n") == "New words."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nplease call me, and nobody did.",
        "My regards to Ana.\n\nShe said: it works.",
        "From: what I see, it is slow.",
        "Two things:\n\n1. it is slow\n2. it is late",
        "The log says\n\nDate: today\n\nand nothing more.",
        "Prices from 10:00: see the list",
        "The log says:\n\n----------\nerror 500\nerror 502",
        "Prices:\n\n| plan | price |\n| small | 1 |",
    ],
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert reply_text(text) == text


def test_a_quoted_line_wrapped_by_a_program_is_no_answer() -> None:
    text = (
        "Yes.\n\nOn 22 Nov 2026, Ana wrote:\n> a line of the old mail that is too long for the program\nand so is"
        " broken here\n> and goes on\n"
    )

    assert reply_text(text) == "Yes."


def test_lines_that_look_for_each_other_cost_no_more_than_their_number() -> None:
    """Each rule once looked at a copy of all lines below it."""
    text = "words\n---\n" * 100_000

    began = time.process_time()
    assert reply_text(text).startswith("words\n---")
    assert time.process_time() - began < 2
