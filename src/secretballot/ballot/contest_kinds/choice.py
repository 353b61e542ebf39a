"""Choice: one of the options. A selection is an option's id, or None for a blank where that is allowed."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import SelectionError
from ...manifest.contests import ChoiceContest
from .plan import LinePlan, Selection


class ChoicePlan(LinePlan):
    """One line; choices are the options, after the blank where it is allowed."""

    def __init__(self, contest: ChoiceContest, capacity: int) -> None:
        options: list[str | None] = [option.id for option in contest.options]
        super().__init__(contest, capacity, [None, *options] if contest.allow_blank else options)

    def choices(self, selection: Selection) -> list[int]:
        if selection is not None and not isinstance(selection, str):
            raise SelectionError("one option's id is needed", item=f"contest {self.id}")
        return [self._place(self.lines[0], selection)]

    def selection(self, choices: Sequence[int]) -> Selection:
        self._check_choices(choices)
        return self.lines[0].names[choices[0]]
