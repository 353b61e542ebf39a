"""Laws of secret sharing: any threshold of shares gives the secret, fewer do not, and commitments agree."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.group import Scalar, ristretto255
from secretballot.crypto.sharing import (
    Polynomial,
    combine_at_zero,
    evaluate_commitment,
    interpolate_at_zero,
    lagrange_at_zero,
)
from secretballot.errors import CryptoError

ORDER = ristretto255.order
indices = st.one_of(st.integers(1, 20), st.integers(1, ORDER - 1))
index_sets = st.lists(indices, min_size=1, max_size=6, unique=True)


def polynomial_of(coefficients: Sequence[int]) -> Polynomial:
    return Polynomial._of(ristretto255, [ristretto255.scalar(one) for one in coefficients])


def shares_of(polynomial: Polynomial, where: Sequence[int]) -> dict[int, Scalar]:
    return {index: polynomial.evaluate(index) for index in where}


@given(index_sets, st.data())
def test_lagrange_coefficients_interpolate_every_polynomial_of_lower_degree(
    where: list[int], data: st.DataObject
) -> None:
    coefficients = data.draw(st.lists(st.integers(0, ORDER - 1), min_size=1, max_size=len(where)))
    values = [sum(c * pow(x, k, ORDER) for k, c in enumerate(coefficients)) % ORDER for x in where]
    total = sum(lagrange_at_zero(x, where, ORDER) * y for x, y in zip(where, values, strict=True))
    assert total % ORDER == coefficients[0]


@given(index_sets)
def test_a_lagrange_coefficient_is_never_zero_and_does_not_depend_on_the_order(where: list[int]) -> None:
    for index in where:
        value = lagrange_at_zero(index, where, ORDER)
        assert 1 <= value < ORDER
        assert value == lagrange_at_zero(index, where[::-1], ORDER)


def test_lagrange_coefficients_known_by_hand() -> None:
    assert lagrange_at_zero(7, [7], ORDER) == 1
    assert lagrange_at_zero(1, [1, 2], ORDER) == 2
    assert lagrange_at_zero(2, [1, 2], ORDER) == ORDER - 1
    assert [lagrange_at_zero(i, [1, 2, 3], ORDER) for i in (1, 2, 3)] == [3, ORDER - 3, 1]


@pytest.mark.parametrize(
    ("index", "where"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (-1, [-1, 1]),
        (ORDER, [ORDER, 1]),
        (1, [1, ORDER]),
        (ORDER + 1, [1, ORDER + 1]),
        (1, [1, 1]),
        (1, [1, 2, 2]),
        (3, [1, 2]),
        (1, []),
    ],
)
def test_lagrange_refuses(index: int, where: list[int]) -> None:
    with pytest.raises(CryptoError):
        lagrange_at_zero(index, where, ORDER)


@settings(max_examples=15)
@given(st.integers(1, 4), st.lists(st.integers(1, 50), min_size=4, max_size=5, unique=True))
def test_any_threshold_of_shares_gives_the_secret_and_fewer_do_not(threshold: int, where: list[int]) -> None:
    polynomial = Polynomial(ristretto255, threshold)
    secret = polynomial.constant_term
    for chosen in (where[:threshold], where[-threshold:], where):
        assert interpolate_at_zero(ristretto255, shares_of(polynomial, chosen)) == secret
    if threshold > 1:
        few = shares_of(polynomial, where[: threshold - 1])
        assert interpolate_at_zero(ristretto255, few) != secret


@settings(max_examples=10)
@given(st.integers(1, 4), st.integers(1, 2**32 - 1))
def test_a_share_agrees_with_the_commitment_and_no_other_does(threshold: int, index: int) -> None:
    polynomial = Polynomial(ristretto255, threshold)
    assert len(polynomial.commitment) == threshold
    share = polynomial.evaluate(index)
    expected = evaluate_commitment(ristretto255, polynomial.commitment, index)
    assert ristretto255.multiply_generator(share) == expected
    assert ristretto255.multiply_generator(share + ristretto255.scalar(1)) != expected
    if threshold > 1:
        assert evaluate_commitment(ristretto255, polynomial.commitment, index + 1) != expected


@settings(max_examples=10)
@given(st.integers(1, 4))
def test_combining_in_the_group_gives_the_multiple_of_the_secret(threshold: int) -> None:
    polynomial = Polynomial(ristretto255, threshold)
    base = ristretto255.hash_to_element(b"base", b"test")
    parts = {index: base * share for index, share in shares_of(polynomial, range(2, 2 + threshold)).items()}
    assert combine_at_zero(ristretto255, parts) == base * polynomial.constant_term
    parts[2] = parts[2] + base
    assert combine_at_zero(ristretto255, parts) != base * polynomial.constant_term


def test_a_polynomial_known_by_hand() -> None:
    polynomial = polynomial_of([5, 3, 2])
    for index, value in ((1, 10), (2, 19), (10, 235)):
        assert polynomial.evaluate(index) == ristretto255.scalar(value)
    assert polynomial.constant_term == ristretto255.scalar(5)
    root = polynomial_of([6, ORDER - 3])
    assert root.evaluate(2).is_zero()
    assert evaluate_commitment(ristretto255, root.commitment, 2).is_identity()


@pytest.mark.parametrize("index", [0, -1, ORDER, 2 * ORDER])
def test_an_index_that_would_give_the_secret_is_refused(index: int) -> None:
    polynomial = polynomial_of([5, 3])
    share = ristretto255.scalar(5)
    with pytest.raises(CryptoError, match="index"):
        polynomial.evaluate(index)
    with pytest.raises(CryptoError, match="index"):
        evaluate_commitment(ristretto255, polynomial.commitment, index)
    with pytest.raises(CryptoError, match="index"):
        interpolate_at_zero(ristretto255, {index: share, 1: share})
    with pytest.raises(CryptoError, match="index"):
        combine_at_zero(ristretto255, {index: ristretto255.generator})


def test_nothing_is_refused() -> None:
    with pytest.raises(CryptoError, match="no shares"):
        interpolate_at_zero(ristretto255, {})
    with pytest.raises(CryptoError, match="no shares"):
        combine_at_zero(ristretto255, {})
    with pytest.raises(CryptoError, match="at least one"):
        evaluate_commitment(ristretto255, [], 1)
    for threshold in (0, -1):
        with pytest.raises(CryptoError, match="threshold"):
            Polynomial(ristretto255, threshold)


def test_a_polynomial_is_secret() -> None:
    polynomial = Polynomial(ristretto255, 2)
    assert repr(polynomial) == str(polynomial) == "<Polynomial redacted>"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(polynomial)


def test_two_polynomials_differ_in_every_coefficient() -> None:
    one, other = Polynomial(ristretto255, 3), Polynomial(ristretto255, 3)
    assert len({*one.commitment, *other.commitment}) == 6
    assert not any(element.is_identity() for element in one.commitment)
