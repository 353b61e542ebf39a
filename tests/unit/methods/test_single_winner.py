"""Borda, instant runoff and Schulze."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from secretballot.tally.methods.borda import borda
from secretballot.tally.methods.irv import Round, instant_runoff
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze

from .shared import NO_LOTS, profile


def in_letters(names: str, groups: Sequence[Sequence[int]]) -> list[str]:
    return ["".join(names[place] for place in group) for group in groups]


#: The capital of Tennessee, the usual example: Memphis, Nashville, Chattanooga, Knoxville.
CITIES = "MNCK"
TENNESSEE = profile(CITIES, MNCK=42, NCKM=26, CKNM=15, KCNM=17)
MEMPHIS, NASHVILLE, CHATTANOOGA, KNOXVILLE = range(4)

#: M. Schulze's example with 45 voters ("The Schulze method of voting", section 3.1).
FIVE = "ABCDE"
SCHULZE = profile(FIVE, ACBED=5, ADECB=5, BEDAC=8, CABED=3, CAEBD=7, CBADE=2, DCEBA=7, EBADC=8)


# Borda.


def test_borda_of_tennessee() -> None:
    assert borda(TENNESSEE, 4) == [2 * points for points in (126, 194, 173, 107)]


def test_borda_of_rankings_that_leave_options_out() -> None:
    """Of four options, the two that are left out share the points 1 and 0: a half each."""
    assert borda({(2, 0): 1}, 4) == [4, 1, 6, 1]
    assert borda({(2,): 1}, 4) == [2, 2, 6, 2]
    # The last place is the only one that is left: to name it or not is one.
    assert borda({(2, 0, 1): 3}, 4) == borda({(2, 0, 1, 3): 3}, 4) == [12, 6, 18, 0]
    assert borda({(2, 0): 2, (1, 3, 0, 2): 1}, 4) == [10, 8, 12, 6]
    assert borda({}, 3) == [0, 0, 0]


# Instant runoff.


def test_instant_runoff_of_tennessee() -> None:
    assert instant_runoff(TENNESSEE, 4, NO_LOTS) == (
        [
            Round((42, 26, 15, 17), 0, CHATTANOOGA, by_lot=False),
            Round((42, 26, 0, 32), 0, NASHVILLE, by_lot=False),
            Round((42, 0, 0, 58), 0, None, by_lot=False),
        ],
        KNOXVILLE,
    )


def test_more_than_half_wins_at_once_and_half_does_not() -> None:
    rounds, winner = instant_runoff(profile("ABC", A=51, B=30, C=19), 3, NO_LOTS)
    assert (len(rounds), winner) == (1, 0)
    rounds, winner = instant_runoff(profile("ABC", A=50, B=30, CB=20), 3, (1, 0, 2))
    assert [one.votes for one in rounds] == [(50, 30, 20), (50, 50, 0), (50, 0, 0)]
    # B had fewer in the round before.
    assert [one.excluded for one in rounds] == [2, 1, None]
    assert [one.by_lot for one in rounds] == [False, False, False]
    assert winner == 0


def test_half_is_of_the_votes_that_still_name_somebody() -> None:
    """5 + 4 + 3, of which the three name nobody else: 5 of 9 are more than half, though not of 12."""
    rounds, winner = instant_runoff(profile("ABC", A=5, B=4, C=3), 3, NO_LOTS)
    assert rounds == [Round((5, 4, 3), 0, 2, by_lot=False), Round((5, 4, 0), 3, None, by_lot=False)]
    assert winner == 0


def test_an_option_that_was_excluded_is_passed_over() -> None:
    rounds, winner = instant_runoff(profile("ABCD", A=7, BA=6, CDB=2, DCB=3), 4, NO_LOTS)
    # C goes; its votes to D; D goes; all five to B, past C.
    assert [one.votes for one in rounds] == [(7, 6, 2, 3), (7, 6, 0, 5), (7, 11, 0, 0)]
    assert winner == 1


@pytest.mark.parametrize(("drawn", "excluded"), [((0, 1, 2), 2), ((0, 2, 1), 1)])
def test_a_tie_in_the_first_round_is_decided_by_lot(drawn: tuple[int, ...], excluded: int) -> None:
    rounds, winner = instant_runoff(profile("ABC", A=4, B=3, C=3), 3, drawn)
    assert rounds[0] == Round((4, 3, 3), 0, excluded, by_lot=True)
    assert (rounds[1].exhausted, rounds[1].by_lot, winner) == (3, False, 0)


def test_a_last_tie_by_lot_leaves_one() -> None:
    rounds, winner = instant_runoff(profile("AB", A=1, B=1), 2, (1, 0))
    assert rounds == [Round((1, 1), 0, 0, by_lot=True), Round((0, 1), 1, None, by_lot=False)]
    assert winner == 1


def test_an_instant_runoff_where_nobody_voted_has_no_winner() -> None:
    assert instant_runoff({}, 3, NO_LOTS) == ([Round((0, 0, 0), 0, None, by_lot=False)], None)
    assert instant_runoff({(): 4}, 3, NO_LOTS) == ([Round((0, 0, 0), 4, None, by_lot=False)], None)
    assert instant_runoff({(1,): 1}, 3, NO_LOTS)[1] == 1


# Schulze.


def test_schulze_of_tennessee() -> None:
    above = pairwise(TENNESSEE, 4)
    assert above == [[0, 42, 42, 42], [58, 0, 68, 68], [58, 32, 0, 83], [58, 32, 17, 0]]
    assert condorcet_winner(above) == NASHVILLE
    assert in_letters(CITIES, schulze(above)) == ["N", "C", "K", "M"]


def test_schulzes_own_example() -> None:
    above = pairwise(SCHULZE, 5)
    assert above == [
        [0, 20, 26, 30, 22],
        [25, 0, 16, 33, 18],
        [19, 29, 0, 17, 24],
        [15, 12, 28, 0, 14],
        [23, 27, 21, 31, 0],
    ]
    assert condorcet_winner(above) is None
    assert in_letters(FIVE, schulze(above)) == ["E", "A", "C", "B", "D"]


def test_options_that_tie_stand_together() -> None:
    cycle = pairwise(profile("ABCD", ABCD=1, BCAD=1, CABD=1), 4)
    assert in_letters("ABCD", schulze(cycle)) == ["ABC", "D"]
    assert condorcet_winner(cycle) is None
    # One vote more for the first of them breaks the circle.
    broken = pairwise(profile("ABCD", ABCD=2, BCAD=1, CABD=1), 4)
    assert in_letters("ABCD", schulze(broken)) == ["A", "B", "C", "D"]
    assert in_letters("AB", schulze(pairwise({}, 2))) == ["AB"]


def test_a_defeat_is_as_strong_as_the_votes_that_win_it() -> None:
    """A beats C by 4 to 2, B beats A by 5 to 4, C beats B by 6 to 3: the 4 are the weakest of the circle, though
    5 to 4 is the narrowest."""
    above = pairwise(profile("ABC", ACB=4, B=3, CB=2), 3)
    assert above == [[0, 4, 4], [5, 0, 3], [2, 6, 0]]
    assert in_letters("ABC", schulze(above)) == ["C", "B", "A"]


def test_who_is_left_out_stands_below_who_is_named_and_beside_each_other() -> None:
    above = pairwise(profile("ABCD", CA=2), 4)
    assert above == [[0, 2, 0, 2], [0, 0, 0, 0], [2, 2, 0, 2], [0, 0, 0, 0]]
    assert in_letters("ABCD", schulze(above)) == ["C", "A", "BD"]
    assert condorcet_winner(above) == 2


def test_who_only_ties_is_no_condorcet_winner() -> None:
    assert condorcet_winner(pairwise(profile("AB", A=1, B=1), 2)) is None
    assert condorcet_winner(pairwise(profile("AB", A=2, B=1), 2)) == 0
