"""Mails as nobody should send them: real ones with bytes flipped, cut, doubled, spliced, nested and blown up.

A mail is drawn from a seed and a number alone, so that one that was found can be made again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from bench import workload

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SEED_MAIL = 60_000
# Words and signs at which programs that read mail turn off their way.
SIGNS = (
    *(
        b"\x00",
        b"\x1b$B",
        b"\x1b(B",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r",
        b"\r\n\r\n",
        b"\n\n",
        b"\x0b",
        b"\x85",
        b"+ADw-",
    ),
    *(b"=?utf-8?B?", b"=?utf-8?Q?=", b"?=", b"=?x?b?=?=", b"=\n", b"=C3", b"=", b"%F0%9F", b"''", b"*0*=", b"*1="),
    *(
        b"<",
        b">",
        b"<!--",
        b"-->",
        b"<style>",
        b"</div>",
        b"<table>",
        b"<blockquote>",
        b"<![CDATA[",
        b"&#",
        b"&amp;" * 9,
    ),
    *(b"Content-Type: ", b"multipart/mixed; boundary=", b"message/rfc822", b"text/html; charset=utf-7", b"boundary="),
    *(
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"begin 644 a\n",
        b"=ybegin line=128 size=9 name=a\n",
        b"=yend size=9\n",
    ),
    *(b"From: ", b"From ", b">From ", b"Subject: ", b"References: <a@b> ", b"-----Original Message-----\n", b"-- \n"),
    *(
        b"Status: 5.1.1\n",
        b"Final-Recipient: rfc822;",
        b"Feedback-Type: abuse\n",
        b"hxxp://a[.]b/",
        b"@",
        b",",
        b";",
        b'"',
        b"(",
    ),
    *(
        b"On Mon, 1 Jan 2024 at 10:00 a@b wrote:\n> ",
        b"\xf0\x9f\x92\xa9",
        b"\xcc\x81" * 50,
        b"\xe2\x80\xae",
        b"\xed\xa0\x80",
    ),
)
# Lines with a meaning for those who look for quotes, signatures, bounces and reports.
LINES = (
    *(
        b"",
        b"a",
        b"---",
        b"___",
        b"-- ",
        b"> a",
        b">> a",
        b"a:",
        b"a@b.example",
        b"Sent from my iPhone",
        b"Best regards,",
    ),
    *(b"On Mon, 1 Jan 2024 at 10:00 a@b.example wrote:", b"-----Original Message-----", b"From: a@b.example", b"To: a"),
    *(b"Subject: a", b"Date: Mon, 1 Jan 2024 10:00:00 +0000", b"+40 123 456", b"http://a.example/", b"1.2.3.4", b"```"),
    *(
        b"<a@b.example>: 550 5.1.1 user unknown",
        b"begin 644 a",
        b"end",
        b"=ybegin line=128 size=9 name=a",
        b"=yend size=9",
    ),
    *(b"Final-Recipient: rfc822; a@b.example", b"Status: 5.1.1", b"  a", b"a" * 70, b"unsubscribe"),
)
CHARSETS = (
    b"utf-16",
    b"utf-7",
    b"iso-2022-jp",
    b"hz",
    b"idna",
    b"punycode",
    b"rot13",
    b"undefined",
    b"x" * 500,
    b"gb18030",
    b"zip",
)


def seed_mails() -> list[bytes]:
    """What the mutations begin with: the mails of the tests and some of the made-up desk."""
    paths = sorted((ROOT / "tests" / "mails").rglob("*.eml"))
    mails = [*(path.read_bytes() for path in paths), *workload.mails(200)]
    return [mail[:LONGEST_SEED_MAIL] for mail in mails]


def mutated(seeds: list[bytes], seed: int, number: int) -> bytes:
    """The mail with this number."""
    rng = random.Random(f"{seed} {number}")
    mail = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        mail = rng.choices(WAYS, WEIGHTS)[0](rng, mail, seeds)
    # A few are blown up, where a reader that is not linear shows.
    return BLOW_UPS[rng.randrange(len(BLOW_UPS))](rng, mail) if rng.random() < 0.005 else mail


def _place(rng: random.Random, mail: bytes) -> int:
    """Somewhere in it; every second time in the header, where most meaning is."""
    head = mail.find(b"\n\n") + 1
    return rng.randint(0, head if head and rng.random() < 0.5 else len(mail))


def _slice(rng: random.Random, mail: bytes, most: int = 2000) -> bytes:
    start = _place(rng, mail)
    return mail[start : start + rng.randint(1, most)]


def _flip(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    changed = bytearray(mail)
    for _ in range(rng.choice((1, 4, 40))):
        if changed:
            changed[min(_place(rng, mail), len(changed) - 1)] = rng.randrange(256)
    return bytes(changed)


def _cut_end(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    return mail[: _place(rng, mail)]


def _cut_out(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    start = _place(rng, mail)
    return mail[:start] + mail[start + rng.randint(1, 300) :]


def _insert(rng: random.Random, mail: bytes, piece: bytes) -> bytes:
    start = _place(rng, mail)
    return mail[:start] + piece + mail[start:]


def _double(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    return _insert(rng, mail, _slice(rng, mail) * rng.choice((1, 1, 3, 20)))[:2_000_000]


def _splice(rng: random.Random, mail: bytes, seeds: list[bytes]) -> bytes:
    return _insert(rng, mail, _slice(rng, rng.choice(seeds), 8000))


def _join(rng: random.Random, mail: bytes, seeds: list[bytes]) -> bytes:
    other = rng.choice(seeds)
    return mail[: _place(rng, mail)] + other[_place(rng, other) :]


def _sign(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    return _insert(rng, mail, rng.choice(SIGNS) * rng.choice((1, 1, 2, 100)))


def _double_border(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    """The lines between parts, more of them, elsewhere."""
    borders = [line for line in mail.split(b"\n") if line.startswith(b"--")]
    return _insert(rng, mail, b"\n" + rng.choice(borders) + b"\n") if borders else mail


def _charset(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    return mail.replace(
        rng.choice((b"utf-8", b"us-ascii", b"base64", b"quoted-printable", b"plain")), rng.choice(CHARSETS)
    )


def _line_ends(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    return mail.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\r\r\n", b"")), rng.choice((-1, 5)))


def _nest(rng: random.Random, mail: bytes, _seeds: list[bytes]) -> bytes:
    """Put it into further multiparts or messages, each with its own border or all with the same."""
    for depth in range(rng.choice((1, 3, 20))):
        border = b"n%d" % (depth if rng.random() < 0.5 else 0)
        if rng.random() < 0.3:
            mail = b"Content-Type: message/rfc822\n\n" + mail
        else:
            mail = b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n%s\n--%s--\n" % (border, border, mail, border)
    return mail


Way = Callable[[random.Random, bytes, list[bytes]], bytes]
_WEIGHTED: dict[Way, int] = {
    _flip: 6,
    _cut_end: 2,
    _cut_out: 4,
    _double: 3,
    _splice: 4,
    _join: 2,
    _sign: 6,
    _double_border: 2,
    _charset: 2,
    _line_ends: 1,
    _nest: 1,
}
WAYS, WEIGHTS = list(_WEIGHTED), list(_WEIGHTED.values())


def _giant_header(rng: random.Random, mail: bytes) -> bytes:
    name = rng.choice((b"Subject", b"From", b"To", b"References", b"Received", b"Content-Type", b"Date", b"X-Any"))
    piece = rng.choice(
        (b"a", b"=?utf-8?B?QQ==?= ", b"<a@b.example> ", b"(", b'"', b"a@b.example, ", b"\n ", b"x*1=y; ", b"\\")
    )
    return name + b": " + piece * (rng.randint(10_000, 1_000_000) // len(piece)) + b"\n" + mail


def _many_headers(rng: random.Random, mail: bytes) -> bytes:
    return rng.choice((b"To: a@b.example\n", b"X: y\n", b"Received: from a by b\n")) * rng.randint(1000, 50_000) + mail


def _many_parts(rng: random.Random, _mail: bytes) -> bytes:
    part = rng.choice(
        (b"--b\n\nx\n", b"--b\nContent-Type: text/html\n\n<p>x\n", b"--b\nContent-Type: image/png\n\nx\n", b"--b\n")
    )
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + part * rng.randint(1000, 50_000)


def _deep(rng: random.Random, mail: bytes) -> bytes:
    depth = rng.randint(100, 3000)
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=d%d\n\n--d%d\n" % (n, n) for n in range(depth))
    return rng.choice((opening, b"Content-Type: message/rfc822\n\n" * depth)) + mail


def _long_text(rng: random.Random, _mail: bytes) -> bytes:
    """A text of one kind of line, or one line of one kind of sign."""
    size = rng.randint(100_000, 3_000_000)
    piece = rng.choice(
        (b"> ", b">", b">\n", b"\n", b" ", b"a", b"a ", b"http://a.b/", b"a@b.c ", b"1.2.3.4 ", b"-- \n", *SIGNS)
    )
    return b"Content-Type: text/plain; charset=utf-8\n\n" + piece * (size // len(piece))


def _long_lines(rng: random.Random, _mail: bytes) -> bytes:
    """A text of two kinds of lines in turn, which look for each other."""
    lines = [rng.choice(LINES) for _ in range(rng.choice((1, 2, 2, 3)))]
    piece = b"\n".join(lines) + b"\n"
    return b"Content-Type: text/plain; charset=utf-8\n\n" + piece * (rng.randint(100_000, 3_000_000) // len(piece))


def _long_html(rng: random.Random, _mail: bytes) -> bytes:
    size = rng.randint(100_000, 2_000_000)
    piece = rng.choice(
        (
            b"<div>",
            b"<b>",
            b"<table><tr><td>",
            b"<blockquote>",
            b"<p>a",
            b"<!--",
            b"<a href='http://a.b/'>",
            b"&",
            b"<",
            b"<ul><li>",
        )
    )
    return b"Content-Type: text/html; charset=utf-8\n\n" + piece * (size // len(piece))


BLOW_UPS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _giant_header,
    _many_headers,
    _many_parts,
    _deep,
    _long_text,
    _long_lines,
    _long_html,
)
