"""Ranking: options in an order of preference, the most preferred first.

A selection is a list of option ids; None, or an empty list, is a blank. A mark has a byte for each option that is
ranked: its place among the contest's options, from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import SelectionError
from ...manifest.contests import RankingContest
from .mark import MarkPlan
from .plan import Selection, listed


class RankingPlan(MarkPlan):
    """Orders of from ``minimum`` to ``maximum`` options."""

    def __init__(self, contest: RankingContest) -> None:
        super().__init__(contest)
        self._ranking = contest
        self._places = {option.id: place for place, option in enumerate(contest.options)}

    def choices(self, selection: Selection) -> list[int]:
        selection = () if selection is None else selection
        if isinstance(selection, str) or not isinstance(selection, Sequence):
            raise SelectionError("a list of option ids is needed", item=f"contest {self.id}")
        if any(not isinstance(option, str) or option not in self._places for option in selection):
            raise SelectionError(
                f"there is no such option: {listed(list(self._places))}", item=f"contest {self.id}"
            )
        choices = [self._places[option] for option in selection]
        self.check(bytes(choices))
        return choices

    def check(self, mark: bytes) -> list[str]:
        item = f"contest {self.id}"
        options = self._ranking.options
        if any(place >= len(options) for place in mark):
            raise SelectionError("an option is ranked that there is none of", item=item)
        if len(set(mark)) != len(mark):
            raise SelectionError("an option is ranked twice", item=item)
        least, most = self._ranking.minimum, self._ranking.maximum
        if not least <= len(mark) <= most and not (self._ranking.allow_blank and not mark):
            blank = ", or none" if self._ranking.allow_blank else ""
            raise SelectionError(f"from {least} to {most} options are to be ranked{blank}", item=item)
        return [options[place].id for place in mark]
