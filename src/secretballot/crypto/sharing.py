"""Feldman verifiable secret sharing over a prime-order group.

* P. Feldman, "A Practical Scheme for Non-interactive Verifiable Secret Sharing" (FOCS 1987): a polynomial's
  coefficients are committed to as multiples of the generator, and a share is checked against them;
* A. Shamir, "How to Share a Secret" (CACM 1979), and RFC 9591 (FROST) section 4.2 and appendix C.1 for
  polynomials and Lagrange coefficients.

An index is a public integer in [1, order): at 0 stands the secret itself, so 0 is refused everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from ..errors import CryptoError
from .group.interface import Element, Group, Scalar


def _check_index(index: int, order: int) -> None:
    if not 1 <= index < order:
        raise CryptoError(
            "the index of a share is at least 1 and below the group's order", item=f"index {index}"
        )


def lagrange_at_zero(index: int, indices: Sequence[int], order: int) -> int:
    """The Lagrange coefficient of ``index`` at 0 among ``indices``: a public integer in [1, order).

    It is the product, over the other indices j, of j / (j - index) modulo ``order``, a prime (RFC 9591,
    section 4.2). Raises CryptoError for an index outside [1, order), for one that stands twice, and where
    ``index`` is not among ``indices``.
    """
    for other in indices:
        _check_index(other, order)
    if len(set(indices)) != len(indices):
        raise CryptoError("the same index stands twice among the shares")
    if index not in indices:
        raise CryptoError("is not among the shares", item=f"index {index}")
    numerator = denominator = 1
    for other in indices:
        if other != index:
            numerator = numerator * other % order
            denominator = denominator * (other - index) % order
    return numerator * pow(denominator, -1, order) % order


def evaluate_commitment(group: Group, commitment: Sequence[Element], index: int) -> Element:
    """The public counterpart of the share at ``index``: the sum of index**k times coefficient commitment k.

    A share s is on the committed polynomial exactly when s times the generator equals it (Feldman 1987). It
    is the identity where ``index`` is a root. Raises CryptoError for an index outside [1, order) or an empty
    commitment.
    """
    _check_index(index, group.order)
    if not commitment:
        raise CryptoError("a commitment has at least one coefficient")
    powers = [1]
    for _ in commitment[1:]:
        powers.append(powers[-1] * index % group.order)
    return group.sum_of_products(powers, commitment)


class Polynomial:
    """A secret random polynomial of degree ``threshold - 1``, every coefficient uniform and non-zero.

    ``commitment`` is public: ``threshold`` elements, the constant term's first. Raises CryptoError for a
    threshold below 1.
    """

    __slots__ = ("_coefficients", "_group", "commitment")

    def __init__(self, group: Group, threshold: int) -> None:
        if threshold < 1:
            raise CryptoError("a threshold is at least 1")
        self._hold(group, [group.random_scalar() for _ in range(threshold)])

    @classmethod
    def _of(cls, group: Group, coefficients: Sequence[Scalar]) -> Polynomial:
        """For tests: the polynomial of these coefficients, the constant term first."""
        polynomial = cls.__new__(cls)
        polynomial._hold(group, coefficients)
        return polynomial

    def _hold(self, group: Group, coefficients: Sequence[Scalar]) -> None:
        self._group = group
        self._coefficients = tuple(coefficients)
        self.commitment: tuple[Element, ...] = tuple(group.multiply_generator(one) for one in coefficients)

    @property
    def constant_term(self) -> Scalar:
        """The shared secret."""
        return self._coefficients[0]

    def evaluate(self, index: int) -> Scalar:
        """The share of ``index``. Raises CryptoError for an index outside [1, order)."""
        _check_index(index, self._group.order)
        point = self._group.scalar(index)
        value = self._coefficients[-1]
        for coefficient in reversed(self._coefficients[:-1]):
            value = value * point + coefficient
        return value

    def __repr__(self) -> str:
        return "<Polynomial redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Polynomial is secret and is never pickled")


def interpolate_at_zero(group: Group, shares: Mapping[int, Scalar]) -> Scalar:
    """The secret that ``shares`` (by index) determine, as a Scalar.

    With fewer shares than the threshold the result is an unrelated scalar: nothing here can tell. Raises
    CryptoError for no shares and for an index outside [1, order).
    """
    indices = _indices(shares)
    total = group.scalar(0)
    for index in indices:
        total = total + group.scalar(lagrange_at_zero(index, indices, group.order)) * shares[index]
    return total


def combine_at_zero(group: Group, shares: Mapping[int, Element]) -> Element:
    """The secret's multiple of a base, from the shares' multiples of that base (by index), in variable time.

    As :func:`interpolate_at_zero`, in the group; raises the same errors.
    """
    indices = _indices(shares)
    coefficients = [lagrange_at_zero(index, indices, group.order) for index in indices]
    return group.sum_of_products(coefficients, [shares[index] for index in indices])


def _indices(shares: Mapping[int, object]) -> list[int]:
    if not shares:
        raise CryptoError("no shares to combine")
    return sorted(shares)
