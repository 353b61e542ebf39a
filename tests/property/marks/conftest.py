"""Elections of honest and of hostile voters."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from secretballot.tally import Result
from secretballot.testing import Simulation

from ...support import elections
from .shared import CONTESTS, ballot

# Honest elections.


@pytest.fixture(scope="module", params=[0, 1], ids=["eight voters", "others"])
def honest(request: pytest.FixtureRequest) -> tuple[Simulation, list[Mapping[str, Any]], Result]:
    """Every kind of contest, mixed and added up; a challenge, a revote and an absent trustee."""
    draw = random.Random(request.param)
    ballots = [ballot(number, draw) for number in range(8)]
    draw.shuffle(ballots)
    simulation = elections.voting(CONTESTS, 8, roll_size=9)
    simulation.vote([ballots[-1], *ballots[1:]], challenge_every=5)
    simulation.board.submit(simulation.seal(0, ballots[0]).cast())
    return simulation, ballots, simulation.tally(absent=[0])
