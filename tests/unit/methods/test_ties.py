"""Lots, and ties that earlier rounds decide."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from secretballot.tally.methods import TieBreak, lots

from .shared import draw


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
