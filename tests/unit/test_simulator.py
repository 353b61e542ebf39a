"""The simulator's arguments: what is none is refused by name, and nothing is left out in silence."""

from __future__ import annotations

from typing import Any

import pytest

from secretballot.errors import ArgumentError, ManifestError
from secretballot.testing import Simulation

from ..support import elections

CONTESTS = (elections.choice(),)
BALLOT = {"chair": "dung"}


@pytest.fixture(scope="module")
def voting() -> Simulation:
    """Two of three voters have a credential."""
    return elections.voting(CONTESTS, 2, roll_size=3)


@pytest.mark.parametrize(
    "given",
    [
        {"contests": None},
        {"contests": iter(CONTESTS)},
        {"contests": ["chair"]},
        {"roll_size": 0},
        {"roll_size": "3"},
        {"roll_size": True},
        {"labels": "en"},
        {"trustees": 0},
        {"trustees": 256},
        {"trustees": "3"},
        {"registrars": 0},
        {"registrars": "ab"},
        {"registrars": None},
        {"mixers": -1},
        {"on_event": None},
    ],
)
def test_an_argument_that_is_none(given: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        elections.simulate(**{"contests": CONTESTS, **given})


@pytest.mark.parametrize(
    "given", [{"quorum": 4}, {"quorum": "2"}, {"capacity": 1}, {"revoting": "never"}, {"labels": {}}]
)
def test_what_no_manifest_has(given: dict[str, Any]) -> None:
    with pytest.raises(ManifestError) as refused:
        elections.simulate(CONTESTS, **given)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("voters", [4, -1, "1", None])
def test_credentials_for_more_than_the_roll(voters: Any) -> None:
    simulation = elections.simulate(CONTESTS, roll_size=3)
    simulation.hold_ceremony()
    with pytest.raises(ArgumentError, match="voters: must be a number from 0 to 3"):
        simulation.issue(voters)
    assert (simulation.log.phase, simulation.log.issued) == ("issuance", {})


def test_ballots_of_nobody(voting: Simulation) -> None:
    size = voting.log.size
    for voter in (2, -1, "0", True):
        with pytest.raises(ArgumentError, match="voter: must be a number from 0 to 1"):
            voting.seal(voter, BALLOT)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="ballots"):
        voting.vote([BALLOT] * 3)
    with pytest.raises(ArgumentError, match="challenge_every"):
        voting.vote([BALLOT], challenge_every=-1)
    assert voting.log.size == size
    with pytest.raises(ArgumentError, match="no voter has a credential"):
        elections.simulate(CONTESTS).device(0)


@pytest.mark.parametrize("absent", [[3], [-1], ["0"], 2])
def test_an_absent_trustee_is_one(voting: Simulation, absent: Any) -> None:
    """Else all would be there, in a test that is of one who is not."""
    with pytest.raises(ArgumentError, match="absent"):
        voting.tally(absent=absent)
    assert voting.log.phase == "voting"
