"""Ed25519 by PyNaCl: lengths, neighbours, and the keys and signatures that some verifiers accept."""

from __future__ import annotations

import copy
import hashlib
import pickle

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey, VerifyKey
from secretballot.errors import InvalidKeyError, InvalidSignatureError

ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
SEED = bytes(range(32))
MESSAGE = b"a ballot"

IDENTITY = (1).to_bytes(32, "little")
#: y of the points of order 8 (one of each pair of signs of y).
_Y8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
#: Every y of a point of order 1, 2, 4 or 8; those from P on are the encodings that are not canonical.
SMALL_ORDER_Y = {
    "order 1": 1,
    "order 2": P - 1,
    "order 4": 0,
    "order 8": _Y8,
    "order 8, -y": P - _Y8,
    "order 4, not canonical": P,
    "order 1, not canonical": P + 1,
}
SMALL_ORDER = [
    pytest.param((y | sign << 255).to_bytes(32, "little"), id=f"{name}, sign {sign}")
    for name, y in SMALL_ORDER_Y.items()
    for sign in (0, 1)
]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey(Secret(SEED))


def refused(key: VerifyKey, message: bytes, signature: bytes) -> None:
    with pytest.raises(InvalidSignatureError):
        key.verify(message, signature)


def accepted_elsewhere(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether OpenSSL, by `cryptography`, accepts it: it does not refuse keys of small order."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# What must work.


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_same_as_another_implementation(seed: bytes, message: bytes) -> None:
    key = SigningKey(Secret(seed))
    other = Ed25519PrivateKey.from_private_bytes(seed)
    assert key.verify_key.data == other.public_key().public_bytes_raw()
    signature = key.sign(message)
    assert len(signature) == 64
    assert signature == other.sign(message)
    key.verify_key.verify(message, signature)


def test_generated_keys_differ_and_come_back_from_their_seed() -> None:
    one, two = SigningKey.generate(), SigningKey.generate()
    assert one.verify_key != two.verify_key
    seed = one.seed()
    assert isinstance(seed, Secret)
    assert len(seed.reveal()) == 32
    assert SigningKey(seed).verify_key == one.verify_key
    assert SigningKey(seed).sign(MESSAGE) == one.sign(MESSAGE)


def test_verify_key_is_a_value(key: SigningKey) -> None:
    again = VerifyKey(bytes(key.verify_key.data))
    assert again == key.verify_key
    assert hash(again) == hash(key.verify_key)
    assert again != key.verify_key.data
    assert again != VerifyKey(bytes(31) + b"\x02")
    assert repr(again) == f"VerifyKey({again.data.hex()})"
    assert pickle.loads(pickle.dumps(again)) == again  # noqa: S301


def test_verify_key_keeps_a_copy() -> None:
    data = bytearray(SigningKey(Secret(SEED)).verify_key.data)
    key = VerifyKey(data)
    data[0] ^= 1
    assert key == SigningKey(Secret(SEED)).verify_key


# Lengths and neighbours.


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_keys_of_another_length(size: int) -> None:
    with pytest.raises(InvalidKeyError, match=f"32 bytes, not {size}"):
        VerifyKey(bytes(size))
    with pytest.raises(InvalidKeyError, match=f"32 bytes, not {size}"):
        SigningKey(Secret(bytes(size)))


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 128])
def test_signatures_of_another_length(key: SigningKey, size: int) -> None:
    signature = key.sign(MESSAGE)
    with pytest.raises(InvalidSignatureError, match=f"64 bytes, not {size}"):
        key.verify_key.verify(MESSAGE, (signature + signature)[:size])


def test_bytes_moved_between_signature_and_message(key: SigningKey) -> None:
    joined = key.sign(MESSAGE) + MESSAGE
    key.verify_key.verify(joined[64:], joined[:64])
    for cut in (0, 63, 65):
        refused(key.verify_key, joined[cut:], joined[:cut])


