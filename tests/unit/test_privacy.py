"""Results that tell how somebody voted."""

from __future__ import annotations

from typing import Any

import pytest

from secretballot.manifest import Manifest
from secretballot.report.privacy import warnings_of
from secretballot.tally import Result

from ..support import elections


def held(ballots: list[Any], minimum: int = 1) -> tuple[Result, Manifest]:
    simulation = elections.voting([elections.choice()], len(ballots), minimum_group=1)
    simulation.vote([{"chair": ballot} for ballot in ballots])
    result = simulation.tally()
    manifest = simulation.manifest.model_copy(update={"minimum_group": minimum})
    return result.model_copy(update={"below_minimum_group": len(ballots) < minimum}), manifest


@pytest.mark.parametrize(
    ("ballots", "expected"),
    [
        (["chi", "em", "chi", "em"], []),
        (["chi", "chi", "chi"], ["all voted alike in chair: the counts tell how everybody voted"]),
        ([None, None], ["all voted alike in chair: the counts tell how everybody voted"]),
        (["chi"], ["all voted alike in chair: the counts tell how everybody voted"]),
        (
            ["chi", "chi", None],
            ["all but one voted alike in chair: who did not knows how all the others voted"],
        ),
        (["chi", "em", None], []),
    ],
)
def test_results_that_tell_too_much(ballots: list[Any], expected: list[str]) -> None:
    assert warnings_of(*held(ballots)) == expected


def test_nobody_voted() -> None:
    assert warnings_of(*held([])) == []


def test_a_group_below_the_minimum() -> None:
    (found,) = warnings_of(*held(["chi", "chi", "em", "em"], minimum=5))
    assert found == "4 ballots count, fewer than the minimum of 5: the counts may tell how a voter voted"
