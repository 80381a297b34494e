"""Whatever the bytes are, a mail is read, and what is read can be stored."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghiseu.lib.html import clean_html
from ghiseu.mail.inbound.parse import ParsedMail, parse_mail

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "mails").glob("*.eml"))]
SEEDS = 300
INSERTED = [
    b"\r\n",
    b"\n\n",
    b"\0",
    b"=?utf-8?B?",
    b"--frontier\n",
    b"Content-Type: ",
    b"<",
    b">",
    b'"',
    b"(",
    b"\x1b$B",
    b"=",
    b"%",
    b"\xff\xfe",
    b"{",
    b"<!--",
    b"&#xD800;",
    b"begin 644 a\n",
    b"Content-Transfer-Encoding: base64\n",
    b"; charset=utf-7",
    b"multipart/mixed; boundary=frontier",
    b">From ",
]


def check(mail: ParsedMail) -> None:
    written = json.dumps(mail.as_json(), ensure_ascii=False)
    written.encode()
    assert "\\u0000" not in written
    assert bool(mail.reply_text.strip()) == bool(mail.text.strip())
    assert mail.html is None or clean_html(mail.html) == mail.html


@pytest.fixture(autouse=True)
def _no_reading_gives_up(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """parse_mail shows a mail that breaks the reading as plain text; here that counts as a failure."""
    yield
    assert not caplog.records


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read(raw: bytes) -> None:
    check(parse_mail(raw))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_damaged_mail_is_read(seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(chance.choice(CORPUS))
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(raw) + 1)
        end = min(len(raw), start + chance.randint(0, 80))
        raw[start:end] = chance.choice(
            [
                b"",
                raw[start:end] * 3,
                bytes([chance.randrange(256)]),
                chance.choice(INSERTED),
                chance.choice(CORPUS)[:end],
            ]
        )
    check(parse_mail(bytes(raw)))


@pytest.mark.parametrize(
    "unit",
    [
        b"> ",
        b"<",
        b"&",
        b"<div>",
        b"<a><b>",
        b"-- \n",
        b"On ",
        b"wrote:\n",
        b"a.",
        b"1.",
        b"::",
        b"http://",
        b"begin 644 x\n",
        b"<source>",
        b"=?",
        b"(",
        b'"',
    ],
)
@pytest.mark.parametrize(
    "place", [b"Subject: ", b"From: ", b"Content-Type: text/plain; ", b"Content-Type: text/html\n\n", b"\n"]
)
def test_endless_repetition_is_read(unit: bytes, place: bytes) -> None:
    check(parse_mail(place + unit * (60_000 // len(unit))))


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        (b"Subject: x", b" ", b"y"),
        (b"Subject: x", b"\t", b"y"),
        (b"Message-ID: <", b" ", b"y"),
        (b"References: <a", b" ", b"y"),
        (b"Content-Type: text/plain; ;", b" ", b"("),
        (b"Content-Disposition: attachment; filename", b" ", b"y"),
        (b"From: x", b" ", b"@site.example"),
        (b"Subject: ", b"=?utf-8?B?aaaa", b""),
        (b"Content-Type: multipart/mixed\n\n--x", b" ", b"y\n"),
        (b"From: MAILER-DAEMON@x.example\n\ncould not be delivered to:\n", b"<u%d@site.example>: unknown\n", b""),
    ],
)
def test_what_a_pattern_could_go_back_and_forth_in_is_read_at_once(before: bytes, unit: bytes, after: bytes) -> None:
    many = b"".join(unit.replace(b"%d", b"%d" % number) for number in range(95_000 // len(unit)))
    start = time.process_time()

    check(parse_mail(before + many + after + b"\n\nHello"))

    assert time.process_time() - start < 1
