"""The outcome rules on the figures of real votes: exact fractions, strict or not, of ballots collected or of the roll.

Sources: Resolution 96/2023/QH15 articles 12 and 19, and 35/2012/QH13 article 11.
"""

from __future__ import annotations

import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.manifest import Option, OutcomeRule
from secretballot.tally.counting import outcomes

from ..support import elections
from ..support.elections import rule

MORE_THAN_HALF = rule("may-resign", "low", ">", "1/2")
TWO_THIRDS = rule("dismissal", "low", ">=", "2/3")
MORE_THAN_TWO_THIRDS = rule("two-level-vote", "low", ">", "2/3")


def least(which: OutcomeRule, base: int) -> int:
    """The least count that falls under a rule."""
    return next(count for count in range(base + 1) if which.holds(count, base, base))


@pytest.mark.parametrize(
    ("which", "base", "expected"),
    [
        (MORE_THAN_HALF, 481, 241),
        (TWO_THIRDS, 481, 321),
        (MORE_THAN_HALF, 47, 24),
        (TWO_THIRDS, 47, 32),
        # Where half and two thirds are whole numbers, ">" and ">=" differ.
        (MORE_THAN_HALF, 480, 241),
        (rule("half", "low", ">=", "1/2"), 480, 240),
        (TWO_THIRDS, 480, 320),
        (MORE_THAN_TWO_THIRDS, 480, 321),
        (TWO_THIRDS, 498, 332),
        (MORE_THAN_TWO_THIRDS, 498, 333),
        # Where they are not, they do not.
        (MORE_THAN_TWO_THIRDS, 481, 321),
        (MORE_THAN_TWO_THIRDS, 47, 32),
    ],
)
def test_the_least_count_that_falls_under_a_rule(which: OutcomeRule, base: int, expected: int) -> None:
    assert least(which, base) == expected
    assert all(which.holds(count, base, base) == (count >= expected) for count in range(base + 1))


CONTEST = elections.rating(people=("le-duy-thanh",), rules=elections.RULES)


@pytest.mark.parametrize(
    ("counts", "collected", "expected"),
    [
        # Vĩnh Phúc 2023, Lê Duy Thành: 25 of 47 are 53.19 %, though one line was not valid.
        ((19, 2, 25), 47, ("may-resign",)),
        ((20, 4, 23), 47, ()),
        ((19, 3, 24), 47, ("may-resign",)),
        ((10, 6, 31), 47, ("may-resign",)),
        ((10, 5, 32), 47, ("dismissal", "may-resign")),
        ((0, 0, 47), 47, ("dismissal", "may-resign")),
        # Of an even number, half is not more than half.
        ((20, 5, 25), 50, ()),
        ((20, 4, 26), 50, ("may-resign",)),
    ],
)
def test_outcomes_of_a_line_with_the_most_severe_first(
    counts: tuple[int, ...], collected: int, expected: tuple[str, ...]
) -> None:
    assert outcomes(CONTEST, counts, collected, 1000) == expected


def test_the_base_is_what_was_collected_or_the_whole_roll() -> None:
    # 2023: 330 low of 490 collected; on a roll of 500 that is below two thirds.
    collected, roll = rule("c", "low", ">=", "2/3"), rule("r", "low", ">=", "2/3", "roll")
    assert collected.holds(330, 490, 500)
    assert not roll.holds(330, 490, 500)
    assert roll.holds(334, 490, 500)
    contest = elections.rating(people=("a",), rules=(collected, roll))
    assert outcomes(contest, (0, 160, 330), 490, 500) == ("c",)


def test_a_rule_is_about_its_own_count() -> None:
    contest = elections.rating(
        people=("a",),
        rules=(
            rule("h", "high", ">", "1/2"),
            rule("c", "confidence", ">", "1/2"),
            rule("l", "low", ">", "1/2"),
        ),
    )
    assert outcomes(contest, (9, 1, 0), 10, 10) == ("h",)
    assert outcomes(contest, (1, 9, 0), 10, 10) == ("c",)
    assert outcomes(contest, (0, 1, 9), 10, 10) == ("l",)


@pytest.mark.parametrize("relation", [">", ">=", "<", "<="])
@pytest.mark.parametrize("threshold", ["0/1", "1/2", "1/1"])
def test_nothing_holds_of_a_base_of_zero(relation: str, threshold: str) -> None:
    assert not rule("r", "low", relation, threshold).holds(0, 0, 5)
    assert not rule("r", "low", relation, threshold, "roll").holds(0, 5, 0)


def test_upper_bounds() -> None:
    below, at_most = rule("b", "low", "<", "1/3"), rule("m", "low", "<=", "1/3")
    assert [below.holds(count, 9, 9) for count in (2, 3, 4)] == [True, False, False]
    assert [at_most.holds(count, 9, 9) for count in (2, 3, 4)] == [True, True, False]


@given(
    count=st.integers(0, 2**40),
    base=st.integers(1, 2**40),
    numerator=st.integers(0, 10**6),
    denominator=st.integers(1, 10**6),
)
def test_fractions_are_exact(count: int, base: int, numerator: int, denominator: int) -> None:
    """By whole numbers: count / base against n / d is count * d against n * base."""
    one = rule("r", "low", ">", "1/2")
    threshold = type(one.threshold)(numerator, denominator)
    left, right = count * denominator, numerator * base
    expected = {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}
    for relation, holds in expected.items():
        made = one.model_copy(update={"relation": relation, "threshold": threshold})
        assert made.holds(count, base, 1) is holds


def test_levels_of_confidence_are_named_in_both_languages() -> None:
    levels: tuple[Option, ...] = elections.confidence_levels()
    assert [level.id for level in levels] == ["high", "confidence", "low"]
    assert [sorted(level.labels) for level in levels] == [["en", "vi"]] * 3


@given(
    st.sampled_from([">", ">=", "<", "<="]),
    st.fractions(0, 2, max_denominator=10**14),
    st.integers(0, 2**53 - 1),
    st.integers(1, 2**53 - 1),
)
def test_a_rule_compares_exact_fractions(relation: str, threshold: Fraction, count: int, base: int) -> None:
    """By whole numbers; also where the share is the threshold itself."""
    which = rule("r", "low", relation, f"{threshold.numerator}/{threshold.denominator}")
    compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}[relation]
    assert which.holds(count, base, 1) == compare(Fraction(count, base), threshold)
    met = threshold.numerator, threshold.denominator
    assert which.holds(*met, 1) == (relation in (">=", "<="))


def test_rules_look_for_no_common_divisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result has up to 100 000 outcomes, and a fraction costs more than all the rest of one."""

    def refuse(*_: object) -> None:
        raise AssertionError("a fraction was made")

    which = rule("r", "low", ">=", "2/3")
    with monkeypatch.context() as patch:
        patch.setattr(Fraction, "__new__", refuse)
        assert which.holds(2, 3, 3)
