from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent.world import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    from tests.agent.world import make_desk

    return make_desk()