@settings(max_examples=80, deadline=None)
@given(place=st.integers(0, 63), change=st.integers(1, 255))
def test_neighbours_are_refused(key: SigningKey, place: int, change: int) -> None:
    signature = bytearray(key.sign(MESSAGE))
    signature[place] ^= change
    refused(key.verify_key, MESSAGE, bytes(signature))
    public = bytearray(key.verify_key.data)
    public[place % 32] ^= change
    refused(VerifyKey(bytes(public)), MESSAGE, key.sign(MESSAGE))
    message = bytearray(MESSAGE)
    message[place % len(MESSAGE)] ^= change
    refused(key.verify_key, bytes(message), key.sign(MESSAGE))


def test_other_messages_and_keys_are_refused(key: SigningKey) -> None:
    signature = key.sign(MESSAGE)
    for message in (b"", MESSAGE[:-1], MESSAGE + b"\0", b"\0" + MESSAGE, hashlib.sha512(MESSAGE).digest()):
        refused(key.verify_key, message, signature)
    refused(SigningKey.generate().verify_key, MESSAGE, signature)
    refused(key.verify_key, MESSAGE, bytes(64))


@settings(max_examples=80, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64) | st.binary(max_size=100))
def test_garbage_is_refused(public: bytes, signature: bytes) -> None:
    refused(VerifyKey(public), MESSAGE, signature)


# What some verifiers accept (Chalkias, Garillot and Nikolaenko 2020, "Taming the many EdDSAs").


@pytest.mark.parametrize("multiple", range(1, 16))
def test_response_that_is_not_reduced(key: SigningKey, multiple: int) -> None:
    # RFC 8032 section 5.1.7, step 1. S + k * L is the same scalar; 15 of them fit into 32 bytes.
    signature = key.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    assert s < ORDER
    refused(key.verify_key, MESSAGE, signature[:32] + (s + multiple * ORDER).to_bytes(32, "little"))


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_key_of_small_order_never_verifies(public: bytes) -> None:
    # With a key of order 1, 2, 4 or 8, S = 0 and R = identity verify for one message in so many.
    key = VerifyKey(public)
    signature = IDENTITY + bytes(32)
    messages = [b"%d" % number for number in range(64)]
    for message in messages:
        refused(key, message, signature)
    canonical = int.from_bytes(public, "little") % 2**255 < P
    if canonical and public[:31] + bytes([public[31] & 0x7F]) not in (
        IDENTITY,
        (P - 1).to_bytes(32, "little"),
    ):
        assert any(accepted_elsewhere(public, message, signature) for message in messages)


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_commitment_of_small_order_never_verifies(key: SigningKey, public: bytes) -> None:
    # R of small order: S = h * a would satisfy the equation multiplied by the cofactor 8.
    digest = hashlib.sha512(SEED).digest()
    a = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    h = int.from_bytes(hashlib.sha512(public + key.verify_key.data + MESSAGE).digest(), "little")
    signature = public + (h * a % ORDER).to_bytes(32, "little")
    refused(key.verify_key, MESSAGE, signature)
    if public == IDENTITY:
        assert accepted_elsewhere(key.verify_key.data, MESSAGE, signature)


def test_key_that_is_no_point_never_verifies() -> None:
    signature = SigningKey(Secret(SEED)).sign(MESSAGE)
    for y in (
        2,
        7,
        P + 2,
        P + 18,
    ):  # the first two are on no point of the curve, the others are not canonical
        refused(VerifyKey(y.to_bytes(32, "little")), MESSAGE, signature)


# Secrets.


def test_signing_key_is_redacted_and_stays_here(key: SigningKey) -> None:
    for text in (repr(key), str(key), f"{key}"):
        assert "redacted" in text
        assert SEED.hex() not in text
        assert key.verify_key.data.hex() in text
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never"):
            pickle.dumps(key, protocol)
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never"):
            way(key)
    assert not hasattr(key, "__dict__")
