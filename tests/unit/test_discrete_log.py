"""Small logarithms: the bounds to the last value, and the digits packed in them."""

from __future__ import annotations

import itertools

import pytest

from secretballot.crypto import discrete_log
from secretballot.crypto.discrete_log import MAX_RANGE, DiscreteLog, split_digits
from secretballot.crypto.group import Element, ristretto255
from secretballot.errors import DiscreteLogError

GROUP = ristretto255
G = GROUP.generator


def multiple(value: int) -> Element:
    return GROUP.multiply_generator(GROUP.scalar(value))


@pytest.mark.parametrize("bound", [1, 2, 3, 4, 5, 8, 9, 10, 15, 16, 17, 24, 25, 26, 99, 100, 101])
def test_every_logarithm_below_a_small_bound(bound: int) -> None:
    table = DiscreteLog(GROUP, bound)
    assert table.bound == bound
    element = GROUP.identity
    for value in range(bound):
        assert table.solve(element) == value
        element = element + G
    # From the bound on there is none, though the giant steps reach a little beyond it.
    for _ in range(2 * int(bound**0.5) + 3):
        with pytest.raises(DiscreteLogError, match=f"no logarithm below {bound}$"):
            table.solve(element)
        element = element + G


@pytest.mark.parametrize("bound", [255**2, 256**2, 256**2 + 1, 257**2 - 1, 300_000])
def test_the_edges_of_a_larger_bound(bound: int) -> None:
    # 256 steps at a time: bounds about the end of a chunk.
    table = DiscreteLog(GROUP, bound)
    for value in (0, 1, 254, 255, 256, 257, 511, 512, 513, bound // 2, bound - 257, bound - 2, bound - 1):
        assert table.solve(multiple(value)) == value
    for value in (bound, bound + 1, bound + 300, -1, -2, -bound, GROUP.order // 2, 2**128):
        with pytest.raises(DiscreteLogError):
            table.solve(multiple(value))
    with pytest.raises(DiscreteLogError):
        table.solve(GROUP.hash_to_element(b"of no known logarithm", b"tests"))


def test_one_table_serves_many() -> None:
    table = DiscreteLog(GROUP, 1000)
    for value in (999, 0, 3, 500, 3, 0, 999):
        assert table.solve(multiple(value)) == value


@pytest.mark.parametrize("bound", [0, -1, MAX_RANGE + 1, 2**64, -MAX_RANGE])
def test_a_bound_out_of_range_is_refused_before_any_work(bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(GROUP), "baby_steps", None)
    with pytest.raises(DiscreteLogError, match=f"not {bound}$"):
        DiscreteLog(GROUP, bound)


def test_the_greatest_range_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its table takes seconds to make: the constant is lowered instead.
    assert MAX_RANGE == 2**34
    monkeypatch.setattr(discrete_log, "MAX_RANGE", 50)
    assert DiscreteLog(GROUP, 50).solve(multiple(49)) == 49
    with pytest.raises(DiscreteLogError, match="1 to 50 values, not 51"):
        DiscreteLog(GROUP, 51)


# Packed digits.


def test_digits_come_back_as_they_were_packed() -> None:
    for base in (2, 3, 11, 1000):
        for digits in itertools.product((0, 1, base // 2, base - 1), repeat=3):
            value = sum(digit * base**place for place, digit in enumerate(digits))
            assert split_digits(value, base, 3) == digits


def test_the_least_digit_is_the_first() -> None:
    assert split_digits(321, 10, 3) == (1, 2, 3)
    assert split_digits(321, 10, 5) == (1, 2, 3, 0, 0)
    assert split_digits(0, 10, 2) == (0, 0)
    assert split_digits(0, 10, 0) == ()


@pytest.mark.parametrize(("value", "count"), [(1000, 3), (1, 0), (999, 2), (-1, 3), (-1000, 3)])
def test_a_remainder_is_refused(value: int, count: int) -> None:
    assert split_digits(999, 10, 3) == (9, 9, 9)
    with pytest.raises(DiscreteLogError, match=f"more than {count} digits to base 10"):
        split_digits(value, 10, count)


def test_counts_packed_in_one_ciphertexts_logarithm() -> None:
    base, counts = 21, (20, 0, 7)
    value = sum(count * base**place for place, count in enumerate(counts))
    table = DiscreteLog(GROUP, base**3)
    assert split_digits(table.solve(multiple(value)), base, 3) == counts
