"""The single transferable vote, for several seats, by the rules of Scottish local elections.

Source: The Scottish Local Government Elections Order 2007, schedule 1, rules 45 to 52: the quota is Droop's; a
surplus is passed on by all the votes of who is elected, each at ``surplus * value / votes``, in five decimals, the
rest of which is ignored; the largest surplus first. Ties are decided as :mod:`.` says, where the rules say the same
with a lot that is drawn by the officer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import Profile, Ranking, TieBreak

#: The smallest part of a vote.
UNIT = 100_000


class Stage(NamedTuple):
    """A stage: each option's votes, and those that name nobody who can still be elected, in parts of a vote (UNIT);
    who reaches the quota in it, whose votes are passed on after it (None after the last), whether since they are
    excluded, and whether the lot decided that it was them."""

    votes: tuple[int, ...]
    lost: int
    elected: tuple[int, ...]
    passed_on: int | None
    excluded: bool
    by_lot: bool


class _Paper(NamedTuple):
    ranking: Ranking
    number: int
    value: int


class _Count:
    def __init__(self, profile: Profile, options: int, seats: int, lots: Sequence[int]) -> None:
        self.options = options
        self.seats = seats
        self.ties = TieBreak(lots)
        self.quota = (sum(profile.values()) // (seats + 1) + 1) * UNIT
        self.standing = set(range(options))
        self.elected: list[int] = []
        #: Elected, and their surplus not passed on yet.
        self.waiting: list[int] = []
        self.held: list[list[_Paper]] = [[] for _ in range(options)]
        self.total = sum(profile.values()) * UNIT
        for ranking, number in profile.items():
            self._give(_Paper(ranking, number, UNIT))
        self.votes = [0] * options
        self.stages: list[Stage] = []

    def _give(self, paper: _Paper) -> None:
        """Each paper goes to the first that it ranks of those who are still standing, and to nobody else."""
        choice = next((place for place in paper.ranking if place in self.standing), None)
        if choice is not None:
            self.held[choice].append(paper)

    def run(self) -> None:
        while True:
            self.votes = [
                self.quota
                if place in self.elected and place not in self.waiting
                else sum(paper.number * paper.value for paper in papers)
                for place, papers in enumerate(self.held)
            ]
            reached = self._reached()
            if not self._next(reached):
                return

    def _reached(self) -> list[int]:
        """Who is elected in this stage: by the quota, or since no more are standing than there are seats left."""
        reached = [place for place in self.standing if self.votes[place] >= self.quota]
        reached.sort(key=lambda place: (-self.votes[place], place))
        for place in reached:
            self.standing.remove(place)
            self.elected.append(place)
            self.waiting.append(place)
        if len(self.standing) <= self.seats - len(self.elected):
            rest = sorted(self.standing, key=lambda place: (-self.votes[place], place))
            self.elected += rest
            self.standing.clear()
            reached += rest
        return reached

    def _next(self, reached: Sequence[int]) -> bool:
        """Passes on a surplus, or the votes of who is excluded; False where all seats are taken."""
        chosen: int | None = None
        excluded = by_lot = False
        done = len(self.elected) >= self.seats or not self.standing
        if not done and self.waiting:
            most = max(self.votes[place] for place in self.waiting)
            chosen, by_lot = self.ties.highest(place for place in self.waiting if self.votes[place] == most)
        elif not done:
            fewest = min(self.votes[place] for place in self.standing)
            chosen, by_lot = self.ties.lowest(place for place in self.standing if self.votes[place] == fewest)
            excluded = True
        lost = self.total - sum(self.votes)
        self.stages.append(Stage(tuple(self.votes), lost, tuple(reached), chosen, excluded, by_lot))
        if chosen is None:
            return False
        self.ties.rounds.append(self.votes)
        self._pass_on(chosen, excluded)
        return True

    def _pass_on(self, chosen: int, excluded: bool) -> None:
        papers, self.held[chosen] = self.held[chosen], []
        if excluded:
            self.standing.remove(chosen)
        else:
            self.waiting.remove(chosen)
        surplus = self.votes[chosen] - self.quota
        for paper in papers:
            value = paper.value if excluded else surplus * paper.value // self.votes[chosen]
            self._give(paper._replace(value=value))


def single_transferable_vote(
    profile: Profile, options: int, seats: int, lots: Sequence[int]
) -> tuple[list[Stage], int, tuple[int, ...]]:
    """The stages, the quota (in parts of a vote, UNIT), and who is elected, in order; nobody where nobody voted."""
    count = _Count(profile, options, seats, lots)
    if not count.total:
        return [], count.quota, ()
    count.run()
    return count.stages, count.quota, tuple(count.elected)
