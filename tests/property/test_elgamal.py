"""Laws of exponential ElGamal: sums of ciphertexts, and decryption by any threshold of trustees."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.discrete_log import DiscreteLog
from secretballot.crypto.elgamal import Ciphertext, EncryptionKey, add, combine
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.sharing import Polynomial
from secretballot.errors import DiscreteLogError

GROUP = ristretto255
ORDER = GROUP.order
G = GROUP.generator
SECRET = GROUP.random_scalar()
KEY = EncryptionKey(GROUP, GROUP.multiply_generator(SECRET))
TABLE = DiscreteLog(GROUP, 10_000)

messages = st.integers(0, 1000)
scalars = st.one_of(st.integers(1, 5), st.integers(1, ORDER - 1), st.just(ORDER - 1))


def encrypt(message: int, randomness: int) -> Ciphertext:
    return KEY.encrypt(GROUP.scalar(message), GROUP.scalar(randomness))


def decrypt(ciphertext: Ciphertext) -> Element:
    return ciphertext.data - ciphertext.pad * SECRET


@given(messages, scalars)
def test_decryption_gives_the_message(message: int, randomness: int) -> None:
    ciphertext = encrypt(message, randomness)
    assert TABLE.solve(decrypt(ciphertext)) == message
    assert TABLE.solve(combine(GROUP, ciphertext, {5: ciphertext.pad * SECRET})) == message


@given(st.lists(st.tuples(messages, scalars), max_size=8))
@settings(max_examples=30)
def test_a_sum_of_ciphertexts_encrypts_the_sum(pairs: list[tuple[int, int]]) -> None:
    total = add(GROUP, (encrypt(message, randomness) for message, randomness in pairs))
    message = sum(message for message, _ in pairs)
    randomness = sum(randomness for _, randomness in pairs)
    assert total == encrypt(message, randomness)
    assert TABLE.solve(decrypt(total)) == message


@given(st.lists(st.tuples(messages, scalars), max_size=5))
@settings(max_examples=20)
def test_encoding_round_trip(pairs: list[tuple[int, int]]) -> None:
    ciphertexts = [encrypt(message, randomness) for message, randomness in pairs]
    data = b"".join(one.encode(GROUP) for one in ciphertexts)
    assert GROUP.decode_elements(data) == [element for one in ciphertexts for element in one]


@given(messages, scalars, messages)
@settings(max_examples=20)
def test_the_same_randomness_shifts_by_the_difference_alone(first: int, randomness: int, second: int) -> None:
    one, two = encrypt(first, randomness), encrypt(second, randomness)
    assert one.pad == two.pad
    assert one.data - two.data == GROUP.multiply_generator(GROUP.scalar(first - second))


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 3), (2, 3), (3, 3), (3, 5), (5, 5)])
def test_every_threshold_of_trustees_decrypts_and_no_fewer(threshold: int, count: int) -> None:
    dealers = [Polynomial(GROUP, threshold) for _ in range(2)]
    public = GROUP.sum(dealer.commitment[0] for dealer in dealers)
    key = EncryptionKey(GROUP, public)
    ciphertext = add(GROUP, [key.encrypt(GROUP.scalar(vote), GROUP.random_scalar()) for vote in (3, 0, 40)])
    shares = {}
    for index in range(1, count + 1):
        share = dealers[0].evaluate(index) + dealers[1].evaluate(index)
        shares[index] = ciphertext.pad * share
    for size in range(1, count + 1):
        for chosen in combinations(shares, size):
            message = combine(GROUP, ciphertext, {index: shares[index] for index in chosen})
            if size >= threshold:
                assert TABLE.solve(message) == 43
            else:
                with pytest.raises(DiscreteLogError):
                    TABLE.solve(message)
    # One wrong share, or shares that have changed places, spoil the result.
    enough = dict(list(shares.items())[:threshold])
    for index in enough:
        wrong = combine(GROUP, ciphertext, enough | {index: enough[index] + G})
        assert wrong != GROUP.multiply_generator(GROUP.scalar(43))
    if threshold > 1:
        swapped = enough | {1: enough[2], 2: enough[1]}
        assert combine(GROUP, ciphertext, swapped) != GROUP.multiply_generator(GROUP.scalar(43))


def test_the_order_in_which_shares_come_does_not_matter() -> None:
    polynomial = Polynomial(GROUP, 3)
    key = EncryptionKey(GROUP, polynomial.commitment[0])
    ciphertext = key.encrypt(GROUP.scalar(6), GROUP.random_scalar())
    shares = {index: ciphertext.pad * polynomial.evaluate(index) for index in (9, 2, 5)}
    backwards = dict(reversed(shares.items()))
    assert combine(GROUP, ciphertext, shares) == combine(GROUP, ciphertext, backwards) == G * GROUP.scalar(6)
