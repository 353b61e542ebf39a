"""What is mixed together, and what never is: the batches of an election.

A batch is one line of a contest (a rating's person, an approval's option, a choice), or the whole mark of a ranking or
a text. Each is mixed apart, under a permutation of its own: if the lines of a ballot stayed together, a voter could be
made to give an agreed pattern over many persons, and be found by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..ballot.contest_kinds import LinePlan, MarkPlan
from ..crypto.elgamal import ciphertext_size
from ..crypto.group import ristretto255
from ..manifest import is_mixed, is_summed


class Batch(NamedTuple):
    """A batch: its contest and line, the plan, and which of a ballot's ciphertexts are a row of it: ``width`` of them
    from the place ``first`` on."""

    contest: str
    line: str
    plan: LinePlan | MarkPlan
    first: int
    width: int

    @property
    def name(self) -> str:
        """How findings and errors call it."""
        return (
            f"contest {self.contest}"
            if self.line == self.contest
            else f"contest {self.contest}, line {self.line}"
        )

    @property
    def row_size(self) -> int:
        """The bytes of a row."""
        return ciphertext_size(ristretto255) * self.width

    def row(self, ciphertexts: bytes) -> bytes:
        """A ballot's row of the batch, of all its ciphertexts."""
        at = ciphertext_size(ristretto255) * self.first
        return ciphertexts[at : at + self.row_size]


def batches(plans: Sequence[LinePlan | MarkPlan]) -> tuple[Batch, ...]:
    """Everything that is mixed, in the manifest's order."""
    out = []
    at = 0
    for plan in plans:
        if is_mixed(plan.contest):
            lines = [line.id for line in plan.lines] if isinstance(plan, LinePlan) else [plan.id]
            for place, line in enumerate(lines):
                out.append(Batch(plan.id, line, plan, at + place * plan.width, plan.width))
        at += plan.num_ciphertexts
    return tuple(out)


def summed(plans: Sequence[LinePlan | MarkPlan]) -> list[int]:
    """The places of a ballot's ciphertexts that are added up, in order."""
    out: list[int] = []
    at = 0
    for plan in plans:
        if is_summed(plan.contest):
            out += range(at, at + plan.num_ciphertexts)
        at += plan.num_ciphertexts
    return out
