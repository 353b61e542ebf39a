"""What the groups refuse, and with which error; that secrets stay hidden."""

from __future__ import annotations

import copy
import pickle
import secrets
from collections.abc import Callable

import pytest

from secretballot.crypto.group import Group, Scalar, multiscalar, ristretto
from secretballot.crypto.group.reference import (
    ReferenceElement,
    ReferenceFixedBase,
    ReferenceScalar,
    ristretto255,
)
from secretballot.errors import EncodingError, InvalidElementError, InvalidScalarError
from tests.support.backends import BACKENDS, name_of
from tests.support.p256 import p256

GROUPS = pytest.mark.parametrize("group", [*BACKENDS, p256], ids=name_of)


def test_parameters() -> None:
    assert ristretto255.name == "ristretto255"
    assert ristretto255.suite == "sigma-proofs_Shake128_ristretto255"
    assert ristretto255.order == 2**252 + 27742317777372353535851937790883648493
    assert (ristretto255.element_size, ristretto255.scalar_size) == (32, 32)
    assert not ristretto255.constant_time
    assert p256.suite == "sigma-proofs_Shake128_P256"
    assert (p256.element_size, p256.scalar_size) == (33, 32)
    assert repr(ristretto255) == "<ristretto255, reference backend>"


@GROUPS
def test_the_generator_has_the_order(group: Group) -> None:
    assert not group.generator.is_identity()
    assert group.identity.is_identity()
    assert group.generator * group.scalar(group.order - 1) == -group.generator
    assert (group.generator * group.scalar(group.order)).is_identity()


# Elements.


@GROUPS
@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("surplus", [-1, 1])
def test_lengths_of_elements(group: Group, count: int, surplus: int) -> None:
    data = group.generator.encode() * count
    assert group.decode_elements(data) == [group.generator] * count
    if count + surplus < 0:
        return
    wrong = data[:surplus] if surplus < 0 else data + b"\0"
    with pytest.raises(InvalidElementError) as caught:
        group.decode_elements(wrong)
    assert caught.value.index == len(wrong) // group.element_size
    assert f"element {caught.value.index}" in str(caught.value)


@GROUPS
@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_bad_element_is_named(group: Group, index: int) -> None:
    good = [group.generator.encode()] * 4
    for bad in (b"\xff" * group.element_size, b"\0" * group.element_size):
        data = b"".join([*good[:index], bad, *good[index:]])
        with pytest.raises(InvalidElementError) as caught:
            group.decode_elements(data)
        assert caught.value.index == index


@GROUPS
def test_a_flipped_bit_gives_another_element_or_none(group: Group) -> None:
    data = group.generator.encode()
    refused = 0
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            (element,) = group.decode_elements(bytes(flipped))
        except InvalidElementError:
            refused += 1
        else:
            assert element != group.generator
            assert element.encode() == bytes(flipped)
    assert refused > 60


@GROUPS
@pytest.mark.parametrize("index", [0, 2])
def test_the_identity_is_not_encoded(group: Group, index: int) -> None:
    with pytest.raises(InvalidElementError) as caught:
        group.identity.encode()
    assert caught.value.index == 0
    elements = [group.generator] * 3
    assert group.decode_elements(group.encode_elements(elements)) == elements
    elements[index] = group.generator - group.generator
    with pytest.raises(InvalidElementError) as caught:
        group.encode_elements(elements)
    assert caught.value.index == index


@GROUPS
def test_representations(group: Group) -> None:
    assert group.generator.encode().hex() in repr(group.generator)
    assert "identity" in repr(group.identity)


def test_an_encoding_is_remembered() -> None:
    element = ristretto255.generator + ristretto255.generator
    assert element.encode() is element.encode()
    (decoded,) = ristretto255.decode_elements(element.encode())
    assert decoded.encode() == element.encode()


@GROUPS
def test_mixed_operands_are_refused(group: Group) -> None:
    assert group.generator != group.generator.encode()
    assert group.generator != group.scalar(1)
    with pytest.raises(TypeError):
        group.generator * 2  # type: ignore[operator]


