"""An election and its manifest's members."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ...support import elections


@pytest.fixture(scope="module")
def simulation() -> elections.Simulation:
    return elections.simulate(elections.CONTESTS, roll_size=10, trustees=3, registrars=2, minimum_group=3)


@pytest.fixture
def manifest(simulation: elections.Simulation) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(simulation.election.body)
    return loaded
