"""Bytes to text, whatever the mail says about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.charsets import codec_for, decode, decode_base64, decode_words

RUSSIAN = "Добрый день, сайт не открывается со вчерашнего вечера, помогите, пожалуйста."
ROMANIAN = "Bună ziua, nu pot plăti factura, îmi puteți spune de ce?"


@pytest.mark.parametrize(
    "charset", ["koi8-r", "windows-1251", "iso-8859-5", "cp866", "utf-8", "utf-16", "x-mac-cyrillic"]
)
def test_declared_charsets_are_believed(charset: str) -> None:
    assert decode(RUSSIAN.encode("mac_cyrillic" if charset == "x-mac-cyrillic" else charset), charset) == RUSSIAN


@pytest.mark.parametrize("charset", ["", "unknown-8bit", "x-nothing-known", "us-ascii", "base64", "utf-8"])
def test_utf_8_is_found_behind_a_wrong_or_missing_name(charset: str) -> None:
    assert decode(ROMANIAN.encode(), charset) == ROMANIAN


@pytest.mark.parametrize("codec", ["koi8-r", "cp1251"])
def test_cyrillic_without_a_name_is_guessed(codec: str) -> None:
    assert decode(RUSSIAN.encode(codec)) == RUSSIAN
    assert decode("Олег".encode(codec)) == "Олег"


@pytest.mark.parametrize("name", ["base64", "hex", "rot13", "zip", "", "no such", "неизвестно"])
def test_names_that_say_nothing_about_text_are_no_codec(name: str) -> None:
    assert codec_for(name) == ""


def test_encoded_words_cut_inside_a_letter_are_joined() -> None:
    assert decode_words("=?utf-8?B?0J7RiNA=?= =?utf-8?B?uNCx0LrQsA==?=") == "Ошибка"


def test_base64_in_several_padded_pieces_is_read_to_its_end() -> None:
    assert decode_base64(b"YQ==\nYmM=\n!ZA") == b"abcd"


@given(
    st.binary(max_size=500),
    st.sampled_from(["", "utf-8", "utf-7", "iso-2022-jp", "gb2312", "utf-16", "big5", "hz", "cp1252", "?"]),
)
def test_any_bytes_become_text(data: bytes, charset: str) -> None:
    assert isinstance(decode(data, charset), str)


@given(st.text(max_size=300))
def test_any_header_value_is_decoded_without_error(value: str) -> None:
    assert isinstance(decode_words(value), str)
