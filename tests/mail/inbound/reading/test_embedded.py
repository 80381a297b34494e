"""Files inside winmail.dat and inside text, whole and broken."""

import binascii
import struct

from hypothesis import given
from hypothesis import strategies as st

from ghiseu.mail.inbound.reading.tnef import SIGNATURE, read_tnef
from ghiseu.mail.inbound.reading.uuencode import extract_embedded

RECORD = struct.Struct("<BHHI")


def record(name: int, value: bytes) -> bytes:
    return RECORD.pack(2, name, 0, len(value)) + value + b"\0\0"


def test_what_is_no_tnef_is_none() -> None:
    assert read_tnef(b"PK\x03\x04") is None


def test_a_cut_envelope_gives_what_came_before_the_cut() -> None:
    whole = SIGNATURE + b"\1\0" + record(0x9002, b"") + record(0x8010, b"a.txt\0") + record(0x800F, b"hello")

    found = read_tnef(whole[:-4])

    assert found is not None
    assert [(file.name, file.content) for file in found.files] == [("a.txt", b"")]


@given(st.binary(max_size=300))
def test_any_bytes_after_the_signature_are_read_without_error(data: bytes) -> None:
    assert read_tnef(SIGNATURE + b"\1\0" + record(0x9002, b"") + data) is not None


@given(st.lists(st.binary(min_size=1, max_size=45), min_size=1, max_size=5))
def test_uuencoded_files_come_back(pieces: list[bytes]) -> None:
    written = b"before\nbegin 644 a.bin\n" + b"".join(map(binascii.b2a_uu, pieces)) + b"`\nend\nafter\n"

    rest, files = extract_embedded(written)

    assert rest == b"before\nafter\n"
    assert [(file.name, file.content) for file in files] == [(b"a.bin", b"".join(pieces))]


def test_a_beginning_without_end_stays_text() -> None:
    text = b"begin 644 a.bin\nthis is only talk\n" * 50

    assert extract_embedded(text) == (text, [])
