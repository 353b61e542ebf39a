"""Rating: each of those listed is given one level; a blank on one spoils no other.

A selection maps the id of every option to the id of a level, or to None for a blank where blanks are allowed. An option
that is left out is an error: a form's field that was lost is no vote.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...manifest.contests import RatingContest
from .plan import LinePlan, Selection


class RatingPlan(LinePlan):
    """A line for each of the options; choices are the levels, after the blank where it is allowed."""

    def __init__(self, contest: RatingContest, capacity: int) -> None:
        levels: list[str | None] = [level.id for level in contest.levels]
        super().__init__(contest, capacity, [None, *levels] if contest.allow_blank else levels)

    def choices(self, selection: Selection) -> list[int]:
        given = self._check_keys(selection, [line.id for line in self.lines])
        return [self._place(line, given[line.id]) for line in self.lines]

    def selection(self, choices: Sequence[int]) -> Selection:
        self._check_choices(choices)
        return {line.id: line.names[choice] for line, choice in zip(self.lines, choices, strict=True)}
