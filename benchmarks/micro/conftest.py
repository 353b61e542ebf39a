"""What the micro-benchmarks work on: a small election with its ballots on the board."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot
from secretballot.records import parse_entry
from secretballot.testing import Simulation

from ..shapes import Shape

VOTERS, OFFICIALS = 30, 4
SHAPE = Shape(VOTERS, OFFICIALS)


class Voted(NamedTuple):
    """An election in which all have voted: the entries of the ballots, and their records."""

    simulation: Simulation
    context: BallotContext
    entries: list[bytes]
    ballots: list[Ballot]
    selection: dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def voted() -> Voted:
    simulation = Simulation([SHAPE.contest], roll_size=VOTERS)
    simulation.hold_ceremony()
    simulation.issue(VOTERS)
    selection = {SHAPE.contest.id: {option.id: "confidence" for option in SHAPE.contest.options}}
    entries = [simulation.seal(voter, selection).cast() for voter in range(VOTERS)]
    ballots = [Ballot.from_body(parse_entry(entry).body) for entry in entries]
    return Voted(simulation, simulation.log.context, entries, ballots, selection)
