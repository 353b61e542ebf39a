"""Elections whose voting is over."""

from __future__ import annotations

import pytest

from secretballot.board.board import Board
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ...support import elections
from .shared import closed


@pytest.fixture(scope="module")
def voted() -> Simulation:
    return closed()


@pytest.fixture
def simulation(voted: Simulation) -> Simulation:
    """Another board's log of the same election, which a test may go on with."""
    entries = list(voted.store.entries())
    copy = object.__new__(Simulation)
    vars(copy).update(vars(voted))
    copy.store = elections.store_of(entries)
    copy.log = ElectionLog()
    copy.board = Board(copy.store, copy.board_keys, copy.log)
    return copy
