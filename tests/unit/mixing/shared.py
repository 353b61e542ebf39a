"""An election whose ballots are to be mixed, and its parties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from secretballot.board.attachments import Posting
from secretballot.errors import (
    SecretBallotError,
)
from secretballot.tally.mixer import Mixer
from secretballot.tally.records import Result
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation

from ...support import elections

CONTESTS = (
    elections.rating(rules=elections.RULES).model_copy(update={"tally": "both"}),
    elections.choice().model_copy(update={"tally": "mixnet"}),
    elections.approval(),
)
BALLOTS: list[dict[str, Any]] = [
    {"officials": {"an": "high", "binh": "low"}, "chair": "chi", "committee": ["giang"]},
    {"officials": {"an": "low", "binh": None}, "chair": None, "committee": []},
    {"officials": {"an": "low", "binh": "confidence"}, "chair": "em", "committee": ["giang", "khoa"]},
]
#: The rules of mixing; the faults of the verdicts break each.
RULES = ("X1", "X2", "X3", "T5")


def closed(**rest: Any) -> Simulation:
    """An election whose voting is over; of three mixers two are to mix. One voter has voted twice."""
    simulation = elections.voting(CONTESTS, 3, mixers=3, mixing_rounds=2, **rest)
    simulation.vote(BALLOTS[::-1])
    simulation.board.submit(simulation.seal(0, BALLOTS[0]).cast())
    simulation.board.submit(simulation.seal(1, BALLOTS[1]).cast())
    simulation.board.submit(simulation.seal(2, BALLOTS[2]).cast())
    simulation.close_voting()
    return simulation


def mixers(simulation: Simulation) -> list[Mixer]:
    return [keys.join(simulation.election) for keys in simulation.mixer_keys]


def trustees(simulation: Simulation) -> list[DecryptingTrustee]:
    return [DecryptingTrustee(holder) for holder in simulation.key_holders]


def finish(simulation: Simulation, absent: Sequence[int] = ()) -> Result:
    simulation.mix()
    for place, trustee in enumerate(trustees(simulation)):
        if place not in absent:
            simulation.board.submit(trustee.decrypt(simulation.log.tally))
            simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    result = simulation.log.compute_result()
    simulation.board.submit(simulation.authority.publish(result))
    return result


def refused(simulation: Simulation, message: Posting) -> SecretBallotError:
    """What the board says to it; its log is as before."""
    before = simulation.log.size
    with pytest.raises(SecretBallotError) as caught:
        simulation.send(message)
    assert simulation.log.size == before
    return caught.value
