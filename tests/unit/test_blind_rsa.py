"""Blind signatures: what each function does, and what it refuses."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
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
from secretballot.crypto.encoding import frame, unframe
from secretballot.crypto.secret import Secret
from secretballot.errors import EncodingError, InvalidKeyError, InvalidSignatureError


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(params=["gmpy2", "int"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "int":
        monkeypatch.setattr(rsa_keys, "gmpy2", None)
    else:
        pytest.importorskip("gmpy2")
    return request.param


def issue(key: PrivateKey, message: bytes) -> BlindSignature:
    blinded, state = blind(key.public_key, message)
    return finalize(state, key.blind_sign(blinded))


# Blind, sign, finalize, verify.


@settings(max_examples=15, deadline=None)
@given(message=st.binary(max_size=300))
def test_whole_protocol(key: PrivateKey, message: bytes) -> None:
    blinded, state = blind(key.public_key, message)
    assert len(blinded) == 384
    assert state.blinded_message == blinded
    signature = finalize(state, key.blind_sign(blinded))
    assert (len(signature.prefix), len(signature.signature)) == (32, 384)
    verify(key.public_key, message, signature)


def test_whole_protocol_on_both_backends(key: PrivateKey, backend: str) -> None:
    verify(key.public_key, b"message", issue(key, b"message"))


def test_whole_protocol_at_4096_bits() -> None:
    key = PrivateKey.generate(4096)
    verify(key.public_key, b"message", issue(key, b"message"))


def test_every_request_is_another(key: PrivateKey) -> None:
    (one, state_one), (two, state_two) = (blind(key.public_key, b"message") for _ in range(2))
    assert one != two
    a, b = finalize(state_one, key.blind_sign(one)), finalize(state_two, key.blind_sign(two))
    assert a.prefix != b.prefix
    openings = [state._opening.reveal() for state in (state_one, state_two)]
    for field in ("prefix", "salt", "inverse"):
        assert getattr(openings[0], field) != getattr(openings[1], field)
    assert a.signature != b.signature
    assert one not in (a.signature, b.signature)


def test_the_encoding_is_that_of_cryptography(key: PrivateKey) -> None:
    # The salt of a signature that `cryptography` made, put into our encoding, gives the same representative.
    signature = key._key.reveal().sign(b"message", blind_rsa._padding(48), blind_rsa.hashes.SHA384())
    m = pow(int.from_bytes(signature, "big"), 65537, key.public_key.n).to_bytes(384, "big")
    h = m[-49:-1]
    mask = blind_rsa._mgf1(h, 384 - 49)
    salt = bytes(a ^ b for a, b in zip(m, mask, strict=False))[-48:]
    assert blind_rsa._emsa_pss_encode(b"message", 3071, salt) == m


def test_finalize_again_gives_the_same(key: PrivateKey) -> None:
    blinded, state = blind(key.public_key, b"message")
    reply = key.blind_sign(blinded)
    for wrong in (b"", reply[:-1], reply + b"\0", bytes(384), b"\xff" * 384, blinded):
        with pytest.raises(InvalidSignatureError) as caught:
            finalize(state, wrong)
        assert caught.value.culprit == "the signer"
    first = finalize(state, reply)
    assert finalize(state, reply) == first
    with pytest.raises(InvalidSignatureError):
        finalize(state, blinded)
    assert finalize(state, reply) == first
    verify(key.public_key, b"message", first)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 383), change=st.integers(1, 255))
def test_neighbours_of_a_signature_are_refused(key: PrivateKey, place: int, change: int) -> None:
    signature = _one_signature(key)
    verify(key.public_key, b"message", signature)
    changed = bytearray(signature.signature)
    changed[place] ^= change
    with pytest.raises(InvalidSignatureError):
        verify(key.public_key, b"message", BlindSignature(signature.prefix, bytes(changed)))
    prefix = bytearray(signature.prefix)
    prefix[place % 32] ^= change
    with pytest.raises(InvalidSignatureError):
        verify(key.public_key, b"message", BlindSignature(bytes(prefix), signature.signature))


_MADE: dict[PublicKey, BlindSignature] = {}


def _one_signature(key: PrivateKey) -> BlindSignature:
    if key.public_key not in _MADE:
        _MADE[key.public_key] = issue(key, b"message")
    return _MADE[key.public_key]


def test_signatures_of_another_padding_are_refused(key: PrivateKey) -> None:
    sha384, sha256 = blind_rsa.hashes.SHA384(), blind_rsa.hashes.SHA256()
    prefix = bytes(32)
    for scheme, digest in (
        (padding.PKCS1v15(), sha384),
        (padding.PSS(padding.MGF1(sha384), 47), sha384),
        (padding.PSS(padding.MGF1(sha384), 49), sha384),
        (padding.PSS(padding.MGF1(sha384), 0), sha384),
        (padding.PSS(padding.MGF1(sha256), 48), sha384),
        (padding.PSS(padding.MGF1(sha384), 48), sha256),
    ):
        claim = BlindSignature(prefix, key._key.reveal().sign(prefix + b"message", scheme, digest))
        with pytest.raises(InvalidSignatureError):
            verify(key.public_key, b"message", claim)


# The holder's state.


def test_state_round_trip(key: PrivateKey) -> None:
    for message in (b"", b"message", bytes(1000)):
        blinded, state = blind(key.public_key, message)
        secret = state.to_secret()
        assert isinstance(secret, Secret)
        again = BlindingState.from_secret(PublicKey.from_der(key.public_key.to_der()), secret)
        assert again.blinded_message == blinded
        assert again.to_secret().reveal() == secret.reveal()
        reply = key.blind_sign(blinded)
        assert finalize(again, reply) == finalize(state, reply)


def test_state_is_redacted(key: PrivateKey) -> None:
    _, state = blind(key.public_key, b"a message that is nobody's business")
    assert repr(state) == str(state) == f"{state}" == "<BlindingState redacted>"
    assert not hasattr(state, "__dict__")


def test_state_of_another_key_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    _, state = blind(key.public_key, b"message")
    with pytest.raises(InvalidKeyError, match="another public key"):
        BlindingState.from_secret(other_key.public_key, state.to_secret())


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 1377) | st.integers(0, 80), change=st.integers(1, 255))
def test_state_with_a_changed_byte_is_refused(key: PrivateKey, place: int, change: int) -> None:
    data = bytearray(_one_state(key))
    assert len(data) == 1378
    data[place] ^= change
    with pytest.raises((EncodingError, InvalidKeyError)):
        BlindingState.from_secret(key.public_key, Secret(bytes(data)))


_STATES: dict[PublicKey, bytes] = {}


def _one_state(key: PrivateKey) -> bytes:
    if key.public_key not in _STATES:
        _, state = blind(key.public_key, b"a message of 23 bytes..")
        _STATES[key.public_key] = state.to_secret().reveal()
    return _STATES[key.public_key]


def test_state_cut_or_extended_is_refused(key: PrivateKey) -> None:
    data = _one_state(key)
    for wrong in [data[:end] for end in range(0, len(data), 7)] + [data[:-1], data + b"\0", data + bytes(8)]:
        with pytest.raises(EncodingError):
            BlindingState.from_secret(key.public_key, Secret(wrong))


def test_state_with_fields_of_other_lengths_is_refused(key: PrivateKey) -> None:
    fields = unframe(_one_state(key), 7)
    assert frame(*fields) == _one_state(key)
    for place in range(2, 6):
        for wrong in (b"\0" + fields[place], fields[place][1:], b""):
            changed = [*fields[:place], wrong, *fields[place + 1 :]]
            with pytest.raises(EncodingError, match="another length"):
                BlindingState.from_secret(key.public_key, Secret(frame(*changed)))
    # Bytes that move from one field to the next leave prefix and message as they were when joined.
    moved = [*fields[:5], fields[5] + fields[6][:1], fields[6][1:]]
    with pytest.raises(EncodingError, match="another length"):
        BlindingState.from_secret(key.public_key, Secret(frame(*moved)))


def test_state_with_numbers_that_are_not_reduced_is_refused(key: PrivateKey) -> None:
    fields = unframe(_one_state(key), 7)
    n = key.public_key.n
    for place in (2, 3):
        value = int.from_bytes(fields[place], "big")
        for wrong in (value + n, n, 2**3072 - 1, 0):
            if wrong >= 2**3072:
                continue
            changed = [*fields[:place], wrong.to_bytes(384, "big"), *fields[place + 1 :]]
            with pytest.raises(EncodingError):
                BlindingState.from_secret(key.public_key, Secret(frame(*changed)))


def test_state_of_another_variant_is_refused(key: PrivateKey) -> None:
    opening = blind_rsa._Opening(b"message", b"", bytes(48), 1)
    state = blind_rsa._blind(key.public_key, opening, 1, blind_rsa.PSS_DETERMINISTIC)
    with pytest.raises(EncodingError, match="not a blinding state"):
        BlindingState.from_secret(key.public_key, state.to_secret())
