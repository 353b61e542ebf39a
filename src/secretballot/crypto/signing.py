"""Ed25519 signatures (RFC 8032), by PyNaCl. libsodium refuses small-order keys and non-canonical S."""

from __future__ import annotations

import nacl.exceptions
import nacl.signing

from ..errors import InvalidKeyError, InvalidSignatureError
from .secret import Secret

PUBLIC_KEY_SIZE = 32
SIGNATURE_SIZE = 64
SEED_SIZE = 32


class VerifyKey:
    """A public key of 32 bytes. Raises InvalidKeyError for another length."""

    __slots__ = ("_key", "data")

    def __init__(self, data: bytes) -> None:
        if len(data) != PUBLIC_KEY_SIZE:
            raise InvalidKeyError(f"an Ed25519 public key has {PUBLIC_KEY_SIZE} bytes, not {len(data)}")
        self.data = bytes(data)
        self._key = nacl.signing.VerifyKey(self.data)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Returns nothing if ``signature`` (64 bytes) is this key's over ``message``; raises
        InvalidSignatureError otherwise."""
        if len(signature) != SIGNATURE_SIZE:
            raise InvalidSignatureError(
                f"an Ed25519 signature has {SIGNATURE_SIZE} bytes, not {len(signature)}"
            )
        try:
            self._key.verify(message, signature)
        except nacl.exceptions.BadSignatureError:
            raise InvalidSignatureError("the Ed25519 signature does not verify") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyKey) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"VerifyKey({self.data.hex()})"


class SigningKey:
    """A secret key; made by :meth:`generate`, or from its 32-byte seed as read back from a role's key file."""

    __slots__ = ("_key", "verify_key")

    def __init__(self, seed: Secret[bytes]) -> None:
        if len(seed.reveal()) != SEED_SIZE:
            raise InvalidKeyError(f"an Ed25519 seed has {SEED_SIZE} bytes, not {len(seed.reveal())}")
        key = nacl.signing.SigningKey(seed.reveal())
        self._key: Secret[nacl.signing.SigningKey] = Secret(key)
        self.verify_key = VerifyKey(bytes(key.verify_key))

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's generator."""
        return cls(Secret(bytes(nacl.signing.SigningKey.generate())))

    def seed(self) -> Secret[bytes]:
        """The 32-byte seed, for a role's key file."""
        return Secret(bytes(self._key.reveal()))

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over ``message``."""
        return bytes(self._key.reveal().sign(message).signature)

    def __repr__(self) -> str:
        return f"<SigningKey of {self.verify_key.data.hex()}, redacted>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a SigningKey is never pickled")
