"""Laws of the methods, and second opinions on each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from secretballot.tally.methods import Profile
from secretballot.tally.methods.borda import borda
from secretballot.tally.methods.irv import instant_runoff
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze
from secretballot.tally.methods.stv import UNIT, single_transferable_vote


@st.composite
def profiles(draw: st.DrawFn) -> tuple[int, Profile]:
    """The number of options, and rankings of them."""
    options = draw(st.integers(2, 5))
    orders = st.permutations(range(options))
    rankings = st.builds(lambda order, size: tuple(order[:size]), orders, st.integers(1, options))
    return options, draw(st.dictionaries(rankings, st.integers(1, 9), min_size=1, max_size=8))


def permuted(options: int) -> st.SearchStrategy[list[int]]:
    return st.permutations(range(options))


def renamed(votes: Profile, names: Sequence[int]) -> Profile:
    return {tuple(names[place] for place in ranking): number for ranking, number in votes.items()}


def moved(values: Sequence[int], names: Sequence[int]) -> list[int]:
    """The values of options under their new names."""
    out = [0] * len(values)
    for place, value in enumerate(values):
        out[names[place]] = value
    return out


@given(profiles())
def test_every_vote_gives_as_many_points(case: tuple[int, Profile]) -> None:
    options, votes = case
    assert sum(borda(votes, options)) == options * (options - 1) * sum(votes.values())


def borda_by_pairs(votes: Profile, options: int) -> list[int]:
    """Two half points for each option below, one for each beside."""
    points = [0] * options
    for ranking, number in votes.items():
        rank = {place: ranking.index(place) if place in ranking else options for place in range(options)}
        for one in range(options):
            for other in range(options):
                if one != other:
                    points[one] += number * ((rank[one] < rank[other]) * 2 + (rank[one] == rank[other]))
    return points


@given(profiles())
def test_borda_by_pairs_agrees(case: tuple[int, Profile]) -> None:
    options, votes = case
    assert borda(votes, options) == borda_by_pairs(votes, options)


@given(profiles(), st.data())
def test_votes_are_conserved_in_an_instant_runoff(case: tuple[int, Profile], data: st.DataObject) -> None:
    options, votes = case
    rounds, winner = instant_runoff(votes, options, data.draw(permuted(options)))
    assert all(sum(one.votes) + one.exhausted == sum(votes.values()) for one in rounds)
    assert [one.excluded is None for one in rounds] == [False] * (len(rounds) - 1) + [True]
    last = rounds[-1]
    assert winner is not None
    assert 2 * last.votes[winner] > sum(last.votes)


def runoff_winner(votes: Profile, options: int, drawn: Sequence[int]) -> int:
    """An instant runoff by its definition: ballot by ballot; ties by all the rounds before, the latest first."""
    ballots = [list(ranking) for ranking, number in votes.items() for _ in range(number)]
    history: list[dict[int, int]] = []
    left = set(range(options))
    while True:
        ballots = [[place for place in ballot if place in left] for ballot in ballots]
        count = {place: sum(ballot[:1] == [place] for ballot in ballots) for place in left}
        best = max(left, key=lambda place: count[place])
        if len(left) == 1 or 2 * count[best] > sum(count.values()):
            return best
        history.insert(0, count)

        def standing(place: int) -> list[int]:
            return [one[place] for one in history] + [-drawn[place]]

        left.remove(min(left, key=standing))


@given(profiles(), st.data())
def test_a_plain_instant_runoff_agrees(case: tuple[int, Profile], data: st.DataObject) -> None:
    options, votes = case
    drawn = data.draw(permuted(options))
    assert instant_runoff(votes, options, drawn)[1] == runoff_winner(votes, options, drawn)


def beats_by_paths(above: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Which option beats which, by every simple path: its strength is that of its weakest defeat."""
    every = range(len(above))

    def strength(start: int, end: int) -> int:
        best = 0
        others = [place for place in every if place not in (start, end)]
        for size in range(len(others) + 1):
            for between in permutations(others, size):
                path = (start, *between, end)
                steps = list(itertools.pairwise(path))
                if all(above[a][b] > above[b][a] for a, b in steps):
                    best = max(best, min(above[a][b] for a, b in steps))
        return best

    return {(a, b) for a in every for b in every if a != b and strength(a, b) > strength(b, a)}


