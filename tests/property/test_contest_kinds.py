"""The kinds of contest: choices and selections are inverse, weights hold every count, refusals tell no choice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import ContestPlan, plan_contest
from secretballot.ballot.contest_kinds import plan as plan_module
from secretballot.crypto.discrete_log import MAX_RANGE, split_digits
from secretballot.errors import SelectionError
from secretballot.manifest import ChoiceContest, Contest, RatingContest
from secretballot.testing.strategies import selections

from ..support import elections

#: Ids are words of their own kind, so that a message that holds one is recognised.
LINES = tuple(f"line{i}" for i in range(6))
MARKS = tuple(f"mark{i}" for i in range(8))
#: One digit a ciphertext, two, three, and many.
CAPACITIES = st.sampled_from([1, 7, 500, 2_000, 10_000, 131_071, 131_072, MAX_RANGE - 1])


@st.composite
def contests(draw: st.DrawFn) -> Contest:
    allow_blank = draw(st.booleans())
    kind = draw(st.sampled_from(["rating", "choice", "approval"]))
    count = draw(st.integers(1, 6))
    if kind == "rating":
        levels = elections.options(*MARKS[: draw(st.integers(2, 8))])
        return elections.rating(people=LINES[:count], levels=levels, allow_blank=allow_blank)
    if kind == "choice":
        return elections.choice(of=MARKS[: count + 1], allow_blank=allow_blank)
    maximum = draw(st.integers(1, count))
    minimum = draw(st.integers(0, maximum))
    return elections.approval(of=MARKS[:count], minimum=minimum, maximum=maximum, allow_blank=allow_blank)


@st.composite
def plans(draw: st.DrawFn) -> ContestPlan:
    return plan_contest(draw(contests()), draw(CAPACITIES))


@given(st.data(), plans())
def test_choices_and_selection_are_inverse(data: st.DataObject, plan: ContestPlan) -> None:
    selection = data.draw(selections(plan.contest))
    choices = plan.choices(selection)
    assert plan.selection(choices) == selection
    assert plan.choices(plan.selection(choices)) == choices
    assert len(choices) == len(plan.lines)


@given(st.data(), plans())
def test_selections_that_differ_have_other_choices(data: st.DataObject, plan: ContestPlan) -> None:
    one, two = data.draw(selections(plan.contest)), data.draw(selections(plan.contest))
    assert (plan.choices(one) == plan.choices(two)) == (one == two)


@given(st.data(), plans())
def test_sums_of_weights_split_into_the_counts(data: st.DataObject, plan: ContestPlan) -> None:
    """Any counts that come to at most the capacity: the sums stay below the bound on logarithms, and their digits are
    the counts, the first of which follows from the number of ballots."""
    capacity = plan.base - 1
    for line in plan.lines[:2]:
        left, counts = capacity, []
        for _ in line.names:
            counts.append(data.draw(st.integers(0, left)))
            left -= counts[-1]
        digits: list[int] = []
        for place, own in enumerate(plan.digits):
            total = sum(count * weights[place] for count, weights in zip(counts, line.weights, strict=True))
            assert total < plan.base**own <= MAX_RANGE
            digits += split_digits(total, plan.base, own)
        assert [sum(counts) - sum(digits), *digits] == counts


@given(plans())
def test_a_line_has_as_few_ciphertexts_as_can_be(plan: ContestPlan) -> None:
    choices = len(plan.lines[0].names)
    assert sum(plan.digits) == choices - 1
    assert len(plan.digits) == plan.width
    assert all(plan.base ** (own + 1) > MAX_RANGE for own in plan.digits[:-1])
    assert plan.num_ciphertexts == len(plan.lines) * plan.width
    for line in plan.lines:
        assert len(line.names) == len(line.weights) == len(line.shapes) == choices
        assert len(set(line.weights)) == choices


def test_the_ciphertexts_that_a_line_needs() -> None:
    three = elections.rating(people=("a",))
    assert plan_contest(three, 475).digits == (3,)
    assert plan_contest(three, 10_000).digits == (2, 1)
    assert plan_contest(three, 200_000).digits == (1, 1, 1)
    weights = plan_contest(three, 10_000).lines[0].weights
    assert weights == ((0, 0), (1, 0), (10_001, 0), (0, 1))
    assert plan_contest(elections.approval(), 200_000).digits == (1,)


def wrong(contest: Contest) -> st.SearchStrategy[Any]:
    """Selections that hold something which cannot be chosen."""
    ids = [option.id for option in contest.options]
    odd: st.SearchStrategy[Any] = st.sampled_from(["tell-tale", "", 7, 0, True, 1.5, b"tell", (), ("mark0",)])
    match contest:
        case RatingContest():
            choose = st.fixed_dictionaries(dict.fromkeys(ids, odd))
            return choose | st.sampled_from(["tell-tale", None, 7, ["mark0"], {("mark0",)}])
        case ChoiceContest():
            return odd | st.sampled_from([["mark0"], {"mark0": None}])
        case _:
            unknown = st.lists(st.just("tell-tale"), min_size=1, max_size=2)
            strange = st.sampled_from([[7], [None], [["mark0"]], [{}], [b"mark0"], "mark0", b"mark0", 7])
            twice = st.just([ids[0], ids[0]])
            many = st.just([f"mark{i}" for i in range(contest.maximum + 1)])
            return unknown | strange | twice | many


@given(st.data(), plans())
def test_a_refusal_names_contest_and_line_and_never_the_choice(
    data: st.DataObject, plan: ContestPlan
) -> None:
    selection = data.draw(wrong(plan.contest))
    with pytest.raises(SelectionError) as caught:
        plan.choices(selection)
    text = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.culprit}"
    assert f"contest {plan.id}" in text
    # What the manifest has is listed, whatever was chosen.
    ids = [line.id for line in plan.lines]
    for listed in (plan_module.listed(plan.lines[0].names), plan_module.listed(ids)):
        text = text.replace(listed, "")
    assert "mark" not in text
    assert "tell" not in text
    assert "7" not in text


@given(st.data(), plans())
def test_choices_out_of_range_are_refused(data: st.DataObject, plan: ContestPlan) -> None:
    good = plan.choices(data.draw(selections(plan.contest)))
    place = data.draw(st.integers(0, len(good) - 1))
    for bad in (-1, len(plan.lines[0].names), 2**70):
        with pytest.raises(SelectionError, match=f"contest {plan.id}, line {plan.lines[place].id}"):
            plan.selection([*good[:place], bad, *good[place + 1 :]])
    for length in (good[:-1], [*good, 0]):
        with pytest.raises(SelectionError, match=f"{len(good)} choices are needed"):
            plan.selection(length)


# Rating.


def test_a_line_left_out_is_no_blank() -> None:
    """A form's field that was lost on the way is no vote."""
    plan = plan_contest(elections.rating(), 10)
    assert plan.choices({"an": "low", "binh": None}) == [3, 0]
    strict = plan_contest(elections.rating(allow_blank=False), 10)
    assert strict.choices({"an": "low", "binh": "high"}) == [2, 0]
    for either in (plan, strict):
        with pytest.raises(SelectionError, match="contest officials, line binh: a selection is missing"):
            either.choices({"an": "low"})
        with pytest.raises(SelectionError, match="contest officials, line an: a selection is missing"):
            either.choices({})
    with pytest.raises(SelectionError, match="contest officials, line binh: a blank is not allowed"):
        strict.choices({"an": "low", "binh": None})


