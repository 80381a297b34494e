from __future__ import annotations

import pytest

from ghiseu.lib.sealing import CannotUnseal, seal, unseal

KEY = "a key that lies outside the database"


def test_what_was_sealed_opens_again() -> None:
    assert unseal(seal("parolă, пароль, 🔑", key=KEY), key=KEY) == "parolă, пароль, 🔑"


def test_a_sealed_secret_shows_nothing_of_itself_and_is_new_each_time() -> None:
    first, second = seal("window-42", key=KEY), seal("window-42", key=KEY)

    assert "window" not in first
    assert first != second


def test_no_secret_stays_none() -> None:
    assert seal("", key=KEY) == ""
    assert unseal("", key=KEY) == ""


@pytest.mark.parametrize(
    "sealed",
    [seal("window-42", key="another key"), "not sealed at all", "gAAAAAB" + "x" * 90],
    ids=["under another key", "not sealed", "damaged"],
)
def test_another_key_is_told_with_the_way_out(sealed: str) -> None:
    with pytest.raises(CannotUnseal, match="enter the secret again"):
        unseal(sealed, key=KEY)
