"""RSA blind signatures (RFC 9474): a signer signs a message it never sees, and anybody verifies it.

The variant is RSABSSA-SHA384-PSS-Randomized (RFC 9474 section 5), fit for messages of any entropy. The holder
of the message calls :func:`blind` and, with the signer's reply, :func:`finalize`; the signer calls
:meth:`PrivateKey.blind_sign`; everybody calls :func:`verify`.

A message has many valid signatures, so a signature is no key to find duplicates by: look at the message.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from ..errors import CryptoError, EncodingError, InvalidKeyError, InvalidSignatureError
from .encoding import frame, unframe
from .rsa_keys import ALLOWED_MODULUS_BITS, PrivateKey, PublicKey, constant_time_backend, random_unit
from .secret import Secret

__all__ = [
    "ALLOWED_MODULUS_BITS",
    "PREFIX_SIZE",
    "BlindSignature",
    "BlindingState",
    "PrivateKey",
    "PublicKey",
    "blind",
    "constant_time_backend",
    "finalize",
    "verify",
]

#: Bytes of randomness that Prepare puts before the message (RFC 9474 section 4.1).
PREFIX_SIZE = 32
_HASH_SIZE = 48
_SIGNER = "the signer"


@dataclass(frozen=True)
class Variant:
    """A named variant of RFC 9474 section 5. All of them hash with SHA-384, in MGF1 as well.

    ``salt_size`` and ``prefix_size`` are in bytes; a prefix of none is the deterministic Prepare.
    """

    name: str
    salt_size: int
    prefix_size: int


PSS_RANDOMIZED = Variant("RSABSSA-SHA384-PSS-Randomized", _HASH_SIZE, PREFIX_SIZE)
PSSZERO_RANDOMIZED = Variant("RSABSSA-SHA384-PSSZERO-Randomized", 0, PREFIX_SIZE)
PSS_DETERMINISTIC = Variant("RSABSSA-SHA384-PSS-Deterministic", _HASH_SIZE, 0)
PSSZERO_DETERMINISTIC = Variant("RSABSSA-SHA384-PSSZERO-Deterministic", 0, 0)


@dataclass(frozen=True)
class BlindSignature:
    """``prefix``: the 32 bytes that were put before the message; ``signature``: ``modulus_bytes`` bytes."""

    prefix: bytes
    signature: bytes


class _Opening(NamedTuple):
    """What links a signature to the request that it came from."""

    message: bytes
    prefix: bytes
    salt: bytes
    inverse: int


class BlindingState:
    """What the holder keeps between :func:`blind` and :func:`finalize`; secret, never shown, never pickled.

    It belongs to one request: another request, even for the same message, gets a state of its own. It never
    changes and accepts exactly one reply, so that finalizing again gives the same signature.
    ``blinded_message`` is what the signer sees; a reply that was lost is asked for again with it.
    """

    __slots__ = ("_opening", "_variant", "blinded_message", "public_key")

    def __init__(
        self, public_key: PublicKey, blinded_message: bytes, opening: Secret[_Opening], variant: Variant
    ) -> None:
        self.public_key = public_key
        self.blinded_message = blinded_message
        self._opening = opening
        self._variant = variant

    def to_secret(self) -> Secret[bytes]:
        """The state for the holder's key file: about 1.4 kB at 3072 bits, and the message."""
        opening = self._opening.reveal()
        return Secret(
            frame(
                self._variant.name,
                self.public_key.to_der(),
                self.blinded_message,
                opening.inverse.to_bytes(self.public_key.modulus_bytes, "big"),
                opening.salt,
                opening.prefix,
                opening.message,
            )
        )

    @classmethod
    def from_secret(cls, public_key: PublicKey, secret: Secret[bytes]) -> BlindingState:
        """The state that :meth:`to_secret` wrote, for the same public key.

        Raises EncodingError for bytes that are not a state, or were changed in any place; InvalidKeyError for
        a state of another key.
        """
        variant = PSS_RANDOMIZED
        size = public_key.modulus_bytes
        name, der, blinded, inverse_bytes, salt, prefix, message = unframe(secret.reveal(), 7)
        if name != variant.name.encode("ascii"):
            raise EncodingError(f"not a blinding state of {variant.name}")
        if der != public_key.to_der():
            raise InvalidKeyError("the blinding state belongs to another public key")
        sizes = (len(blinded), len(inverse_bytes), len(salt), len(prefix))
        if sizes != (size, size, variant.salt_size, variant.prefix_size):
            raise EncodingError("a field of the blinding state has another length")
        inverse = int.from_bytes(inverse_bytes, "big")
        z = int.from_bytes(blinded, "big")
        if not (0 < inverse < public_key.n and z < public_key.n):
            raise EncodingError("a number of the blinding state is not below the modulus")
        # A damaged state would have the holder blame an honest signer, so it is recomputed here.
        m = int.from_bytes(_emsa_pss_encode(prefix + message, public_key.n.bit_length() - 1, salt), "big")
        if z * public_key.public_operation(inverse) % public_key.n != m:
            raise EncodingError("the blinding state does not open its blinded message")
        return cls(public_key, blinded, Secret(_Opening(message, prefix, salt, inverse)), variant)

    def __repr__(self) -> str:
        return "<BlindingState redacted>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a BlindingState is never pickled")