def test_a_line_that_is_not_there_is_named() -> None:
    plan = plan_contest(elections.rating(), 10)
    with pytest.raises(SelectionError, match="contest officials: there is no such line"):
        plan.choices({"an": "low", "chi": "low"})


# Choice and approval.


def test_a_blank_choice() -> None:
    assert plan_contest(elections.choice(), 10).choices(None) == [0]
    with pytest.raises(SelectionError, match="contest chair, line chair: a blank is not allowed"):
        plan_contest(elections.choice(allow_blank=False), 10).choices(None)


@pytest.mark.parametrize(
    ("minimum", "maximum", "allow_blank", "allowed"),
    [
        (1, 2, True, [0, 1, 2]),
        (1, 2, False, [1, 2]),
        (0, 2, False, [0, 1, 2]),
        (2, 2, True, [0, 2]),
        (2, 3, False, [2, 3]),
        (0, 3, True, [0, 1, 2, 3]),
    ],
)
def test_how_many_may_be_approved(minimum: int, maximum: int, allow_blank: bool, allowed: list[int]) -> None:
    contest = elections.approval(minimum=minimum, maximum=maximum, allow_blank=allow_blank)
    plan = plan_contest(contest, 10)
    for count in range(4):
        choices = [int(i < count) for i in range(3)]
        chosen = ["giang", "hoa", "khoa"][:count]
        if count in allowed:
            assert plan.choices(chosen) == plan.choices(frozenset(chosen)) == choices
            assert plan.selection(choices) == chosen
            assert plan.sum_branch(choices) == allowed.index(count)
        else:
            with pytest.raises(SelectionError, match="options are to be approved"):
                plan.choices(chosen)
            with pytest.raises(SelectionError, match="options are to be approved"):
                plan.selection(choices)
    assert len(plan.sum_shapes()) == len(allowed)
    assert len(plan.form.clauses) == 4


@pytest.mark.parametrize(
    "selection", ["giang", b"giang", 7, {"giang": True}, [b"giang"], [["giang"]], [None]]
)
def test_an_approval_is_a_set_of_ids(selection: Any) -> None:
    plan = plan_contest(elections.approval(), 10)
    assert plan.choices(("giang",)) == [1, 0, 0]
    with pytest.raises(
        SelectionError, match=r"contest committee: (a set of option ids is needed|there is no such)"
    ):
        plan.choices(selection)


def test_none_is_an_approval_of_nothing_where_that_is_allowed() -> None:
    blank = plan_contest(elections.approval(allow_blank=True), 10)
    assert blank.choices(None) == blank.choices(()) == [0, 0, 0]
    strict = plan_contest(elections.approval(allow_blank=False), 10)
    with pytest.raises(SelectionError, match="options are to be approved"):
        strict.choices(None)


def test_a_refusal_lists_what_there_is_up_to_a_limit() -> None:
    ids = [f"o{i}" for i in range(12)]
    assert plan_module.listed(["a", None, "b"]) == "there are a, b"
    assert plan_module.listed(ids[:10]) == "there are " + ", ".join(ids[:10])
    assert plan_module.listed(ids) == "there are " + ", ".join(ids[:10]) + " and 2 more"


def test_an_option_is_approved_once() -> None:
    plan = plan_contest(elections.approval(), 10)
    with pytest.raises(SelectionError, match="contest committee: an option is approved twice"):
        plan.choices(["giang", "giang"])


def test_other_kinds_do_not_limit_the_sum() -> None:
    plan = plan_contest(elections.rating(), 10)
    assert plan.sum_shapes() == ()
    assert len(plan.form.clauses) == 2
    with pytest.raises(SelectionError, match="does not limit"):
        plan.sum_branch([0, 0])
