"""A voter's device, and what it knows of the election."""

from __future__ import annotations

import pytest

from secretballot.ballot.context import BallotContext
from secretballot.ballot.voter import VoterDevice

from ...support import elections
from .shared import new_device, ranking, write_in


@pytest.fixture(scope="module")
def context() -> BallotContext:
    return elections.ballot_context(elections.simulate((ranking(), write_in(), elections.choice())).election)


@pytest.fixture
def device(context: BallotContext) -> VoterDevice:
    return new_device(context)
