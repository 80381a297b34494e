"""The people every test knows: Ana and Ion are agents, Vera is a customer, Oleg is another company's customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ghiseu.people.models import Agent, Customer

# The factories need Django set up, which it is not yet when this plugin is loaded: the fixtures import them.


@pytest.fixture
def ana(db: None) -> Agent:
    from tests.factories import make_agent

    return make_agent("ana", "Ana Popescu")


@pytest.fixture
def ion(db: None) -> Agent:
    from tests.factories import make_agent

    return make_agent("ion", "Ion Rusu")


@pytest.fixture
def stranger(db: None) -> Agent:
    """An agent without any role."""
    from tests.factories import make_agent

    return make_agent("nobody", "Nobody Known")


@pytest.fixture
def vera(db: None) -> Customer:
    from tests.factories import make_customer

    return make_customer("vera@site.example", "Vera Moraru")


@pytest.fixture
def oleg(db: None) -> Customer:
    from tests.factories import make_customer

    return make_customer("oleg@other.example", "Oleg Boiko")
