import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from ghiseu.tickets.numbers import check_digit, is_number, next_number, numbers_in

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.mark.django_db
def test_a_number_is_the_day_a_counter_and_a_check_digit() -> None:
    first, second = next_number(NOON), next_number(NOON)

    assert first.startswith("20261122")
    assert len(first) == 14
    assert int(second[8:-1]) == int(first[8:-1]) + 1
    assert is_number(first)


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_never_get_one_number_twice() -> None:
    def take_some(_: int) -> list[str]:
        try:
            return [next_number() for _ in range(50)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for some in pool.map(take_some, range(8)) for number in some]

    assert len(set(numbers)) == 400


@given(st.integers(0, 10**12), st.data())
def test_a_mistyped_number_is_no_number(value: int, data: st.DataObject) -> None:
    good = f"20261122{value:05d}"
    good += check_digit(good)
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != good[place]]))
    wrong = good[:place] + other + good[place + 1 :]
    swapped = good[:place] + good[place : place + 2][::-1] + good[place + 2 :]

    assert check_digit(good) == "0"
    assert check_digit(wrong) != "0"
    assert swapped == good or check_digit(swapped) != "0"


def test_numbers_are_found_in_a_subject_and_nothing_else_is() -> None:
    number = "2026112200042" + check_digit("2026112200042")
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)

    assert numbers_in(f"Re: [#{number}] site") == [number]
    assert numbers_in(f"AW: Ticket {number}, {number}") == [number]
    assert numbers_in("of an old mail: 1999123100042" + check_digit("1999123100042")) != []
    assert numbers_in(f"{wrong} 1{number} {number}1 order 20261122") == []
