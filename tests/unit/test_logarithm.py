"""Baby steps and giant steps of each backend, and of the plain table for any group: the edges of what is found."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from secretballot.crypto.group import Element, Group
from secretballot.crypto.group.logarithm import MAX_STEPS, BabySteps, PlainBabySteps
from tests.support.backends import BACKENDS, name_of, native, needs_native
from tests.support.p256 import p256

Make = Callable[[Group, int], BabySteps]


def own(group: Group, count: int) -> BabySteps:
    return group.baby_steps(count)


#: Each backend's own table, and the plain one where that is another.
BOTH = [pytest.param(group, own, id=name_of(group)) for group in BACKENDS]
if native is not None:
    BOTH.append(pytest.param(native, PlainBabySteps, id="plain-native"))
RISTRETTO = pytest.mark.parametrize(("group", "make"), BOTH)
TABLES = pytest.mark.parametrize(("group", "make"), [*BOTH, pytest.param(p256, own, id=name_of(p256))])


def multiple(group: Group, value: int) -> Element:
    return group.sum_of_products([value], [group.generator])


@TABLES
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_all_below_the_square_of_the_count_and_nothing_else(group: Group, make: Make, count: int) -> None:
    steps = make(group, count)
    assert isinstance(steps, BabySteps)
    element = group.identity
    for value in range(count**2):
        assert steps.find(element) == value
        element = element + group.generator
    for _ in range(2 * count + 2):
        assert steps.find(element) is None
        element = element + group.generator
    for value in (1, 2, count, count**2, group.order // 2):
        assert steps.find(-multiple(group, value)) is None


@TABLES
@pytest.mark.parametrize("count", [255, 256, 257])
def test_about_the_ends_of_chunks(group: Group, make: Make, count: int) -> None:
    # 256 steps at a time.
    steps = make(group, count)
    for giant in {0, 1, 254, 255, 256, count - 1}:
        for baby in {0, 1, 254, 255, 256, count - 1}:
            value = giant * count + baby
            assert steps.find(multiple(group, value)) == (value if value < count**2 else None)
    assert steps.find(multiple(group, count**2 - 1)) == count**2 - 1
    for value in (count**2, count**2 + 1, count * (count + 1), group.order - 1, group.order - count, 2**200):
        assert steps.find(multiple(group, value)) is None


@needs_native
def test_about_the_ends_of_pieces() -> None:
    """The compiled search looks for signals after 2**14 steps, and goes on."""
    assert native is not None
    piece = 2**14
    count = 2 * piece + 3
    steps = native.baby_steps(count)
    for giant in (0, piece - 1, piece, piece + 1, 2 * piece, count - 1):
        for baby in (0, piece - 1, piece, 2 * piece, count - 1):
            assert steps.find(multiple(native, giant * count + baby)) == giant * count + baby
    for value in (count**2, native.order - 1):
        assert steps.find(multiple(native, value)) is None


@TABLES
def test_one_table_serves_many(group: Group, make: Make) -> None:
    steps = make(group, 10)
    for value in (99, 0, 3, 50, 3, 0, 99):
        assert steps.find(multiple(group, value)) == value


@pytest.mark.parametrize("group", BACKENDS, ids=name_of)
def test_an_element_is_found_from_each_of_its_points(group: Group) -> None:
    steps = group.baby_steps(3)
    for seed in range(8):
        hashed = group.hash_to_element(bytes([seed]), b"tests")
        assert steps.find(hashed) is None
        # The difference is the identity, as a point of order 1, 2 or 4.
        zero = hashed - group.decode_elements(hashed.encode())[0]
        for value in range(9):
            assert steps.find(zero + multiple(group, value)) == value
        assert steps.find(zero + multiple(group, 9)) is None


@TABLES
@pytest.mark.parametrize(
    "count",
    [0, -1, MAX_STEPS + 1, 2**32, 2**32 + 1, 2**63, 2**64 + 1, -(2**64), 2**20000],
    ids=int.bit_length,
)
def test_a_count_out_of_range_is_refused(
    group: Group, make: Make, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(group), "lookup_keys", None)
    with pytest.raises(ValueError, match=r"^a table has 1 to 1048576 baby steps$"):
        make(group, count)


@TABLES
@pytest.mark.parametrize("count", [None, "3", b"3", 1.0, [1]], ids=repr)
def test_a_count_is_an_integer(group: Group, make: Make, count: Any) -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        make(group, count)


@needs_native
@pytest.mark.parametrize("count", [0, MAX_STEPS + 1, 2**32 - 1])
def test_the_compiled_table_by_itself_refuses_the_same(count: int) -> None:
    native_module = importlib.import_module("secretballot.crypto.group._native")
    with pytest.raises(ValueError, match=r"^a table has 1 to 1048576 baby steps$"):
        native_module.BabySteps(count)
    for other in (-1, 2**32, 2**64):
        with pytest.raises(OverflowError):
            native_module.BabySteps(other)


@needs_native
def test_the_largest_table() -> None:
    # A second, and 80 MB. The plain one takes a quarter of a minute.
    assert native is not None
    steps = native.baby_steps(MAX_STEPS)
    assert steps.find(multiple(native, MAX_STEPS - 1)) == MAX_STEPS - 1
    assert steps.find(multiple(native, 300 * MAX_STEPS + 5)) == 300 * MAX_STEPS + 5


@RISTRETTO
@pytest.mark.parametrize("count", [1, 300])
def test_what_is_no_element_of_the_group(group: Group, make: Make, count: int) -> None:
    steps = make(group, count)
    for wrong in (None, 5, b"", group.generator.encode(), group.scalar(1)):
        with pytest.raises(TypeError):
            steps.find(wrong)  # type: ignore[arg-type]
    for other in {*BACKENDS, p256} - {group}:
        with pytest.raises(TypeError):
            steps.find(other.generator)
    assert steps.find(group.identity) == 0
