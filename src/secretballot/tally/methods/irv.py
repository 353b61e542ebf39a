"""Instant runoff: whoever has the fewest votes is excluded, and each of these votes goes to the next that it ranks,
until one has more than half of the votes that still name somebody.

Source: Robert's Rules of Order, 12th edition, section 45:62 to 45:69, "preferential voting". Ties: :mod:`.`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import Profile, TieBreak


class Round(NamedTuple):
    """A round: each option's votes (0 once it is excluded), those that name nobody who is left, who is excluded after
    it (None after the last), and whether the lot decided that."""

    votes: tuple[int, ...]
    exhausted: int
    excluded: int | None
    by_lot: bool


def instant_runoff(profile: Profile, options: int, lots: Sequence[int]) -> tuple[list[Round], int | None]:
    """The rounds, and the winner; None where nobody voted."""
    ties = TieBreak(lots)
    standing = list(range(options))
    rounds: list[Round] = []
    while True:
        votes = [0] * options
        exhausted = 0
        for ranking, number in profile.items():
            choice = next((place for place in ranking if place in standing), None)
            if choice is None:
                exhausted += number
            else:
                votes[choice] += number
        most = max(votes[place] for place in standing)
        if most == 0:
            rounds.append(Round(tuple(votes), exhausted, None, by_lot=False))
            return rounds, None
        if 2 * most > sum(votes) or len(standing) == 1:
            rounds.append(Round(tuple(votes), exhausted, None, by_lot=False))
            return rounds, votes.index(most)
        fewest = min(votes[place] for place in standing)
        loser, by_lot = ties.lowest(place for place in standing if votes[place] == fewest)
        rounds.append(Round(tuple(votes), exhausted, loser, by_lot))
        ties.rounds.append(votes)
        standing.remove(loser)
