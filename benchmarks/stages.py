"""A rating election stage by stage: seconds a ballot, bytes a ballot, and the ratio to the floor."""

from __future__ import annotations

import itertools
import secrets
import time
from typing import NamedTuple

from secretballot.manifest import Option, RatingContest, confidence_levels
from secretballot.testing import Simulation
from secretballot.verify import Verdict, verify_entries

from .floor import Floor

LEVELS = 3


class Shape(NamedTuple):
    """How large an election is."""

    voters: int
    officials: int

    @property
    def points(self) -> int:
        """A ballot's points: for each line one ciphertext (2), and two commitments for each of the levels."""
        return self.officials * (2 + 2 * LEVELS)

    @property
    def multiplications(self) -> int:
        """A ballot's multiplications: three to encrypt a line, three for each level's commitments."""
        return self.officials * 3 * (1 + LEVELS)

    @property
    def raw_bytes(self) -> int:
        """A ballot's cryptographic bytes: points, challenges and responses, credential and signature."""
        return 32 * (self.points + self.officials * (2 * LEVELS - 1)) + (32 + 384 + 32) + 64


class Stages(NamedTuple):
    """Seconds a ballot for each stage; ``tally`` without the sums, which are kept while ballots come in."""

    issue: float
    seal: float
    submit: float
    tally: float
    verify: float
    record_bytes: float


def run(shape: Shape) -> Stages:
    """Holds the election in memory; raises RuntimeError if its record does not verify."""
    options = tuple(
        Option(id=f"official-{i}", labels={"en": f"Official {i}"}) for i in range(shape.officials)
    )
    contest = RatingContest(
        id="officials",
        labels={"en": "Officials"},
        options=options,
        levels=confidence_levels(),
        allow_blank=False,
        base="collected",
        rules=(),
    )
    simulation = Simulation([contest], roll_size=shape.voters)
    simulation.hold_ceremony()
    levels = contest.count_names()
    selections = [{o.id: secrets.choice(levels) for o in options} for _ in range(shape.voters)]

    marks = [time.perf_counter()]
    simulation.issue(shape.voters)
    marks.append(time.perf_counter())
    sealed = [simulation.seal(voter, {contest.id: own}) for voter, own in enumerate(selections)]
    marks.append(time.perf_counter())
    entries = [ballot.cast() for ballot in sealed]
    for entry in entries:
        simulation.board.submit(entry)
    marks.append(time.perf_counter())
    simulation.tally(absent=[2])
    marks.append(time.perf_counter())
    log, checkpoint = list(simulation.store.entries()), simulation.board.checkpoint().encode()
    marks.append(time.perf_counter())
    report = verify_entries(log, checkpoint)
    marks.append(time.perf_counter())
    if report.verdict is not Verdict.VERIFIED:
        raise RuntimeError("the record does not verify")
    spent = [(b - a) / shape.voters for a, b in itertools.pairwise(marks)]
    issue, seal, submit, tally, _, verify = spent
    return Stages(issue, seal, submit, tally, verify, sum(map(len, entries)) / shape.voters)


def ratios(shape: Shape, stages: Stages, floor: Floor) -> dict[str, float]:
    """What a stage costs over what its primitives cost in the same run."""
    return {
        "seal": stages.seal / floor.make_ballot(shape.multiplications, shape.points),
        "verify": stages.verify / floor.verify_ballot(shape.points),
        "tally to verify": stages.tally / stages.verify,
        "record bytes": stages.record_bytes / shape.raw_bytes,
    }
