"""The tree of parts, from whole and from broken mails."""

from hypothesis import given
from hypothesis import strategies as st

from ghiseu.mail.inbound.reading import limits
from ghiseu.mail.inbound.reading.mime import parse, parse_fields
from ghiseu.mail.inbound.reading.parameters import parse_parameters


def test_bodies_are_cut_at_their_delimiters_and_nowhere_else() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
        b"--b\r\n\r\none\r\n--bb\r\n--b \r\n\r\n two --b\r\n\r\n--b--\r\nepilogue"
    )

    assert [part.body for part in parse(raw).children] == [b"one\r\n--bb", b" two --b\r\n"]


def test_a_nested_multipart_may_end_without_its_own_last_delimiter() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: multipart/alternative; "
        b"boundary=inner\n\n"
        b"--inner\n\na\n--inner\nContent-Type: text/html\n\nb\n--outer\nContent-Type: image/png\n\nc\n--outer--\n"
    )

    assert [(part.content_type, len(part.children)) for part in parse(raw).walk()] == [
        ("multipart/mixed", 2),
        ("multipart/alternative", 2),
        ("text/plain", 0),
        ("text/html", 0),
        ("image/png", 0),
    ]


def test_depth_and_number_of_parts_are_limited() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(500))
    wide = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (3 * limits.MAX_PARTS)

    assert len(list(parse(deep).walk())) == limits.MAX_NESTING + 1
    assert len(list(parse(wide).walk())) == limits.MAX_PARTS + 1


def test_a_header_goes_on_after_lines_that_lost_their_indentation() -> None:
    fields, body = parse_fields(b"Received: from a\nby b\nfor c\nSubject: x\n\nbody")

    assert [name for name, _ in fields] == ["Received", "Subject"]
    assert body == 40


def test_a_body_that_looks_like_a_header_stays_a_body() -> None:
    part = parse(b"Subject: x\n\nFrom: not a field\nTo: neither\n")

    assert part.body == b"From: not a field\nTo: neither\n"


def test_parameters_are_read_as_programs_write_them() -> None:
    assert parse_parameters('text/plain; charset="utf-8"; name=a b.txt; x') == (
        "text/plain",
        {"charset": "utf-8", "name": "a b.txt"},
    )
    assert parse_parameters("text/html charset=utf-8") == ("text/html", {"charset": "utf-8"})
    assert parse_parameters("attachment; filename*1=b; filename*0*=utf-8''%C8%99") == ("attachment", {"filename": "șb"})
    assert parse_parameters('attachment; filename="a;\\"b.txt"')[1] == {"filename": 'a;"b.txt'}


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    for part in parse(raw).walk():
        assert part.decoded() is not None
        assert part.disposition()[0] == part.disposition()[0].lower()