@given(profiles())
def test_schulze_by_every_path_agrees(case: tuple[int, Profile]) -> None:
    options, votes = case
    above = pairwise(votes, options)
    beats, order = beats_by_paths(above), schulze(above)
    rank = {place: number for number, group in enumerate(order) for place in group}
    assert sorted(rank) == list(range(options))
    assert all(rank[one] < rank[other] for one, other in beats)
    beaten = [sum((other, one) in beats for other in range(options)) for one in range(options)]
    assert order[0] == [place for place in range(options) if not beaten[place]]
    # Below the winners, those stand together that as many beat.
    assert order == [
        [place for place in range(options) if beaten[place] == number] for number in sorted(set(beaten))
    ]


@given(profiles())
def test_a_condorcet_winner_is_the_single_first_of_schulze(case: tuple[int, Profile]) -> None:
    options, votes = case
    above = pairwise(votes, options)
    winner = condorcet_winner(above)
    wins = [all(above[a][b] > above[b][a] for b in range(options) if a != b) for a in range(options)]
    assert winner == (wins.index(True) if any(wins) else None)
    if winner is not None:
        assert schulze(above)[0] == [winner]


@given(profiles(), st.data())
def test_votes_are_conserved_in_a_transfer(case: tuple[int, Profile], data: st.DataObject) -> None:
    options, votes = case
    seats = data.draw(st.integers(1, options - 1))
    stages, quota, elected = single_transferable_vote(votes, options, seats, data.draw(permuted(options)))
    total = UNIT * sum(votes.values())
    assert quota == (sum(votes.values()) // (seats + 1) + 1) * UNIT
    assert [one.lost for one in stages] == sorted(one.lost for one in stages)
    for one in stages:
        assert sum(one.votes) + one.lost == total
        assert min(one.votes) >= 0 <= one.lost
    assert stages[0].lost == 0
    # All seats, each once; who is passed on is passed on once.
    assert len(elected) == len(set(elected)) == seats
    assert elected == tuple(place for one in stages for place in one.elected)
    passed = [one.passed_on for one in stages]
    assert passed[-1] is None
    assert None not in passed[:-1]
    assert len(set(passed)) == len(passed)
    assert not {one.passed_on for one in stages if one.excluded} & set(elected)
    # Who is not excluded and has the quota is elected.
    assert all(place in elected for one in stages for place in range(options) if one.votes[place] >= quota)


@given(profiles(), st.data())
def test_one_seat_goes_to_who_wins_the_runoff_of_complete_rankings(
    case: tuple[int, Profile], data: st.DataObject
) -> None:
    """More than half of all is the quota of one seat; where no paper is exhausted, both rules are one."""
    options, votes = case
    complete = {
        (*ranking, *(place for place in range(options) if place not in ranking)): number
        for ranking, number in votes.items()
    }
    drawn = data.draw(permuted(options))
    _, _, elected = single_transferable_vote(complete, options, 1, drawn)
    assert elected == (instant_runoff(complete, options, drawn)[1],)


@given(profiles(), st.data())
def test_renaming_the_options_renames_the_result(case: tuple[int, Profile], data: st.DataObject) -> None:
    options, votes = case
    names, drawn = data.draw(permuted(options)), data.draw(permuted(options))
    seats = data.draw(st.integers(1, options - 1))
    other, others_lots = renamed(votes, names), moved(drawn, names)

    assert borda(other, options) == moved(borda(votes, options), names)

    rounds, winner = instant_runoff(votes, options, drawn)
    new_rounds, new_winner = instant_runoff(other, options, others_lots)
    assert winner is not None
    assert new_winner == names[winner]
    assert [one.votes for one in new_rounds] == [tuple(moved(one.votes, names)) for one in rounds]

    above, new_above = pairwise(votes, options), pairwise(other, options)
    assert all(new_above[names[a]][names[b]] == above[a][b] for a in range(options) for b in range(options))
    assert schulze(new_above) == [sorted(names[place] for place in group) for group in schulze(above)]

    stages, _, elected = single_transferable_vote(votes, options, seats, drawn)
    new_stages, _, new_elected = single_transferable_vote(other, options, seats, others_lots)
    assert set(new_elected) == {names[place] for place in elected}
    assert [one.votes for one in new_stages] == [tuple(moved(one.votes, names)) for one in stages]
    assert [one.by_lot for one in new_stages] == [one.by_lot for one in stages]


@given(profiles(), st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(case: tuple[int, Profile], random: Any) -> None:
    options, votes = case
    items = list(votes.items())
    random.shuffle(items)
    other = dict(items)
    assert instant_runoff(votes, options, range(options)) == instant_runoff(other, options, range(options))
    one, two = (single_transferable_vote(each, options, 1, range(options)) for each in (votes, other))
    assert one == two
