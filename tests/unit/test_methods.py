"""How rankings are counted: published examples, cases by hand, and laws that hold for every profile."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.tally.methods import Profile, Ranking, TieBreak, lots
from secretballot.tally.methods.borda import borda
from secretballot.tally.methods.irv import Round, instant_runoff
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze
from secretballot.tally.methods.stv import UNIT, Stage, single_transferable_vote


def profile(names: str, **votes: int) -> dict[Ranking, int]:
    """A profile in letters: ``profile("AB", AB=3, B=1)``."""
    return {tuple(names.index(one) for one in ranking): number for ranking, number in votes.items()}


def in_letters(names: str, groups: Sequence[Sequence[int]]) -> list[str]:
    return ["".join(names[place] for place in group) for group in groups]


#: The capital of Tennessee, the usual example: Memphis, Nashville, Chattanooga, Knoxville.
CITIES = "MNCK"
TENNESSEE = profile(CITIES, MNCK=42, NCKM=26, CKNM=15, KCNM=17)
MEMPHIS, NASHVILLE, CHATTANOOGA, KNOXVILLE = range(4)

#: M. Schulze's example with 45 voters ("The Schulze method of voting", section 3.1).
FIVE = "ABCDE"
SCHULZE = profile(FIVE, ACBED=5, ADECB=5, BEDAC=8, CABED=3, CAEBD=7, CBADE=2, DCEBA=7, EBADC=8)

NO_LOTS = (0, 1, 2, 3, 4, 5, 6)


# Lots.


def draw(**changed: Any) -> tuple[int, ...]:
    arguments: dict[str, Any] = {
        "election_id": bytes(32),
        "root": bytes(range(32)),
        "contest": "chair",
        "options": tuple(f"option-{place}" for place in range(12)),
    }
    return lots(**{**arguments, **changed})


@given(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(alphabet="abc-1", min_size=1, max_size=6), min_size=1, max_size=9, unique=True),
    st.randoms(use_true_random=False),
)
def test_lots_are_a_permutation_that_goes_with_the_options(
    election: bytes, root: bytes, options: list[str], random: Any
) -> None:
    drawn = lots(election, root, "chair", options)
    assert sorted(drawn) == list(range(len(options)))
    of = dict(zip(options, drawn, strict=True))
    random.shuffle(options)
    assert lots(election, root, "chair", options) == tuple(of[option] for option in options)


def test_lots_change_with_each_of_their_inputs() -> None:
    seen = [
        draw(),
        draw(election_id=bytes(31) + b"\x01"),
        draw(root=bytes(32)),
        draw(contest="chairs"),
        draw(options=tuple(f"choice-{place}" for place in range(12))),
    ]
    assert len(set(seen)) == len(seen)
    assert draw() == draw()


# Ties.


def test_the_latest_round_that_tells_them_apart_decides() -> None:
    ties = TieBreak([3, 2, 1, 0])
    ties.rounds += [[9, 1, 5, 5], [1, 9, 5, 5], [4, 4, 4, 5]]
    assert ties.highest([0, 1, 2]) == (1, False)
    assert ties.lowest([0, 1, 2]) == (0, False)
    # Options that are not tied decide nothing.
    assert ties.highest([0, 2]) == (2, False)
    assert ties.lowest([1, 2]) == (2, False)


def test_an_earlier_round_decides_among_those_that_a_later_one_leaves() -> None:
    ties = TieBreak([0, 1, 2])
    ties.rounds += [[1, 2, 9], [5, 5, 4]]
    assert ties.highest([0, 1, 2]) == (1, False)
    ties = TieBreak([0, 1, 2])
    ties.rounds += [[2, 1, 0], [4, 4, 5]]
    assert ties.lowest([0, 1, 2]) == (1, False)


def test_the_lot_decides_where_no_round_does() -> None:
    """The lowest lot is elected first and excluded last."""
    ties = TieBreak([2, 0, 1])
    assert ties.highest([0, 1, 2]) == (1, True)
    assert ties.lowest([0, 1, 2]) == (0, True)
    ties.rounds += [[1, 1, 0]]
    assert ties.highest([0, 1, 2]) == (1, True)
    assert ties.lowest([0, 1, 2]) == (2, False)
    assert ties.lowest([0, 1]) == (0, True)


def test_one_alone_needs_no_lot() -> None:
    assert TieBreak([1, 0]).highest([0]) == (0, False)
    assert TieBreak([1, 0]).lowest([1]) == (1, False)


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


# The single transferable vote.


def stage(
    votes: Sequence[int],
    lost: int = 0,
    elected: Sequence[int] = (),
    passed_on: int | None = None,
    *,
    excluded: bool = False,
    by_lot: bool = False,
) -> Stage:
    return Stage(tuple(votes), lost, tuple(elected), passed_on, excluded, by_lot)


def whole(*votes: int) -> list[int]:
    return [UNIT * number for number in votes]


def test_a_surplus_is_passed_on_in_five_decimals_and_the_rest_is_cut() -> None:
    """11 votes, 2 seats: quota 11 // 3 + 1 = 4.

    A has 7, a surplus of 3: each of its votes is worth 3/7 = 0.428571…, cut to 0.42857. B gets four of these, 1.71428,
    and C three, 1.28571; 7 * 0.42857 = 2.99999, so that 0.00001 is lost. B has 3.71428 and C 3.28571: nobody reaches 4,
    C has the fewest and is excluded, and B takes the last seat: nobody else is there."""
    stages, quota, elected = single_transferable_vote(profile("ABC", AB=4, AC=3, B=2, C=2), 3, 2, NO_LOTS)
    assert quota == 4 * UNIT
    assert stages == [
        stage(whole(7, 2, 2), 0, [0], 0),
        stage([400_000, 371_428, 328_571], 1, [], 2, excluded=True),
        # The three of 0.42857 name nobody else, nor do the two of C.
        stage([400_000, 371_428, 0], 1 + 328_571, [1]),
    ]
    assert elected == (0, 1)


def test_a_part_of_a_vote_is_passed_on_in_part() -> None:
    """19 votes, 3 seats: quota 19 // 4 + 1 = 5.

    A has 9, surplus 4: each worth 4/9 = 0.44444, nine of them 3.99996 (lost 0.00004). B gets them all: 3 + 3.99996 =
    6.99996, surplus 1.99996. B's own three are worth 1.99996 / 6.99996 = 0.285710…, cut to 0.28571; the nine of 0.44444
    are worth 0.44444 * 0.285710… = 0.126981…, cut to 0.12698. All twelve go to C: 4 + 3 * 0.28571 + 9 * 0.12698 =
    5.99995, and the quota is reached."""
    stages, quota, elected = single_transferable_vote(profile("ABCD", ABC=9, BC=3, C=4, D=3), 4, 3, NO_LOTS)
    assert quota == 5 * UNIT
    assert stages == [
        stage(whole(9, 3, 4, 3), 0, [0], 0),
        stage([500_000, 699_996, 400_000, 300_000], 4, [1], 1),
        stage([500_000, 500_000, 599_995, 300_000], 5, [2]),
    ]
    assert elected == (0, 1, 2)


def test_the_largest_surplus_comes_first_and_passes_over_who_is_elected() -> None:
    """20 votes, 3 seats: quota 6. A has 8 and B 7, both elected; A's surplus of 2 first, each worth 2/8 = 0.25.

    They name B next, who is elected, and go to C: 3 + 2 = 5. Then B's surplus of 1, each worth 1/7 = 0.14285: to D, 2 +
    7 * 0.14285 = 2.99995. D is excluded with all it has, which names C next: 5 + 2 + 0.99995."""
    ballots = profile("ABCD", ABC=8, BDC=7, C=3, DC=2)
    stages, quota, elected = single_transferable_vote(ballots, 4, 3, NO_LOTS)
    assert quota == 6 * UNIT
    assert stages == [
        stage(whole(8, 7, 3, 2), 0, [0, 1], 0),
        stage(whole(6, 7, 5, 2), 0, [], 1),
        # Two are standing for one seat.
        stage([600_000, 600_000, 500_000, 299_995], 5, [], 3, excluded=True),
        # Who is left is elected, with the quota or without.
        stage([600_000, 600_000, 799_995, 0], 5, [2]),
    ]
    assert elected == (0, 1, 2)


def test_the_last_seats_are_filled_without_the_quota() -> None:
    """10 votes, 2 seats: quota 4. Nobody reaches it; D goes, then C, and A and B are as many as the seats."""
    stages, quota, elected = single_transferable_vote(profile("ABCD", A=3, B=3, C=3, D=1), 4, 2, (0, 1, 2, 3))
    assert quota == 4 * UNIT
    assert stages == [
        stage(whole(3, 3, 3, 1), 0, [], 3, excluded=True),
        # Three of three votes, in both stages: the lot, and the highest goes.
        stage(whole(3, 3, 3, 0), UNIT, [], 2, excluded=True, by_lot=True),
        stage(whole(3, 3, 0, 0), 4 * UNIT, [0, 1]),
    ]
    assert elected == (0, 1)
    # Other lots, another excluded.
    _, _, elected = single_transferable_vote(profile("ABCD", A=3, B=3, C=3, D=1), 4, 2, (2, 1, 0, 3))
    assert elected == (1, 2)


def test_who_has_more_votes_comes_first_of_the_last_seats() -> None:
    """9 votes, 2 seats: quota 4, which nobody reaches."""
    stages, _, elected = single_transferable_vote(profile("ABCD", A=2, B=3, C=2, D=2), 4, 2, (0, 1, 2, 3))
    assert [(one.passed_on, one.by_lot) for one in stages] == [(3, True), (2, True), (None, False)]
    assert stages[-1].elected == elected == (1, 0)


def test_a_tie_for_exclusion_is_decided_by_the_stage_before() -> None:
    """12 votes, 1 seat: quota 7. D is excluded with 1, which goes to C: 3 to 3; but C had fewer before."""
    stages, _, elected = single_transferable_vote(profile("ABCD", A=6, BA=3, C=2, DC=1), 4, 1, (3, 2, 1, 0))
    assert [(one.votes, one.passed_on, one.by_lot) for one in stages] == [
        (tuple(whole(6, 3, 2, 1)), 3, False),
        (tuple(whole(6, 3, 3, 0)), 2, False),
        (tuple(whole(6, 3, 0, 0)), 1, False),
        (tuple(whole(9, 0, 0, 0)), None, False),
    ]
    assert elected == (0,)


@pytest.mark.parametrize(("drawn", "first"), [((0, 1, 2, 3), 0), ((1, 0, 2, 3), 1)])
def test_a_tie_of_surpluses_is_decided_by_lot(drawn: tuple[int, ...], first: int) -> None:
    """16 votes, 3 seats: quota 5. A and B have 6 each."""
    ballots = profile("ABCD", AC=6, BD=6, C=2, D=2)
    stages, _, elected = single_transferable_vote(ballots, 4, 3, drawn)
    assert stages[0] == stage(whole(6, 6, 2, 2), 0, [0, 1], first, by_lot=True)
    # Each of the six is worth 1/6 = 0.16666: 2.99996 for who comes next.
    second = [299_996, 200_000] if first == 0 else [200_000, 299_996]
    votes = [500_000, 600_000] if first == 0 else [600_000, 500_000]
    assert stages[1] == stage([*votes, *second], 4, [], 1 - first)
    # Then C and D have as much, but did not in the stage before: who was passed on to first stays.
    assert stages[2] == stage([500_000, 500_000, 299_996, 299_996], 8, [], 3 - first, excluded=True)
    assert elected == (0, 1, 2 + first)


def test_papers_that_name_nobody_else_are_lost() -> None:
    """9 votes, 2 seats: quota 4. A has 6, and nobody else is named by them: its surplus of 2 is lost, and then C's
    vote."""
    stages, quota, elected = single_transferable_vote(profile("ABC", A=6, B=2, C=1), 3, 2, NO_LOTS)
    assert quota == 4 * UNIT
    assert stages == [
        stage(whole(6, 2, 1), 0, [0], 0),
        stage(whole(4, 2, 1), 2 * UNIT, [], 2, excluded=True),
        stage(whole(4, 2, 0), 3 * UNIT, [1]),
    ]
    assert elected == (0, 1)


def test_all_seats_are_filled_at_once_where_as_many_reach_the_quota() -> None:
    stages, quota, elected = single_transferable_vote(profile("ABC", B=5, A=4), 3, 2, NO_LOTS)
    assert quota == 4 * UNIT
    assert stages == [stage(whole(4, 5, 0), 0, [1, 0])]
    assert elected == (1, 0)


@pytest.mark.parametrize(
    ("votes", "seats", "quota"), [(9, 2, 4), (8, 2, 3), (11, 2, 4), (5, 1, 3), (6, 1, 4)]
)
def test_the_quota_is_droops(votes: int, seats: int, quota: int) -> None:
    assert single_transferable_vote({(0,): votes}, 3, seats, NO_LOTS)[1] == quota * UNIT


def test_nobody_is_elected_where_nobody_voted() -> None:
    assert single_transferable_vote({}, 3, 2, NO_LOTS) == ([], UNIT, ())
    _, _, elected = single_transferable_vote({(2,): 1}, 3, 2, NO_LOTS)
    assert elected[0] == 2
    assert len(elected) == 2


# Laws.


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
