"""The Schnorr signatures of COCKTAIL-DKG; their vectors are in tests/vectors/test_dkg.py."""

from __future__ import annotations

import pytest

from secretballot.crypto import schnorr
from secretballot.crypto.group import ristretto255
from secretballot.errors import CryptoError, InvalidKeyError, InvalidSignatureError

ORDER = ristretto255.order
MESSAGE = b"message"
SECRET = ristretto255.scalar(1234567)
PUBLIC = ristretto255.multiply_generator(SECRET)
SIGNATURE = schnorr.sign(SECRET, MESSAGE)


def test_a_signature_verifies_and_is_deterministic() -> None:
    assert len(SIGNATURE) == schnorr.SIGNATURE_SIZE == 64
    schnorr.verify(PUBLIC, MESSAGE, SIGNATURE)
    assert schnorr.sign(SECRET, MESSAGE) == SIGNATURE
    schnorr.verify(PUBLIC, b"", schnorr.sign(SECRET, b""))


def test_another_message_gives_another_nonce() -> None:
    assert schnorr.sign(SECRET, MESSAGE + b"!")[:32] != SIGNATURE[:32]
    assert schnorr.sign(SECRET + SECRET, MESSAGE)[:32] != SIGNATURE[:32]


@pytest.mark.parametrize("message", [b"", b"Message", MESSAGE + b"\0", MESSAGE[:-1]])
def test_another_message_is_refused(message: bytes) -> None:
    with pytest.raises(InvalidSignatureError):
        schnorr.verify(PUBLIC, message, SIGNATURE)


def test_another_key_is_refused() -> None:
    for key in (ristretto255.generator, -PUBLIC, PUBLIC + PUBLIC):
        with pytest.raises(InvalidSignatureError):
            schnorr.verify(key, MESSAGE, SIGNATURE)


@pytest.mark.parametrize("position", range(64))
def test_every_changed_byte_is_refused(position: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[position] ^= 1 << (position % 8)
    with pytest.raises(InvalidSignatureError):
        schnorr.verify(PUBLIC, MESSAGE, bytes(changed))


@pytest.mark.parametrize("signature", [b"", SIGNATURE[:-1], SIGNATURE + b"\0", SIGNATURE * 2, SIGNATURE[:32]])
def test_every_other_length_is_refused(signature: bytes) -> None:
    with pytest.raises(InvalidSignatureError, match="64 bytes"):
        schnorr.verify(PUBLIC, MESSAGE, signature)


def test_what_is_not_canonical_is_refused() -> None:
    response = int.from_bytes(SIGNATURE[32:], "little")
    for shifted in (response + ORDER, response + 7 * ORDER, ORDER, 2**256 - 1):
        with pytest.raises(InvalidSignatureError, match="canonical"):
            schnorr.verify(PUBLIC, MESSAGE, SIGNATURE[:32] + shifted.to_bytes(32, "little"))
    for point in (bytes(32), b"\xff" * 32, b"\1" + bytes(31)):
        with pytest.raises(InvalidSignatureError, match="canonical"):
            schnorr.verify(PUBLIC, MESSAGE, point + SIGNATURE[32:])


def test_the_identity_as_commitment_is_refused() -> None:
    """With R the identity, z = c x: the equation would hold."""
    challenge = schnorr._challenge(bytes(32), PUBLIC.encode(), MESSAGE)
    forged = bytes(32) + (ristretto255.scalar(challenge) * SECRET).encode()
    with pytest.raises(InvalidSignatureError, match="canonical"):
        schnorr.verify(PUBLIC, MESSAGE, forged)


def test_a_key_of_zero_is_refused() -> None:
    with pytest.raises(InvalidKeyError):
        schnorr.sign(ristretto255.scalar(0), MESSAGE)
    with pytest.raises(InvalidKeyError):
        schnorr.verify(ristretto255.identity, MESSAGE, SIGNATURE)


def test_a_nonce_of_zero_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schnorr, "_nonce", lambda secret, message: ristretto255.scalar(0))
    with pytest.raises(CryptoError, match="nonce"):
        schnorr.sign(SECRET, MESSAGE)
