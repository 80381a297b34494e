from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.mbox import Mbox, NotAnMbox

LINE = b"From vera@site.example Mon Jan  5 10:00:00 2015\n"
LIMIT = 1_000_000


def mails_in(path: Path) -> list[bytes]:
    mbox = Mbox(path, most_bytes=LIMIT)
    return [mbox.read(held) for held in mbox.mails()]


def read(tmp_path: Path, content: bytes) -> list[bytes]:
    path = tmp_path / "mails.mbox"
    path.write_bytes(content)
    return mails_in(path)


def mail(text: str, *, subject: str = "Hello", extra: str = "") -> bytes:
    return f"Subject: {subject}\n{extra}\n{text}\n".encode()


def with_length(text: str) -> bytes:
    return mail(text, extra=f"Content-Length: {len(text.encode()) + 1}\n")


def test_mails_come_one_after_the_other_without_what_the_file_adds(tmp_path: Path) -> None:
    mails = [mail("one"), mail("two\n\nwith a gap"), mail("three\n\n\n")]

    assert read(tmp_path, b"".join(LINE + raw + b"\n" for raw in mails)) == mails


@pytest.mark.parametrize(
    "line",
    [
        b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011",
        b"From - Tue Nov 22 09:00:00 2016",
        b"From 1712345678901234567@xxx Thu Apr 04 12:34:56 +0000 2024",
        b"From vera at site.example  Sat, 5 Mar 2005 9:02:11",
        b"From ???@??? Thu Jan 01 00:00:00 1998",
        b"From vera@site.example 2020-01-05T10:00:00",
        b"From vera@site.example",
        b"From ",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_separating_lines_of_many_programs_are_known(tmp_path: Path, line: bytes, end: bytes) -> None:
    raws = [mail("one").replace(b"\n", end), mail("two").replace(b"\n", end)]

    assert read(tmp_path, b"".join(line + end + raw + end for raw in raws)) == raws


def test_mboxo_and_mboxrd_lose_one_quote(tmp_path: Path) -> None:
    content = (
        LINE + mail(">From the start\n>>From a quote\n> From nobody\n>Fromage") + b"\n" + LINE + mail("two") + b"\n"
    )

    assert read(tmp_path, content) == [mail("From the start\n>From a quote\n> From nobody\n>Fromage"), mail("two")]


def test_a_file_that_quotes_nothing_loses_no_quote(tmp_path: Path) -> None:
    texts = ["a\n\nFrom time to time we write.", "b\n\n>From what they quoted"]

    assert read(tmp_path, b"".join(LINE + mail(text) + b"\n" for text in texts)) == [mail(text) for text in texts]


def test_mboxcl_is_measured_and_unquoted(tmp_path: Path) -> None:
    raws = [with_length(">From the start"), with_length("two")]

    assert read(tmp_path, b"".join(LINE + raw + b"\n" for raw in raws)) == [
        raws[0].replace(b">From", b"From"),
        raws[1],
    ]


def test_mboxcl2_is_measured_and_holds_what_looks_like_a_mail(tmp_path: Path) -> None:
    inner = f"see:\n\n{LINE.decode()}Subject: inner\n\n>From inside\n"
    raws = [with_length(inner), with_length("two")]

    assert read(tmp_path, b"".join(LINE + raw + b"\n" for raw in raws)) == raws
    assert read(tmp_path, b"".join(LINE + raw for raw in raws)) == raws


@pytest.mark.parametrize("length", [5, 60, 150, 10**9, 10**12 - 1])
def test_one_mail_that_lies_about_its_length_swallows_no_other(tmp_path: Path, length: int) -> None:
    raws = [mail("one", extra=f"Content-Length: {length}\n"), mail("two"), mail("three")]

    assert read(tmp_path, b"".join(LINE + raw + b"\n" for raw in raws)) == raws


def test_a_lying_mail_at_the_end_swallows_nothing_either(tmp_path: Path) -> None:
    raws = [mail("one"), mail("two"), mail("three", extra="Content-Length: 7000\n")]

    assert read(tmp_path, b"".join(LINE + raw + b"\n" for raw in raws)) == raws


@pytest.mark.parametrize("raws", [[mail("one"), mail("two")], [with_length("one"), with_length("two")]])
def test_a_file_may_end_anywhere(tmp_path: Path, raws: list[bytes]) -> None:
    whole = b"".join(LINE + raw + b"\n" for raw in raws)
    second = len(LINE) + len(raws[0]) + 1

    for end in range(len(LINE) + 1, len(whole)):
        found = read(tmp_path, whole[:end])
        if end > second + len(LINE):
            # Where the blank line between two mails would have been, a last line end may be taken for it.
            assert found[0] == raws[0]
            assert whole[second + len(LINE) : end].rstrip() == found[1].rstrip()
        assert len(found) in {1, 2}


def test_without_blank_lines_between_the_mails_a_head_must_follow(tmp_path: Path) -> None:
    text = f"the log said\n{LINE.decode()}which is odd"
    content = LINE + mail("one") + LINE + mail(text) + b"\n"

    assert read(tmp_path, content) == [mail("one"), mail(text)]


def test_undated_lines_count_only_in_a_file_that_begins_so(tmp_path: Path) -> None:
    text = "a\n\nFrom vera@site.example\nSubject: quoted"

    assert read(tmp_path, LINE + mail(text) + b"\n") == [mail(text)]


def test_nothing_and_something_else(tmp_path: Path) -> None:
    assert read(tmp_path, b"") == []
    assert read(tmp_path, b"\n\n" + LINE + mail("after blank lines")) == [mail("after blank lines")]
    with pytest.raises(NotAnMbox, match="does not begin with a line"):
        read(tmp_path, mail("a mail alone"))


def test_lines_of_any_length_and_any_bytes(tmp_path: Path) -> None:
    raw = b"Subject: x\n\n" + b"x" * 65_536 + LINE + b"y" * 200_000 + b"\x00\xff\rFrom \n"

    assert read(tmp_path, LINE + raw + b"\n") == [raw]


bodies = st.lists(st.sampled_from(["", "text", "From me", ">From", ">From you", ">>From all", " "]), max_size=6)


@given(st.lists(bodies, min_size=1, max_size=5))
def test_what_mboxrd_writes_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]) -> None:
    raws = [mail("\n".join(lines)) for lines in texts]
    quoted = [
        mail("\n".join(">" + line if line.lstrip(">").startswith("From ") else line for line in lines))
        for lines in texts
    ]

    assert read(tmp_path_factory.mktemp("rd"), b"".join(LINE + raw + b"\n" for raw in quoted)) == raws


@given(st.lists(bodies, min_size=1, max_size=5))
def test_what_mboxcl2_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    raws = [with_length("From a line that shows the kind"), *(with_length("\n".join(lines)) for lines in texts)]

    assert read(tmp_path_factory.mktemp("cl2"), b"".join(LINE + raw + b"\n" for raw in raws)) == raws