def blind(public_key: PublicKey, message: bytes) -> tuple[bytes, BlindingState]:
    """Prepare and Blind (RFC 9474 sections 4.1 and 4.2): the blinded message, and the holder's secret state.

    The blinded message, ``modulus_bytes`` bytes, is for the signer; prefix, salt and factor are fresh. Raises
    InvalidKeyError where the encoded message, or every blinding factor that was tried, shares a factor with
    the modulus ("invalid input", "blinding error"): the public key is then dishonest.
    """
    variant = PSS_RANDOMIZED
    prefix = secrets.token_bytes(variant.prefix_size)
    salt = secrets.token_bytes(variant.salt_size)
    r, inverse = random_unit(public_key.n)
    state = _blind(public_key, _Opening(message, prefix, salt, inverse), r, variant)
    return state.blinded_message, state


def _blind(public_key: PublicKey, opening: _Opening, r: int, variant: Variant) -> BlindingState:
    """RFC 9474 section 4.2 with everything random given; ``opening.inverse`` is the inverse of ``r``."""
    n = public_key.n
    encoded = _emsa_pss_encode(opening.prefix + opening.message, n.bit_length() - 1, opening.salt)
    m = int.from_bytes(encoded, "big")
    if math.gcd(m, n) != 1:
        raise InvalidKeyError("the encoded message shares a factor with the RSA modulus")
    z = m * public_key.public_operation(r) % n
    return BlindingState(public_key, z.to_bytes(public_key.modulus_bytes, "big"), Secret(opening), variant)


def finalize(state: BlindingState, blind_signature: bytes) -> BlindSignature:
    """Finalize (RFC 9474 section 4.4): the signature, out of the signer's reply of ``modulus_bytes`` bytes.

    Raises InvalidSignatureError, the signer being the culprit, for every reply but one: for another length, a
    value not below n, or one that is not the blinded message's signature. The state is not spent by that.
    """
    key = state.public_key
    if len(blind_signature) != key.modulus_bytes:
        raise InvalidSignatureError(
            f"a blind signature has {key.modulus_bytes} bytes, not {len(blind_signature)}", culprit=_SIGNER
        )
    z = int.from_bytes(blind_signature, "big")
    if z >= key.n:
        raise InvalidSignatureError("a blind signature is below the modulus", culprit=_SIGNER)
    opening = state._opening.reveal()
    signature = (z * opening.inverse % key.n).to_bytes(key.modulus_bytes, "big")
    try:
        _rsassa_pss_verify(key, opening.prefix + opening.message, signature, state._variant)
    except InvalidSignatureError:
        raise InvalidSignatureError("the blind signature does not verify", culprit=_SIGNER) from None
    # More than the RFC asks: a signer that has learnt prefix and message could reply with a signature of its
    # own making (another salt), and a second finalize would then give another answer than the first.
    if key.public_operation(z) != int.from_bytes(state.blinded_message, "big"):
        raise InvalidSignatureError("not the signature of the blinded message that was sent", culprit=_SIGNER)
    return BlindSignature(opening.prefix, signature)


def verify(public_key: PublicKey, message: bytes, blind_signature: BlindSignature) -> None:
    """Verification (RFC 9474 section 4.5): RSASSA-PSS over prefix and message, SHA-384, salt of 48 bytes.

    Returns nothing on success. Raises InvalidSignatureError, also for a prefix or signature of another length
    and for a signature not below n. Use the key that was pinned beforehand and no other: for a given message
    and signature a key can be made that verifies them (RFC 9474 section 7, key substitution attacks).
    """
    if len(blind_signature.prefix) != PREFIX_SIZE:
        raise InvalidSignatureError(
            f"the prefix of a blind signature has {PREFIX_SIZE} bytes, not {len(blind_signature.prefix)}"
        )
    _rsassa_pss_verify(
        public_key, blind_signature.prefix + message, blind_signature.signature, PSS_RANDOMIZED
    )


def _rsassa_pss_verify(public_key: PublicKey, message: bytes, signature: bytes, variant: Variant) -> None:
    """RFC 8017 section 8.1.2, by ``cryptography``."""
    if len(signature) != public_key.modulus_bytes:
        raise InvalidSignatureError(
            f"an RSA signature has {public_key.modulus_bytes} bytes, not {len(signature)}"
        )
    if int.from_bytes(signature, "big") >= public_key.n:
        raise InvalidSignatureError("an RSA signature is below the modulus")
    try:
        public_key.verifier.verify(signature, message, _padding(variant.salt_size), hashes.SHA384())
    except InvalidSignature:
        raise InvalidSignatureError("the RSA signature does not verify") from None


@cache
def _padding(salt_size: int) -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA384()), salt_size)


def _emsa_pss_encode(message: bytes, em_bits: int, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE (RFC 8017 section 9.1.1) with SHA-384 and MGF1.

    ``em_bits`` is bit_len(n) - 1, as in RFC 8017 section 8.1.1. RFC 9474 writes bit_len(n), but its vectors
    have one less.
    """
    em_len = (em_bits + 7) // 8
    if em_len < _HASH_SIZE + len(salt) + 2:
        raise CryptoError("encoding error: the RSA modulus is too short")
    m_hash = hashlib.sha384(message).digest()
    h = hashlib.sha384(bytes(8) + m_hash + salt).digest()
    db_len = em_len - _HASH_SIZE - 1
    db = int.from_bytes(b"\x01" + salt, "big")
    masked_db = (db ^ int.from_bytes(_mgf1(h, db_len), "big")) & (
        (1 << (em_bits - 8 * (em_len - db_len))) - 1
    )
    return masked_db.to_bytes(db_len, "big") + h + b"\xbc"


def _mgf1(seed: bytes, size: int) -> bytes:
    """MGF1 (RFC 8017 appendix B.2.1) with SHA-384: ``size`` bytes."""
    blocks = range((size + _HASH_SIZE - 1) // _HASH_SIZE)
    return b"".join(hashlib.sha384(seed + i.to_bytes(4, "big")).digest() for i in blocks)[:size]
