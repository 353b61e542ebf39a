"""The Fiat-Shamir transformation of draft-irtf-cfrg-fiat-shamir, with SHAKE128.

The application makes a session identifier from everything that fixes the context (:func:`derive_session_id`), starts
a :class:`DuplexSponge` with it, absorbs the whole statement and each prover message, and squeezes challenges.
Section names below are the draft's.
"""

from __future__ import annotations

import hashlib

from ..errors import EncodingError

#: What is absorbed: bytes, or a part of some that is not copied.
Buffer = bytes | memoryview

RATE = 168
SESSION_ID_SIZE = 32
#: Bytes squeezed beyond an integer's own length, so that its reduction is biased by at most 2**-128.
EXTRA = 16

_SESSION_LABEL = b"irtf-cfrg-fiat-shamir/session-id"


class DuplexSponge:
    """The duplex sponge over an extendable output function ("Init", "Absorb", "Squeeze")."""

    __slots__ = ("_hash", "_offset")

    def __init__(self, session_id: bytes) -> None:
        if len(session_id) != SESSION_ID_SIZE:
            raise EncodingError(f"a session identifier has {SESSION_ID_SIZE} bytes, not {len(session_id)}")
        self._hash = hashlib.shake_128(session_id + bytes(RATE - SESSION_ID_SIZE))
        self._offset = 0

    def absorb(self, data: Buffer) -> None:
        """Absorbs ``data``. The empty string leaves the state, and the place in its output, untouched."""
        if data:
            self._hash.update(data)
            self._offset = 0

    def squeeze(self, size: int) -> bytes:
        """The next ``size`` bytes; consecutive calls continue one stream until something is absorbed."""
        end = self._offset + size
        out = self._hash.digest(end)[self._offset :]
        self._offset = end
        return out


def derive_session_id(tag: bytes) -> bytes:
    """DeriveSessionID: 32 bytes from a tag that names argument, codecs, application and context."""
    sponge = DuplexSponge(_SESSION_LABEL)
    sponge.absorb(tag)
    return sponge.squeeze(SESSION_ID_SIZE)


def integer_size(modulus: int) -> int:
    """Ns: the fixed size in bytes of an integer below ``modulus``."""
    return ((modulus - 1).bit_length() + 7) // 8


def decode_uint(data: bytes, modulus: int) -> int:
    """DecodeUint: Ns + 16 squeezed bytes, little-endian, reduced."""
    if len(data) != integer_size(modulus) + EXTRA:
        raise EncodingError(f"{integer_size(modulus) + EXTRA} bytes are expected, there are {len(data)}")
    return int.from_bytes(data, "little") % modulus


def serialize_uint(value: int, modulus: int) -> bytes:
    """SerializeUint: fixed-width little-endian."""
    if not 0 <= value < modulus:
        raise EncodingError("the integer is not below the modulus")
    return value.to_bytes(integer_size(modulus), "little")


def deserialize_uint(data: bytes, modulus: int) -> tuple[int, bytes]:
    """DeserializeUint: the integer and the unread rest; refuses what is short or not below ``modulus``."""
    size = integer_size(modulus)
    if len(data) < size:
        raise EncodingError("too short for an integer")
    value = int.from_bytes(data[:size], "little")
    if value >= modulus:
        raise EncodingError("the integer is not below the modulus")
    return value, data[size:]


def deserialize_field(data: bytes, prime: int, degree: int) -> tuple[tuple[int, ...], bytes]:
    """DeserializeField: ``degree`` coordinates, and the unread rest."""
    coordinates = []
    for _ in range(degree):
        value, data = deserialize_uint(data, prime)
        coordinates.append(value)
    return tuple(coordinates), data


def serialize_string(data: bytes) -> bytes:
    """SerializeVarLenString: a 4-byte little-endian length, then the bytes."""
    return len(data).to_bytes(4, "little") + data


def deserialize_string(data: bytes) -> tuple[bytes, bytes]:
    """DeserializeVarLenString: the string and the unread rest."""
    if len(data) < 4 or len(data) - 4 < (size := int.from_bytes(data[:4], "little")):
        raise EncodingError("too short for its length prefix")
    return data[4 : 4 + size], data[4 + size :]
