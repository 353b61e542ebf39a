"""Attacks on blind signatures: by a holder, by the signer, and by anybody on a verifier."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto import blind_rsa, rsa_keys
from secretballot.crypto.blind_rsa import (
    BlindingState,
    BlindSignature,
    PrivateKey,
    PublicKey,
    blind,
    finalize,
    verify,
)
from secretballot.errors import CryptoError, EncodingError, InvalidKeyError, InvalidSignatureError

SIZE = 384
MESSAGE = b"a ballot key"


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    """A key whose modulus is small enough that s + n often still fits into 384 bytes."""
    while True:
        key = PrivateKey.generate()
        if key.public_key.n >> 3064 < 0xB4:
            return key


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def signature(key: PrivateKey) -> BlindSignature:
    return issue(key)


def issue(key: PrivateKey, message: bytes = MESSAGE) -> BlindSignature:
    blinded, state = blind(key.public_key, message)
    return finalize(state, key.blind_sign(blinded))


def to_int(data: bytes) -> int:
    return int.from_bytes(data, "big")


def refused(key: PublicKey, message: bytes, claim: BlindSignature) -> None:
    with pytest.raises(InvalidSignatureError):
        verify(key, message, claim)


# On a verifier.


def test_signature_plus_modulus(key: PrivateKey) -> None:
    n = key.public_key.n
    for _ in range(100):
        signature = issue(key)
        if to_int(signature.signature) + n < 2 ** (8 * SIZE):
            break
    else:  # pragma: no cover
        pytest.fail("no signature to add the modulus to in 100 attempts")
    larger = to_int(signature.signature) + n
    assert pow(larger, 65537, n) == pow(to_int(signature.signature), 65537, n)
    with pytest.raises(InvalidSignatureError, match="below the modulus"):
        verify(key.public_key, MESSAGE, replace(signature, signature=larger.to_bytes(SIZE, "big")))
    longer = larger.to_bytes(SIZE + 1, "big")
    with pytest.raises(InvalidSignatureError, match="385"):
        verify(key.public_key, MESSAGE, replace(signature, signature=longer))


def test_truncated_and_extended(key: PrivateKey, signature: BlindSignature) -> None:
    verify(key.public_key, MESSAGE, signature)
    s, prefix = signature.signature, signature.prefix
    for wrong in (b"", s[:-1], s[1:], s + b"\0", b"\0" + s, s + s, s[::-1]):
        refused(key.public_key, MESSAGE, replace(signature, signature=wrong))
    for wrong in (b"", prefix[:-1], prefix[1:], prefix + b"\0", b"\0" + prefix, prefix[::-1]):
        refused(key.public_key, MESSAGE, replace(signature, prefix=wrong))


def test_bytes_moved_between_prefix_and_message(key: PrivateKey, signature: BlindSignature) -> None:
    # The signed bytes are the same; what is message and what is prefix is decided by the length alone.
    joined = signature.prefix + MESSAGE
    for cut in (0, 1, 31, 33, len(joined)):
        with pytest.raises(InvalidSignatureError, match="prefix"):
            verify(key.public_key, joined[cut:], replace(signature, prefix=joined[:cut]))


def test_another_message_or_prefix(key: PrivateKey, signature: BlindSignature) -> None:
    for message in (b"", MESSAGE[:-1], MESSAGE + b"\0", b"\0" + MESSAGE, MESSAGE.upper()):
        refused(key.public_key, message, signature)
    other = issue(key)
    refused(key.public_key, MESSAGE, replace(signature, prefix=other.prefix))
    refused(key.public_key, MESSAGE, replace(signature, signature=other.signature))


def test_another_key(key: PrivateKey, other_key: PrivateKey, signature: BlindSignature) -> None:
    refused(other_key.public_key, MESSAGE, signature)
    neighbour = key.public_key.n + 2
    while math.gcd(neighbour, rsa_keys._SMALL_PRIMES) != 1:
        neighbour += 2
    refused(PublicKey(neighbour), MESSAGE, signature)


def test_numbers_made_out_of_valid_signatures(key: PrivateKey, signature: BlindSignature) -> None:
    n = key.public_key.n
    s, t = to_int(signature.signature), to_int(issue(key).signature)
    for value in (0, 1, n - 1, n - s, s * t % n, s * s % n, pow(s, -1, n), s + 1, s - 1):
        refused(key.public_key, MESSAGE, replace(signature, signature=value.to_bytes(SIZE, "big")))


def test_blinded_values_are_no_signatures(key: PrivateKey) -> None:
    blinded, state = blind(key.public_key, MESSAGE)
    reply = key.blind_sign(blinded)
    prefix = finalize(state, reply).prefix
    for value in (blinded, reply):
        refused(key.public_key, MESSAGE, BlindSignature(prefix, value))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=64), st.binary(max_size=SIZE + 8) | st.binary(min_size=SIZE, max_size=SIZE))
def test_garbage(key: PrivateKey, prefix: bytes, data: bytes) -> None:
    refused(key.public_key, MESSAGE, BlindSignature(prefix, data))
    refused(key.public_key, MESSAGE, BlindSignature(bytes(32), data))


# By a holder, on the signer.


@pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE + 1, 2 * SIZE])
def test_blinded_message_of_another_length(key: PrivateKey, size: int) -> None:
    with pytest.raises(EncodingError, match=f"not {size}"):
        key.blind_sign(bytes(size - 1) + b"\x02" if size else b"")


def test_blinded_message_not_below_the_modulus(key: PrivateKey) -> None:
    n = key.public_key.n
    for value in (n, n + 1, n + 2, 2 ** (8 * SIZE) - 1):
        with pytest.raises(EncodingError, match="below the modulus"):
            key.blind_sign(value.to_bytes(SIZE, "big"))
    assert to_int(key.blind_sign((n - 1).to_bytes(SIZE, "big"))) == n - 1


def test_blinded_message_that_shares_a_factor(key: PrivateKey) -> None:
    numbers = key._numbers.reveal()
    for value in (0, numbers.p, numbers.q, 2 * numbers.p, key.public_key.n - numbers.q):
        with pytest.raises(EncodingError, match="coprime") as caught:
            key.blind_sign(value.to_bytes(SIZE, "big"))
        assert str(numbers.p) not in str(caught.value)
        assert str(numbers.q) not in str(caught.value)


def faulty(power: Callable[[int, int, int], int], prime: int) -> Callable[[int, int, int], int]:
    def wrapped(base: int, exponent: int, modulus: int) -> int:
        result = power(base, exponent, modulus)
        return (result ^ 1) % modulus if modulus == prime else result

    return wrapped


@pytest.mark.parametrize("backend", ["gmpy2", "int"])
@pytest.mark.parametrize("half", ["p", "q"])
def test_fault_in_one_half(key: PrivateKey, half: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend == "int":
        monkeypatch.setattr(rsa_keys, "gmpy2", None)
    else:
        pytest.importorskip("gmpy2")
    prime = getattr(key._numbers.reveal(), half)
    n = key.public_key.n
    blinded, _ = blind(key.public_key, MESSAGE)
    assert len(key.blind_sign(blinded)) == SIZE
    monkeypatch.setattr(rsa_keys, "_secret_power", faulty(rsa_keys._secret_power, prime))
    with pytest.raises(CryptoError, match="fault"):
        key.blind_sign(blinded)
    # Why it matters (Boneh, DeMillo and Lipton 1997): the faulty result factors n.
    result = key._private_operation(to_int(blinded))
    assert math.gcd(pow(result, 65537, n) - to_int(blinded), n) == n // prime


def test_fault_in_the_blinding(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    blinded, _ = blind(key.public_key, MESSAGE)
    monkeypatch.setattr(rsa_keys, "random_unit", lambda n: (2, 3))
    with pytest.raises(CryptoError, match="fault"):
        key.blind_sign(blinded)


# By the signer, on a holder.


def test_signer_that_cheats(key: PrivateKey, other_key: PrivateKey) -> None:
    n = key.public_key.n
    blinded, state = blind(key.public_key, MESSAGE)
    other_blinded, other_state = blind(key.public_key, MESSAGE)
    reply = key.blind_sign(blinded)
    value = to_int(reply)
    wrong = [
        v.to_bytes(SIZE, "big") for v in (0, 1, n - 1, n - value, 2 * value % n, value + 1, value - 1, n)
    ]
    wrong += [blinded, key.blind_sign(other_blinded), b"", reply[:-1], reply + b"\0", b"\0" + reply]
    if to_int(blinded) < other_key.public_key.n:
        wrong.append(other_key.blind_sign(blinded))
    for bad in wrong:
        with pytest.raises(InvalidSignatureError) as caught:
            finalize(state, bad)
        assert caught.value.culprit == "the signer"
    verify(key.public_key, MESSAGE, finalize(state, reply))
    with pytest.raises(InvalidSignatureError):
        finalize(other_state, reply)


def test_reply_plus_modulus(key: PrivateKey) -> None:
    n = key.public_key.n
    for _ in range(100):
        blinded, state = blind(key.public_key, MESSAGE)
        reply = to_int(key.blind_sign(blinded))
        if reply + n < 2 ** (8 * SIZE):
            break
    else:  # pragma: no cover
        pytest.fail("no reply to add the modulus to in 100 attempts")
    with pytest.raises(InvalidSignatureError, match="below the modulus"):
        finalize(state, (reply + n).to_bytes(SIZE, "big"))


def test_signer_that_knows_the_message_cannot_choose_the_signature(key: PrivateKey) -> None:
    n = key.public_key.n
    blinded, state = blind(key.public_key, MESSAGE)
    opening = state._opening.reveal()
    encoded = blind_rsa._emsa_pss_encode(opening.prefix + MESSAGE, 3071, b"the signer's own salt".ljust(48))
    chosen = key.blind_sign(encoded)
    # A good signature of the message, and blinded as the holder would expect it.
    verify(key.public_key, MESSAGE, BlindSignature(opening.prefix, chosen))
    reply = to_int(chosen) * pow(opening.inverse, -1, n) % n
    with pytest.raises(InvalidSignatureError, match="not the signature of the blinded message"):
        finalize(state, reply.to_bytes(SIZE, "big"))
    honest = finalize(state, key.blind_sign(blinded))
    assert honest.signature != chosen


def test_key_swapped_by_the_signer(key: PrivateKey, other_key: PrivateKey) -> None:
    blinded, state = blind(other_key.public_key, MESSAGE)
    signature = finalize(state, other_key.blind_sign(blinded))
    verify(other_key.public_key, MESSAGE, signature)
    refused(key.public_key, MESSAGE, signature)
    with pytest.raises(InvalidKeyError):
        BlindingState.from_secret(key.public_key, state.to_secret())


def test_signer_cannot_tell_which_request_a_signature_came_from(key: PrivateKey) -> None:
    # For every request and every signature there is a blinding factor that leads from one to the other.
    n = key.public_key.n
    requests, signatures = [], []
    for _ in range(3):
        blinded, state = blind(key.public_key, MESSAGE)
        reply = key.blind_sign(blinded)
        requests.append((to_int(blinded), to_int(reply)))
        signatures.append(to_int(finalize(state, reply).signature))
    for z, reply_value in requests:
        for s in signatures:
            r = reply_value * pow(s, -1, n) % n
            assert pow(s, 65537, n) * pow(r, 65537, n) % n == z


def many_factors() -> PublicKey:
    """A dishonest modulus of 3072 bits: some 280 primes above 752, and a number that fills it up."""
    n, candidate = 1, 755
    while n.bit_length() < 3050:
        candidate += 2
        if all(candidate % d for d in range(3, math.isqrt(candidate) + 1, 2)):
            n *= candidate
    rest = (1 << (3072 - n.bit_length())) + 1
    while (n * rest).bit_length() < 3072 or math.gcd(rest, rsa_keys._SMALL_PRIMES) != 1:
        rest += 2
    return PublicKey(n * rest)


def test_dishonest_key_with_many_factors() -> None:
    # About one encoded message in six shares a factor with it.
    public = many_factors()
    errors = []
    for _ in range(120):
        try:
            blinded, _ = blind(public, MESSAGE)
        except InvalidKeyError as error:
            errors.append(str(error))
        else:
            assert math.gcd(to_int(blinded), public.n) == 1
    assert 0 < len(errors) < 120
    assert all("shares a factor" in error for error in errors)


def test_encoded_message_that_shares_a_factor(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    p = key._numbers.reveal().p
    monkeypatch.setattr(blind_rsa, "_emsa_pss_encode", lambda *_: (3 * p).to_bytes(SIZE, "big"))
    with pytest.raises(InvalidKeyError, match="shares a factor"):
        blind(key.public_key, MESSAGE)


def draws(values: list[int]) -> Callable[[int], int]:
    left: Iterator[int] = iter(values)
    return lambda bound: next(left) - 1


def test_blinding_factor_without_an_inverse_is_drawn_again(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = key._numbers.reveal()
    n = key.public_key.n
    monkeypatch.setattr(rsa_keys.secrets, "randbelow", draws([numbers.p, 2 * numbers.q, *[numbers.p] * 5, 5]))
    assert rsa_keys.random_unit(n) == (5, pow(5, -1, n))
    monkeypatch.setattr(rsa_keys.secrets, "randbelow", draws([numbers.p] * 8 + [5]))
    with pytest.raises(InvalidKeyError, match="no blinding factor"):
        rsa_keys.random_unit(n)


# On secrets.


def test_secrets_are_neither_pickled_nor_copied(key: PrivateKey) -> None:
    _, state = blind(key.public_key, MESSAGE)
    for secret in (
        key,
        state,
        key._key,
        key._numbers,
        state._opening,
        key.to_secret_der(),
        state.to_secret(),
    ):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="never"):
                pickle.dumps(secret, protocol)
        for way in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="never"):
                way(secret)


def test_errors_tell_no_secrets(key: PrivateKey) -> None:
    blinded, state = blind(key.public_key, MESSAGE)
    opening = state._opening.reveal()
    with pytest.raises(InvalidSignatureError) as caught:
        finalize(state, blinded)
    assert caught.value.__suppress_context__
    for secret in (opening.prefix, opening.salt, opening.message):
        assert secret.hex() not in repr(caught.value)
        assert repr(secret) not in repr(caught.value)
