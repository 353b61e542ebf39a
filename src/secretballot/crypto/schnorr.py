"""The Schnorr signatures of C2SP COCKTAIL-DKG v0.2.1 ("Schnorr Signature Scheme"), ristretto255 and SHA-512.

Used for its proofs of possession and for the certification of its transcript, and for nothing else. It is
neither EdDSA nor FROST: the prefixes keep it apart from both. The nonce is derived from the key and the
message, so that no failing generator reveals the key.
"""

from __future__ import annotations

import hashlib

from ..errors import (
    CryptoError,
    InvalidElementError,
    InvalidKeyError,
    InvalidScalarError,
    InvalidSignatureError,
)
from .group import Element, Scalar, ristretto255

PREFIX_CHALLENGE = b"COCKTAIL-DKG-Ristretto255-SHA512-H7"
PREFIX_NONCE = b"COCKTAIL-DKG-Ristretto255-SHA512-NONCE"
#: A point R and a scalar z, in bytes.
SIGNATURE_SIZE = ristretto255.element_size + ristretto255.scalar_size


def _wide_hash(*parts: bytes) -> int:
    """SHA-512 as a little-endian integer, which HashToScalar reduces modulo the order."""
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _nonce(secret: Scalar, message: bytes) -> Scalar:
    return ristretto255.scalar(_wide_hash(PREFIX_NONCE, secret.encode(), message))


def _challenge(commitment: bytes, public: bytes, message: bytes) -> int:
    return _wide_hash(PREFIX_CHALLENGE, commitment, public, message) % ristretto255.order


def sign(secret: Scalar, message: bytes) -> bytes:
    """The signature of 64 bytes over ``message``: R || z ("Schnorr Sign Algorithm").

    Raises InvalidKeyError for a key of zero, and CryptoError in the negligible case of a nonce of zero, which
    must not be signed with.
    """
    if secret.is_zero():
        raise InvalidKeyError("a signing key is not zero")
    nonce = _nonce(secret, message)
    if nonce.is_zero():
        raise CryptoError("the nonce is zero: this key cannot sign this message")
    public = ristretto255.multiply_generator(secret).encode()
    commitment = ristretto255.multiply_generator(nonce).encode()
    challenge = ristretto255.scalar(_challenge(commitment, public, message))
    return commitment + (nonce + challenge * secret).encode()


def verify(public: Element, message: bytes, signature: bytes) -> None:
    """Returns nothing if ``signature`` is that of the key ``public`` over ``message`` ("Schnorr Verify
    Algorithm").

    Raises InvalidSignatureError for a signature of other than 64 bytes, one that is not canonical and one
    that does not verify, and InvalidKeyError for the identity as key.
    """
    if public.is_identity():
        raise InvalidKeyError("the identity is no public key")
    if len(signature) != SIGNATURE_SIZE:
        raise InvalidSignatureError(f"a Schnorr signature has {SIGNATURE_SIZE} bytes, not {len(signature)}")
    encoded = signature[: ristretto255.element_size]
    try:
        (response,) = ristretto255.decode_integers(signature[ristretto255.element_size :])
        (commitment,) = ristretto255.decode_elements(encoded)
    except (InvalidElementError, InvalidScalarError):
        raise InvalidSignatureError("the Schnorr signature is not canonical") from None
    challenge = _challenge(encoded, public.encode(), message)
    expected = ristretto255.sum_of_products(
        [response, -challenge % ristretto255.order], [ristretto255.generator, public]
    )
    if expected != commitment:
        raise InvalidSignatureError("the Schnorr signature does not verify")
