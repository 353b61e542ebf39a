"""What the tests of faults share. :mod:`.plan` says how much is tried."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator

import pytest

from .ballots import Prepared
from .nursery import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Twelve voters who vote again and again."""
    return Prepared(12, 60, tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Randomness that can be had again: where the test fails, the seed stands in its output."""
    seed = os.environ.get("SECRETBALLOT_FAULTS_SEED") or secrets.token_hex(4)
    print(f"SECRETBALLOT_FAULTS_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")
