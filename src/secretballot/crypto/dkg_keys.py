"""The secret keys before and after a COCKTAIL-DKG session: a trustee's static key, and its key share.

Both have a fixed layout for a trustee's key file, which is encrypted elsewhere. Scalars and points are
encoded as in C2SP COCKTAIL-DKG v0.2.1, "Primitive Types": 32 bytes each.
"""

from __future__ import annotations

from typing import NoReturn

from ..errors import InvalidElementError, InvalidKeyError, InvalidScalarError
from .group import Element, Scalar, ristretto255
from .secret import Secret

INDEX_SIZE = 4
#: index (little-endian) || share || verification key || group key, in bytes.
KEY_SHARE_SIZE = INDEX_SIZE + ristretto255.scalar_size + 2 * ristretto255.element_size


class StaticKey:
    """A trustee's long-term key pair (d, P = d B). ``public`` has 32 bytes. Made by :meth:`generate`, or read
    back by :meth:`from_secret`."""

    __slots__ = ("_scalar", "public")

    def __init__(self, scalar: Scalar) -> None:
        if scalar.is_zero():
            raise InvalidKeyError("a static key is not zero")
        self._scalar = scalar
        self.public: bytes = ristretto255.multiply_generator(scalar).encode()

    @classmethod
    def generate(cls) -> StaticKey:
        """A new key from the operating system's generator."""
        return cls(ristretto255.random_scalar())

    @classmethod
    def from_secret(cls, secret: Secret[bytes]) -> StaticKey:
        """The key of its 32 bytes; raises InvalidKeyError for any that :meth:`to_secret` cannot give."""
        try:
            return cls(ristretto255.decode_scalar(secret.reveal()))
        except InvalidScalarError:
            raise InvalidKeyError("a static key is a canonical scalar") from None

    def to_secret(self) -> Secret[bytes]:
        """The 32 bytes of d, for a trustee's key file."""
        return Secret(self._scalar.encode())

    def reveal(self) -> Scalar:
        """d itself, for the rounds of the protocol."""
        return self._scalar

    def __repr__(self) -> str:
        return f"<StaticKey of {self.public.hex()}, redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a StaticKey is secret and is never pickled")


class KeyShare:
    """A trustee's share of the group's key: the outcome of a session.

    ``index`` is the trustee's, from 1; ``share`` is the secret x_i; ``verification_key`` is x_i B, and
    ``group_key`` the key that the threshold of shares belong to: both public. Raises InvalidKeyError for an
    index outside 1..2**32 - 1, where the share does not belong to the verification key ("Round 2", step 4.4),
    and for an identity.
    """

    __slots__ = ("group_key", "index", "share", "verification_key")

    def __init__(self, index: int, share: Scalar, verification_key: Element, group_key: Element) -> None:
        if not 1 <= index < 2 ** (8 * INDEX_SIZE):
            raise InvalidKeyError("a key share's index is at least 1 and below 2**32")
        if group_key.is_identity() or verification_key.is_identity():
            raise InvalidKeyError("a key of the group is not the identity")
        if ristretto255.multiply_generator(share) != verification_key:
            raise InvalidKeyError("the key share does not belong to its verification key")
        self.index = index
        self.share = share
        self.verification_key = verification_key
        self.group_key = group_key

    @classmethod
    def from_secret(cls, secret: Secret[bytes]) -> KeyShare:
        """The share of its 100 bytes; raises InvalidKeyError for any that :meth:`to_secret` cannot give."""
        data = secret.reveal()
        if len(data) != KEY_SHARE_SIZE:
            raise InvalidKeyError(f"a key share has {KEY_SHARE_SIZE} bytes, not {len(data)}")
        points = INDEX_SIZE + ristretto255.scalar_size
        try:
            share = ristretto255.decode_scalar(data[INDEX_SIZE:points])
            verification_key, group_key = ristretto255.decode_elements(data[points:])
        except (InvalidScalarError, InvalidElementError):
            raise InvalidKeyError("a key share's scalar and points are canonical") from None
        return cls(int.from_bytes(data[:INDEX_SIZE], "little"), share, verification_key, group_key)

    def to_secret(self) -> Secret[bytes]:
        """index (4 bytes, little-endian) || share || verification key || group key: 100 bytes, for a key
        file."""
        index = self.index.to_bytes(INDEX_SIZE, "little")
        points = ristretto255.encode_elements([self.verification_key, self.group_key])
        return Secret(index + self.share.encode() + points)

    def __repr__(self) -> str:
        return f"<KeyShare of trustee {self.index}, redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KeyShare is secret and is never pickled")
