"""Schulze's method, and the winner by Condorcet's criterion where there is one.

Source: M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
election method" (Social Choice and Welfare 36, 2011), section 2, with the strength of a defeat by winning votes.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import Profile


def pairwise(profile: Profile, options: int) -> list[list[int]]:
    """How many votes rank each option (row) above each other one (column)."""
    above = [[0] * options for _ in range(options)]
    for ranking, votes in profile.items():
        rest = set(range(options))
        for place in ranking:
            rest.discard(place)
            for other in rest:
                above[place][other] += votes
    return above


def condorcet_winner(above: Sequence[Sequence[int]]) -> int | None:
    """The option that wins against each other one."""
    every = range(len(above))
    for one in every:
        if all(above[one][other] > above[other][one] for other in every if other != one):
            return one
    return None


def schulze(above: Sequence[Sequence[int]]) -> list[list[int]]:
    """The order of all options, in groups: the first holds those that none beats, which are the winners."""
    every = range(len(above))
    paths = [[above[i][j] if above[i][j] > above[j][i] else 0 for j in every] for i in every]
    for via in every:
        for i in every:
            first = paths[i][via]
            if i == via or not first:
                continue
            row, through = paths[i], paths[via]
            for j in every:
                strength = min(first, through[j])
                if j != i and strength > row[j]:
                    row[j] = strength
    # By how many beat it: the relation is an order (theorem 2.1), so that who is beaten by more stands below.
    beaten_by = [sum(paths[j][i] > paths[i][j] for j in every) for i in every]
    groups: dict[int, list[int]] = {}
    for option in every:
        groups.setdefault(beaten_by[option], []).append(option)
    return [groups[number] for number in sorted(groups)]
