"""The simulator and the strategies of an embedder's tests, given what is no argument: a test that mistypes one does not
pass for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import find

from secretballot.errors import ArgumentError, ManifestError, SecretBallotError, SelectionError
from secretballot.testing import Simulation, strategies

from ..support import elections

BALLOT = {"chair": "chi"}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """Two of three voters have a credential."""
    return elections.voting([elections.choice()], 2, roll_size=3)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"contests": None}, ArgumentError),
        ({"contests": []}, ManifestError),
        ({"contests": ["chair"]}, ManifestError),
        ({"roll_size": 0}, ManifestError),
        ({"roll_size": "3"}, ManifestError),
        ({"labels": "Vote"}, ArgumentError),
        ({"labels": {"en": 1}}, ManifestError),
        ({"trustees": 0}, ManifestError),
        ({"trustees": "3"}, ArgumentError),
        ({"quorum": 0}, ManifestError),
        ({"quorum": 4}, ManifestError),
        ({"registrars": 0}, ManifestError),
        ({"registrars": [1]}, ArgumentError),
        ({"registrars": None}, ArgumentError),
        ({"mixers": -1}, ArgumentError),
        ({"revoting": "never"}, ManifestError),
        ({"minimum_group": 4}, ManifestError),
        ({"on_event": 1}, ArgumentError),
    ],
)
def test_an_election_that_cannot_be(wrong: dict[str, Any], error: type[SecretBallotError]) -> None:
    given: dict[str, Any] = {"contests": [elections.choice()], "roll_size": 3}
    with pytest.raises(error):
        elections.simulate(**(given | wrong))


@pytest.mark.parametrize(
    "call",
    [
        lambda one: one.issue(4),
        lambda one: one.issue(-1),
        lambda one: one.vote([BALLOT] * 3),
        lambda one: one.vote(None),
        lambda one: one.vote([BALLOT], challenge_every=-1),
        lambda one: one.seal(2, BALLOT),
        lambda one: one.device(-1),
        lambda one: one.device("0"),
        lambda one: one.tally(absent=[3]),
        lambda one: one.tally(absent=[-1]),
        lambda one: one.tally(absent=1),
    ],
)
def test_a_stage_that_cannot_be(simulation: Simulation, call: Callable[[Any], object]) -> None:
    before = simulation.log.size, simulation.log.phase
    with pytest.raises(ArgumentError):
        call(simulation)
    assert (simulation.log.size, simulation.log.phase) == before


def test_strategies_of_what_there_is_not() -> None:
    for wrong in ({"kinds": "rating"}, {"kinds": ["election"]}, {"tallies": ["sum"]}):
        with pytest.raises(ArgumentError, match="kinds are of rating, choice"):
            find(strategies.contests(**wrong), lambda _: True)


def test_ballots_that_cannot_be_counted(simulation: Simulation) -> None:
    assert strategies.count(simulation.manifest, [BALLOT]).collected == 1
    for wrong in ({}, {"chairs": "chi"}, BALLOT | {"more": "chi"}, {"chair": "nobody"}):
        with pytest.raises(SelectionError):
            strategies.count(simulation.manifest, [BALLOT, wrong])