def test_operands_of_another_group_are_refused() -> None:
    mine, other = ristretto255, p256
    calls: list[Callable[[], object]] = [
        lambda: mine.generator + other.generator,
        lambda: mine.generator - other.generator,
        lambda: mine.generator * other.scalar(1),
        lambda: mine.scalar(1) + other.scalar(1),
        lambda: mine.scalar(1) - other.scalar(1),
        lambda: mine.scalar(1) * other.scalar(1),
        lambda: mine.multiply_generator(other.scalar(1)),
        lambda: mine.fixed_base(other.generator),
        lambda: mine.fixed_base(mine.generator).multiply(other.scalar(1)),
        lambda: mine.sum([mine.generator, other.generator]),
        lambda: mine.sum_of_products([1], [other.generator]),
        lambda: mine.lookup_keys([other.generator]),
        lambda: mine.encode_elements([other.generator]),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert mine.generator != other.generator
    assert mine.scalar(1) != other.scalar(1)


def test_hash_to_element_needs_a_domain() -> None:
    element = ristretto255.hash_to_element(b"", b"d")
    assert element == ristretto255.hash_to_element(b"", b"d")
    assert element != ristretto255.hash_to_element(b"\0", b"d")
    assert element != ristretto255.hash_to_element(b"", b"e")
    with pytest.raises(EncodingError):
        ristretto255.hash_to_element(b"", b"")


@GROUPS
def test_sum_of_products_refuses_unequal_lengths(group: Group) -> None:
    assert group.sum_of_products([], []).is_identity()
    assert group.sum([]).is_identity()
    for coefficients, elements in (([1], []), ([], [group.generator]), ([1, 2], [group.generator])):
        with pytest.raises(ValueError, match="coefficients"):
            group.sum_of_products(coefficients, elements)


@GROUPS
@pytest.mark.parametrize("size", [1, 70])
def test_coefficients_count_modulo_the_order(group: Group, size: int) -> None:
    element = group.generator * group.scalar(7)
    expected = group.generator * group.scalar(21 * size)
    for coefficient in (3, 3 + group.order, 3 - group.order, 3 - 5 * group.order):
        assert group.sum_of_products([coefficient] * size, [element] * size) == expected


def test_short_negative_coefficients_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    plain = multiscalar._straus

    def straus(coefficients: list[int], points: list[ristretto.Point]) -> ristretto.Point:
        seen.extend(coefficients)
        return plain(coefficients, points)

    monkeypatch.setattr(multiscalar, "_straus", straus)
    generator, order = ristretto255.generator, ristretto255.order
    total = ristretto255.sum_of_products([order - 2**127, 0, 5], [generator] * 3)
    assert total == generator * ristretto255.scalar(5 - 2**127)
    assert seen[:2] == [2**127, 5]


# Scalars and integers.


def order_bytes(group: Group, offset: int) -> bytes:
    endian = "big" if group is p256 else "little"
    return (group.order + offset).to_bytes(32, endian)  # type: ignore[arg-type]


@GROUPS
def test_scalars_are_reduced(group: Group) -> None:
    assert group.decode_scalar(order_bytes(group, -1)) == -group.scalar(1)
    assert group.decode_scalar(bytes(32)).is_zero()
    for data in (order_bytes(group, 0), order_bytes(group, 1), b"\xff" * 32):
        with pytest.raises(InvalidScalarError) as caught:
            group.decode_scalar(data)
        assert caught.value.index == 0


@GROUPS
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_lengths_of_scalars(group: Group, size: int) -> None:
    with pytest.raises(InvalidScalarError):
        group.decode_scalar(bytes(size))


@GROUPS
@pytest.mark.parametrize("value", [-1, 0, 1])
@pytest.mark.parametrize("index", [0, 2])
def test_integers_out_of_range(group: Group, value: int, index: int) -> None:
    integers = [0, 1, group.order - 1]
    assert group.decode_integers(group.encode_integers(integers)) == integers
    integers[index] = value if value < 0 else group.order + value
    with pytest.raises(InvalidScalarError) as caught:
        group.encode_integers(iter(integers))
    assert caught.value.index == index


@GROUPS
@pytest.mark.parametrize("index", [0, 2])
def test_encoded_integers_out_of_range(group: Group, index: int) -> None:
    pieces = [order_bytes(group, -1)] * 3
    pieces[index] = order_bytes(group, 0)
    with pytest.raises(InvalidScalarError) as caught:
        group.decode_integers(b"".join(pieces))
    assert caught.value.index == index
    assert f"scalar {index}" in str(caught.value)


@GROUPS
@pytest.mark.parametrize("size", [1, 31, 33, 63, 65])
def test_lengths_of_integers(group: Group, size: int) -> None:
    assert group.decode_integers(b"") == []
    with pytest.raises(InvalidScalarError) as caught:
        group.decode_integers(bytes(size))
    assert caught.value.index == size // 32


@GROUPS
def test_zero_has_no_inverse(group: Group) -> None:
    with pytest.raises(InvalidScalarError):
        group.scalar(0).invert()
    assert group.scalar(1).invert() == group.scalar(1)


@GROUPS
def test_random_scalars_differ_and_are_not_zero(group: Group) -> None:
    encodings = {group.random_scalar().encode() for _ in range(50)}
    assert len(encodings) == 50


@pytest.mark.parametrize("group", [ristretto255, p256], ids=name_of)
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_random_scalars_are_in_range(group: Group, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda bound: 0 if end == "lowest" else bound - 1)
    assert group.random_scalar() == (group.scalar(1) if end == "lowest" else group.scalar(-1))


@GROUPS
def test_scalars_are_redacted(group: Group) -> None:
    scalar: Scalar = group.scalar(987654321)
    for text in (repr(scalar), str(scalar), f"{scalar}", repr([scalar])):
        assert "987654321" not in text
        assert scalar.encode().hex() not in text
        assert "redacted" in text
    with pytest.raises(TypeError):
        hash(scalar)
    assert not hasattr(scalar, "__dict__")


@GROUPS
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_scalars_are_not_pickled(group: Group, protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(group.random_scalar(), protocol)


@GROUPS
def test_scalars_are_not_copied(group: Group) -> None:
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            duplicate(group.random_scalar())


def test_scalars_compare_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert ristretto255.scalar(5) == ristretto255.scalar(5)
    assert ristretto255.scalar(5) != ristretto255.scalar(6)
    assert len(seen) == 2


# The reference backend's own.


def test_a_table_is_built_when_first_used() -> None:
    element = ristretto255.generator + ristretto255.generator
    base = ristretto255.fixed_base(element)
    assert isinstance(base, ReferenceFixedBase)
    assert base._table is None
    first = base.multiply(ristretto255.scalar(9))
    table = base._table
    assert table is not None
    assert base.multiply(ristretto255.scalar(9)) == first == element * ristretto255.scalar(9)
    assert base._table is table
    assert base.element is element
    assert element.encode().hex() in repr(base)


def test_types_are_the_reference_ones() -> None:
    assert isinstance(ristretto255.generator, ReferenceElement)
    assert isinstance(ristretto255.scalar(1), ReferenceScalar)
    assert ristretto255.fixed_base(ristretto255.generator) is ristretto255.fixed_base(ristretto255.generator)
