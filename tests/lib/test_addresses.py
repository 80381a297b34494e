"""The one address parser of the house."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.lib.addresses import Address, normal_address, parse_addresses


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("vera@site.example", [Address("", "vera@site.example")]),
        ("Vera <vera@SITE.Example>", [Address("Vera", "vera@site.example")]),
        ('"Moraru, Vera" <vera@site.example>', [Address("Moraru, Vera", "vera@site.example")]),
        ("vera@site.example (Vera)", [Address("Vera", "vera@site.example")]),
        ("Team: a@x.example, b@x.example;", [Address("", "a@x.example"), Address("", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ("root", []),
        ("Moraru, Vera <vera@site.example>", [Address("Moraru, Vera", "vera@site.example")]),
        ("root, vera@site.example", [Address("", "vera@site.example")]),
        ('"Vera <vera@site.example>"', [Address("Vera", "vera@site.example")]),
        ("<>", []),
        ("Vera <vera @ site.example>", [Address("Vera", "vera@site.example")]),
        ("a@x.example; b@x.example", [Address("", "a@x.example"), Address("", "b@x.example")]),
        ('"never closed <a@x.example>', [Address("never closed", "a@x.example")]),
        ("a@x.example <b@y.example>", [Address("a@x.example", "b@y.example")]),
        ("<mailto:vera@site.example>", [Address("", "vera@site.example")]),
        ('"a b"@x.example', [Address("", '"a b"@x.example')]),
    ],
)
def test_addresses_are_found_in_headers_as_people_write_them(header: str, expected: list[Address]) -> None:
    assert list(parse_addresses(header)) == expected


def test_an_encoded_name_cannot_add_an_address() -> None:
    header = "=?utf-8?Q?Ana_=3Cana=40desk.example=3E=2C_x?= <oleg@other.example>"

    assert [one.address for one in parse_addresses(header)] == ["oleg@other.example"]


@pytest.mark.parametrize("text", ["a@b@c.example", "@x.example", "a@", "a b@x.example c", "x" * 400 + "@x.example"])
def test_what_is_no_single_address_is_none(text: str) -> None:
    assert normal_address(text) == ""


@given(st.text(max_size=300))
def test_any_text_is_read_without_error(header: str) -> None:
    for one in parse_addresses(header):
        assert "@" in one.address
        assert one.address == one.address.strip()
        assert "\n" not in one.address + one.name


@given(
    st.lists(st.from_regex(r"[a-z]{1,10}@[a-z]{1,10}\.example", fullmatch=True), max_size=5),
    st.text(
        alphabet=st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters='"\\<>(),;:=?@[]'), max_size=20
    ),
)
def test_addresses_written_by_the_book_come_back(addresses: list[str], name: str) -> None:
    header = ", ".join(f'"{name}" <{address}>' for address in addresses)

    assert [one.address for one in parse_addresses(header)] == addresses
