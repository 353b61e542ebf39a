"""The single transferable vote."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from secretballot.tally.methods.stv import UNIT, Stage, single_transferable_vote

from .shared import NO_LOTS, profile


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
