"""Exponential ElGamal by example: what a ciphertext is, its sums, and its decryption."""

from __future__ import annotations

import pytest

from secretballot.crypto.elgamal import Ciphertext, EncryptionKey, add, ciphertext_size, combine
from secretballot.crypto.group import ristretto255
from secretballot.errors import CryptoError, InvalidElementError

GROUP = ristretto255
G = GROUP.generator
SECRET = GROUP.scalar(7)
KEY = EncryptionKey(GROUP, G * SECRET)


def encrypt(message: int, randomness: int) -> Ciphertext:
    return KEY.encrypt(GROUP.scalar(message), GROUP.scalar(randomness))


def test_a_ciphertext_is_what_the_equations_say() -> None:
    # A = r G and B = m G + r K, with m = 4, r = 3, K = 7 G.
    ciphertext = encrypt(4, 3)
    assert ciphertext.pad == G * GROUP.scalar(3)
    assert ciphertext.data == G * GROUP.scalar(4 + 3 * 7)
    assert ciphertext != encrypt(4, 5)
    assert ciphertext != encrypt(5, 3)


def test_a_key_is_never_the_identity() -> None:
    assert KEY.element == KEY.table.element == G * SECRET
    assert KEY.group is GROUP
    with pytest.raises(InvalidElementError, match="never the identity"):
        EncryptionKey(GROUP, GROUP.identity)


def test_encoding_and_its_inverse() -> None:
    ciphertexts = [encrypt(message, message + 1) for message in range(3)]
    data = b"".join(one.encode(GROUP) for one in ciphertexts)
    assert ciphertext_size(GROUP) == 64
    assert len(data) == 3 * 64
    assert data[:32] == ciphertexts[0].pad.encode()
    assert data[32:64] == ciphertexts[0].data.encode()
    assert GROUP.decode_elements(data) == [element for one in ciphertexts for element in one]


def test_an_identity_is_not_encoded() -> None:
    for wrong, index in ((Ciphertext(GROUP.identity, G), 0), (Ciphertext(G, GROUP.identity), 1)):
        with pytest.raises(InvalidElementError) as caught:
            wrong.encode(GROUP)
        assert caught.value.index == index


def test_sums() -> None:
    assert add(GROUP, []) == Ciphertext(GROUP.identity, GROUP.identity)
    assert add(GROUP, [encrypt(2, 3)]) == encrypt(2, 3)
    assert add(GROUP, iter([encrypt(2, 3), encrypt(5, 6), encrypt(0, 1)])) == encrypt(7, 10)


def test_decryption_with_a_single_trustee() -> None:
    ciphertext = encrypt(9, 11)
    assert combine(GROUP, ciphertext, {1: ciphertext.pad * SECRET}) == G * GROUP.scalar(9)
    assert combine(GROUP, ciphertext, {1: ciphertext.pad * GROUP.scalar(8)}) != G * GROUP.scalar(9)


@pytest.mark.parametrize("indices", [[], [0], [0, 1], [-1], [GROUP.order], [1, GROUP.order + 1]])
def test_shares_at_no_index_are_refused(indices: list[int]) -> None:
    ciphertext = encrypt(9, 11)
    with pytest.raises(CryptoError):
        combine(GROUP, ciphertext, dict.fromkeys(indices, ciphertext.pad))
