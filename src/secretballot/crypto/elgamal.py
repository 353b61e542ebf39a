"""Exponential ElGamal: ``A = r G``, ``B = m G + r K``. Additively homomorphic; decrypted by a discrete logarithm.

Source: ElGamal, "A Public Key Cryptosystem and a Signature Scheme Based on Discrete Logarithms" (1985), with the
message in the exponent as in Cramer, Gennaro, Schoenmakers, "A Secure and Optimally Efficient Multi-Authority Election
Scheme" (EUROCRYPT 1997). Threshold decryption: a trustee with share x_i gives ``D_i = x_i A``; any k of them give
``x A = sum(lambda_i D_i)`` with Lagrange coefficients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..errors import InvalidElementError
from .group import Element, FixedBase, Group, Scalar
from .sharing import combine_at_zero


class Ciphertext(NamedTuple):
    """A pair of elements (A, B)."""

    pad: Element
    data: Element

    def encode(self, group: Group) -> bytes:
        """``A || B``: twice ``element_size`` bytes."""
        return group.encode_elements(self)


class EncryptionKey:
    """An election's public key with its table of multiples. Refuses the identity."""

    __slots__ = ("element", "group", "table")

    def __init__(self, group: Group, element: Element) -> None:
        if element.is_identity():
            raise InvalidElementError("an encryption key is never the identity")
        self.group = group
        self.element = element
        self.table: FixedBase = group.fixed_base(element)

    def encrypt(self, message: Scalar, randomness: Scalar) -> Ciphertext:
        """The encryption of a small integer under fresh randomness, which is used for nothing else but its proof."""
        return self.encrypt_element(self.group.multiply_generator(message), randomness)

    def encrypt_element(self, message: Element, randomness: Scalar) -> Ciphertext:
        """The same of any element: ``B = M + r K``, which decrypts to M itself."""
        return Ciphertext(
            self.group.multiply_generator(randomness), message + self.table.multiply(randomness)
        )


def ciphertext_size(group: Group) -> int:
    """A ciphertext's length in bytes."""
    return 2 * group.element_size


def add(group: Group, ciphertexts: Iterable[Ciphertext]) -> Ciphertext:
    """The encryption of the sum; of nothing, a pair of identities."""
    pairs = list(ciphertexts)
    return Ciphertext(group.sum(c.pad for c in pairs), group.sum(c.data for c in pairs))


def combine(group: Group, ciphertext: Ciphertext, shares: Mapping[int, Element]) -> Element:
    """``m G`` from a ciphertext and the decryption shares by trustee index; the caller has verified every share."""
    return ciphertext.data - combine_at_zero(group, shares)
