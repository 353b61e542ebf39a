"""A ranking and the choices that it is encrypted as."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.embedding import embed
from secretballot.crypto.group import ristretto255
from secretballot.errors import SelectionError
from secretballot.manifest.contests import MAX_RANKED, RankingContest

from .shared import plan_of, ranking


@st.composite
def rankings(draw: st.DrawFn) -> tuple[RankingContest, list[str]]:
    """A contest, and an order that it allows."""
    ids = [f"line{place}" for place in range(draw(st.integers(2, MAX_RANKED)))]
    maximum = draw(st.integers(1, len(ids)))
    minimum = draw(st.integers(1, maximum))
    blank = draw(st.booleans())
    contest = ranking(ids, minimum=minimum, maximum=maximum, allow_blank=blank, seats=1)
    size = 0 if blank and draw(st.booleans()) else draw(st.integers(minimum, maximum))
    return contest, list(draw(st.permutations(ids)))[:size]


@given(rankings())
@settings(max_examples=30)
def test_a_ranking_and_its_choices_are_inverse(case: tuple[RankingContest, list[str]]) -> None:
    contest, order = case
    plan = plan_of(contest)
    choices = plan.choices(order)
    assert choices == [int(option.removeprefix("line")) for option in order]
    assert plan.selection(choices) == order
    assert plan.choices(tuple(order)) == choices
    messages = plan.messages(choices)
    assert len(messages) == plan.num_ciphertexts
    assert plan.read(messages) == order


ORDERS: list[tuple[object, str]] = [
    ("an", "a list of option ids is needed"),
    ({"an"}, "a list of option ids is needed"),
    ({"an": 1}, "a list of option ids is needed"),
    (7, "a list of option ids is needed"),
    (["eve"], "there is no such option: there are an, binh, chi, dung"),
    (["an", None], "there is no such option"),
    (["an", 1], "there is no such option"),
    (["an", ["binh"]], "there is no such option"),
    (["chi", "an", "chi"], "an option is ranked twice"),
    (["an"], "from 2 to 3 options are to be ranked"),
    (["an", "binh", "chi", "dung"], "from 2 to 3 options are to be ranked"),
    ([], "from 2 to 3 options are to be ranked"),
    (None, "from 2 to 3 options are to be ranked"),
]


@pytest.mark.parametrize(("selection", "reason"), ORDERS)
def test_a_ranking_is_refused_with_its_reason(selection: object, reason: str) -> None:
    plan = plan_of(ranking(minimum=2, allow_blank=False))
    assert plan.choices(["chi", "an"]) == [2, 0]
    assert plan.choices(["dung", "chi", "an"]) == [3, 2, 0]
    with pytest.raises(SelectionError) as caught:
        plan.choices(selection)
    assert caught.value.message.startswith(reason)
    assert caught.value.item == "contest board"


def test_a_blank_ranking_where_it_is_allowed() -> None:
    plan = plan_of(ranking(minimum=2))
    assert plan.choices(None) == plan.choices([]) == plan.choices(()) == []
    assert plan.selection([]) == plan.read(plan.messages([])) == []
    with pytest.raises(SelectionError, match=r"from 2 to 3 options are to be ranked, or none$"):
        plan.choices(["an"])


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([0, 4], "an option is ranked that there is none of"),
        ([255], "an option is ranked that there is none of"),
        ([1, 1], "an option is ranked twice"),
        ([0, 1, 2, 3], "from 1 to 3 options are to be ranked, or none"),
        ([256], "a mark has bytes"),
        ([0, -1], "a mark has bytes"),
    ],
)
def test_choices_that_are_no_ranking_are_refused(choices: list[int], reason: str) -> None:
    plan = plan_of(ranking())
    assert plan.selection([0, 3]) == ["an", "dung"]
    with pytest.raises(SelectionError, match=f"^contest board: {reason}$"):
        plan.selection(choices)
    if all(0 <= number < 256 for number in choices):
        with pytest.raises(SelectionError, match=f"^contest board: {reason}$"):
            plan.read(embed(ristretto255, bytes(choices), plan.width))
