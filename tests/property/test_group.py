"""The laws of a group and of its interface, for ristretto255 and, so that they say nothing peculiar to it, P-256."""

from __future__ import annotations

import functools

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.group import Element, Group, Scalar, multiscalar, ristretto
from secretballot.crypto.group.logarithm import BabySteps
from secretballot.crypto.group.reference import ReferenceElement, ristretto255
from tests.support.backends import BACKENDS, name_of
from tests.support.p256 import p256

GROUPS = pytest.mark.parametrize("group", [*BACKENDS, p256], ids=name_of)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2, -1, -2]), st.integers(0, 2**64), st.integers(0, 2**128), st.integers(0, 2**256)
)

# The points of order 1, 2 and 4: adding one changes the point and not the element (RFC 9496, section 4.3.3).
I = ristretto.SQRT_M1  # noqa: E741
TORSION = [
    ristretto.IDENTITY,
    (0, ristretto.P - 1, 1, 0),
    (I, 0, 1, 0),
    (ristretto.P - I, 0, 1, 0),
]


@functools.cache
def pool(group: Group) -> list[tuple[int, Element]]:
    """300 elements with their logarithms; some repeated, negated, or the identity."""
    out: list[tuple[int, Element]] = []
    logarithm = 1
    for i in range(300):
        logarithm = (
            logarithm * 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95 % group.order
        )
        if i % 7 == 3:
            out.append(out[i // 2])
        elif i % 11 == 5:
            out.append((-out[i // 2][0] % group.order, -out[i // 2][1]))
        elif i % 50 == 49:
            out.append((0, group.identity))
        else:
            out.append((logarithm, group.multiply_generator(group.scalar(logarithm))))
    # Decoded elements are held otherwise than computed ones: have both.
    return [
        (log, element if i % 2 or element.is_identity() else group.decode_elements(element.encode())[0])
        for i, (log, element) in enumerate(out)
    ]


def scalars(group: Group, *numbers: int) -> list[Scalar]:
    return [group.scalar(number) for number in numbers]


@GROUPS
@settings(max_examples=15)
@given(numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_elements_form_a_group(group: Group, numbers: tuple[int, int, int]) -> None:
    a, b, c = (group.multiply_generator(scalar) for scalar in scalars(group, *numbers))
    zero = group.identity
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + zero == a == zero + a
    assert (a - a).is_identity()
    assert a + a == a * group.scalar(2)
    assert -a + a == zero
    assert zero - (-a) == a
    assert a - b == a + -b == -(b - a)
    assert group.sum([a, b, c]) == a + b + c
    assert a.is_identity() == (numbers[0] % group.order == 0)


@GROUPS
@settings(max_examples=25)
@given(numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_scalars_form_a_field(group: Group, numbers: tuple[int, int, int]) -> None:
    a, b, c = scalars(group, *numbers)
    x, y, _ = numbers
    assert a + b == group.scalar(x + y)
    assert a - b == group.scalar(x - y)
    assert a * b == group.scalar(x * y)
    assert -a == group.scalar(-x)
    assert a * (b + c) == a * b + a * c
    assert a.is_zero() == (x % group.order == 0)
    if not a.is_zero():
        assert a * a.invert() == group.scalar(1)
    assert group.decode_scalar(a.encode()) == a
    assert group.decode_integers(a.encode()) == [x % group.order]
    assert group.encode_integers([x % group.order]) == a.encode()


@GROUPS
@settings(max_examples=15)
@given(numbers=st.tuples(NUMBERS, NUMBERS))
def test_multiplication_is_linear(group: Group, numbers: tuple[int, int]) -> None:
    a, b = scalars(group, *numbers)
    element = pool(group)[17][1]
    base = group.fixed_base(element)
    assert base.element == element
    assert element * a + element * b == element * (a + b)
    assert (element * a) * b == element * (a * b)
    assert base.multiply(a) == element * a
    assert group.multiply_generator(a) == group.generator * a == group.fixed_base(group.generator).multiply(a)
    assert (group.identity * a).is_identity()
    assert group.fixed_base(group.identity).multiply(a).is_identity()


@GROUPS
@settings(max_examples=15)
@given(numbers=st.lists(NUMBERS, max_size=6))
def test_encodings_are_canonical(group: Group, numbers: list[int]) -> None:
    elements = [group.multiply_generator(scalar) for scalar in scalars(group, *numbers)]
    elements = [element for element in elements if not element.is_identity()]
    data = group.encode_elements(elements)
    assert len(data) == group.element_size * len(elements)
    assert data == b"".join(element.encode() for element in elements)
    decoded = group.decode_elements(data)
    assert decoded == elements
    assert group.encode_elements(decoded) == data
    integers = [number % group.order for number in numbers]
    assert group.decode_integers(group.encode_integers(integers)) == integers


def coefficients(group: Group, size: int) -> list[int]:
    """All kinds, in turn: the edges, short ones, short negative ones, long ones."""
    seed = 0xC0FFEE123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789 + size
    out = []
    for i in range(size):
        seed = seed * seed % (2**255 - 31)
        kinds = (0, 1, group.order - 1, seed % 2**128, -(seed % 2**128) % group.order, seed % group.order)
        out.append(kinds[(i + seed // 2**200) % len(kinds)])
    return out


@GROUPS
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 8, 13, 31, 63, 64, 65, 100, 150, 200, 300])
def test_sum_of_products(group: Group, size: int) -> None:
    factors = coefficients(group, size)
    terms = pool(group)[:size]
    total = group.sum_of_products(factors, [element for _, element in terms])
    expected = sum(factor * log for factor, (log, _) in zip(factors, terms, strict=True))
    assert total == group.generator * group.scalar(expected)
    # The result is a whole element, not only one that compares equal.
    assert total + group.generator == group.generator * group.scalar(expected + 1)


@GROUPS
@pytest.mark.parametrize("size", [4, 40, 80])
def test_sum_of_products_is_the_naive_sum(group: Group, size: int) -> None:
    factors = coefficients(group, size)
    elements = [element for _, element in pool(group)[:size]]
    naive = group.identity
    for factor, element in zip(factors, elements, strict=True):
        naive = naive + element * group.scalar(factor)
    assert group.sum_of_products(factors, elements) == naive
    wrong = [*factors[:-1], (factors[-1] + 1) % group.order]
    assert group.sum_of_products(wrong, elements) != naive


@GROUPS
@pytest.mark.parametrize("factor", [0, 1, 2, 2**127, 2**128 - 1, 2**252, -1, -2, -(2**128)])
@pytest.mark.parametrize("size", [1, 20, 70])
def test_sum_of_equal_products(group: Group, factor: int, size: int) -> None:
    log, element = pool(group)[1]
    total = group.sum_of_products([factor % group.order] * size, [element] * size)
    assert total == group.generator * group.scalar(factor * size * log)


@GROUPS
def test_sum_of_products_that_cancels(group: Group) -> None:
    _, element = pool(group)[1]
    for size in (2, 100):
        factors = [3, group.order - 3] * (size // 2)
        assert group.sum_of_products(factors, [element] * size).is_identity()
        assert group.sum_of_products([5] * size, [element, -element] * (size // 2)).is_identity()
        assert not group.sum_of_products([*factors, 1], [element] * (size + 1)).is_identity()


@pytest.mark.parametrize("size", [0, 1, 2, 7, 30, 64, 130, 300])
@pytest.mark.parametrize("threshold", [1, 5, 10**6])
def test_both_methods_agree(size: int, threshold: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiscalar, "_BUCKETS_FROM", threshold)
    terms = pool(ristretto255)[:size]
    for factors in (coefficients(ristretto255, size), [1] * size, [2**128 - 1] * size):
        expected = sum(factor * log for factor, (log, _) in zip(factors, terms, strict=True))
        total = ristretto255.sum_of_products(factors, [element for _, element in terms])
        assert total == ristretto255.generator * ristretto255.scalar(expected)


@settings(max_examples=25)
@given(NUMBERS, st.integers(1, 9))
def test_tables_of_every_width(number: int, width: int) -> None:
    table = _table(width)
    value = number % ristretto.ORDER
    expected = ristretto255.generator * ristretto255.scalar(3 * value)
    assert ReferenceElement(table.multiply(value)) == expected


@functools.cache
def _table(width: int) -> multiscalar.MultipleTable:
    generator = ristretto.GENERATOR
    return multiscalar.MultipleTable(ristretto.add(ristretto.double(generator), generator), width)


@GROUPS
def test_lookup_keys_and_hashes_are_equal_exactly_where_elements_are(group: Group) -> None:
    elements = [element for _, element in pool(group)[:60]]
    elements += [
        group.generator,
        group.identity,
        elements[0] - elements[0],
        elements[3] + elements[4] - elements[4],
    ]
    keys = group.lookup_keys(elements)
    assert len(keys) == len(elements)
    for a, key in zip(elements, keys, strict=True):
        for b, other in zip(elements, keys, strict=True):
            assert (a == b) == (key == other)
            assert (a == b) == (a.is_identity() == b.is_identity() and _bytes(a) == _bytes(b))
            assert a != b or hash(a) == hash(b)
    assert group.lookup_keys([]) == []
    assert len(set(elements)) == len(set(keys))


@functools.cache
def table(group: Group, count: int) -> BabySteps:
    return group.baby_steps(count)


@GROUPS
@settings(max_examples=25)
@given(count=st.sampled_from([1, 2, 5, 20]), number=st.one_of(st.integers(-3, 410), NUMBERS))
def test_logarithms_below_the_square_of_the_steps_are_found(group: Group, count: int, number: int) -> None:
    steps = table(group, count)
    value = number % group.order
    element = group.multiply_generator(group.scalar(value))
    found = steps.find(element)
    assert found == (value if value < count**2 else None)
    if found is not None:
        assert steps.find(element + group.generator) == (found + 1 if found + 1 < count**2 else None)
        assert steps.find(-element) == (0 if found == 0 else None)


def _bytes(element: Element) -> bytes:
    return b"" if element.is_identity() else element.encode()


def representatives(point: ristretto.Point) -> list[ReferenceElement]:
    """All four points of the element, each with Z = 1 and with another Z."""
    points = [ristretto.add(point, torsion) for torsion in TORSION]
    scaled = [tuple(coordinate * 12345 % ristretto.P for coordinate in each) for each in points]
    return [ReferenceElement(each) for each in (*points, *scaled)]  # type: ignore[arg-type]


@settings(max_examples=20)
@given(NUMBERS)
def test_the_four_points_of_an_element_are_one_element(number: int) -> None:
    expected = ristretto255.multiply_generator(ristretto255.scalar(number))
    assert isinstance(expected, ReferenceElement)
    elements = representatives(expected._point)
    assert len({ristretto.encode(element._point) for element in elements}) == 1
    assert len(set(ristretto255.lookup_keys(elements))) == 1
    assert len(set(elements)) == 1
    for element in elements:
        assert element == expected
        assert hash(element) == hash(expected)
        assert element.is_identity() == expected.is_identity()
        assert element + ristretto255.generator == expected + ristretto255.generator
        assert element * ristretto255.scalar(7) == expected * ristretto255.scalar(7)
        assert (element == -expected) == expected.is_identity()
    assert ristretto255.sum_of_products([3] * 8, elements) == expected * ristretto255.scalar(24)


def test_invariants_tell_a_thousand_elements_apart() -> None:
    points, point = [], ristretto.IDENTITY
    for _ in range(1000):
        points.append(point)
        point = ristretto.add(point, ristretto.GENERATOR)
    keys = ristretto.invariants(points)
    assert len(set(keys)) == 1000
    assert keys[0] == 0
    for torsion in TORSION:
        assert ristretto.invariants([torsion]) == [0]


def test_p256_agrees_with_another_implementation() -> None:
    for number in (1, 2, 3, 12345, p256.order - 1, 2**255 + 99):
        public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
        expected = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        assert p256.multiply_generator(p256.scalar(number)).encode() == expected
        assert p256.decode_elements(expected)[0].encode() == expected
