"""Approval: from minimum to maximum of the options. A selection is a set (or list) of option ids; None is none of them.

One-hot: a line for each option with weight 0 or 1, and one more clause: the sum of all lines is one of the allowed
numbers. That clause lists every ciphertext by itself, for a sum made beforehand would leave the proof malleable.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from ...crypto.group import ristretto255
from ...crypto.relation import Equation, Shape
from ...errors import SelectionError
from ...manifest.contests import VOTES, ApprovalContest
from .plan import FIRST, GENERATOR, KEY, LinePlan, Selection, listed


class ApprovalPlan(LinePlan):
    """A line for each option, with the choices blank and ``votes``."""

    def __init__(self, contest: ApprovalContest, capacity: int) -> None:
        super().__init__(contest, capacity, [None, VOTES])
        allowed = set(range(contest.minimum, contest.maximum + 1))
        #: How many may be approved, in ascending order: the branches of the sum's clause.
        self.totals = tuple(sorted(allowed | {0} if contest.allow_blank else allowed))
        self._limits = f"from {contest.minimum} to {contest.maximum} options are to be approved"
        if contest.allow_blank:
            self._limits += ", or none"
        self._sum_shapes = tuple(_sum_branch(len(self.lines), total) for total in self.totals)

    def sum_shapes(self) -> tuple[Shape, ...]:
        return self._sum_shapes

    def sum_branch(self, choices: Sequence[int]) -> int:
        return self.totals.index(sum(choices))

    def choices(self, selection: Selection) -> list[int]:
        selection = () if selection is None else selection
        if isinstance(selection, str) or not isinstance(selection, (Set, Sequence)):
            raise SelectionError("a set of option ids is needed", item=f"contest {self.id}")
        # What is approved is the choice itself: no message repeats it.
        known = [line.id for line in self.lines]
        if any(not isinstance(option, str) or option not in known for option in selection):
            raise SelectionError(f"there is no such option: {listed(known)}", item=f"contest {self.id}")
        chosen = set(selection)
        if len(chosen) != len(selection):
            raise SelectionError("an option is approved twice", item=f"contest {self.id}")
        choices = [int(line.id in chosen) for line in self.lines]
        self._check_total(choices)
        return choices

    def selection(self, choices: Sequence[int]) -> Selection:
        self._check_choices(choices)
        self._check_total(choices)
        return [line.id for line, choice in zip(self.lines, choices, strict=True) if choice]

    def _check_total(self, choices: Sequence[int]) -> None:
        if sum(choices) not in self.totals:
            raise SelectionError(self._limits, item=f"contest {self.id}")


def _sum_branch(lines: int, total: int) -> Shape:
    pads = tuple((FIRST + 2 * i, 1) for i in range(lines))
    data = tuple((FIRST + 2 * i + 1, 1) for i in range(lines))
    equations = (
        Equation(pads, ((0, GENERATOR, 1),)),
        Equation((*data, (GENERATOR, -total % ristretto255.order)), ((0, KEY, 1),)),
    )
    return Shape(ristretto255, FIRST + 2 * lines, equations)
