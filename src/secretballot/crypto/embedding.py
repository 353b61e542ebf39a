"""Short messages as elements of ristretto255, to be read again by whoever decrypts.

By trial, as in Koblitz, "Elliptic Curve Cryptosystems" (Mathematics of Computation 48, 1987), section 3: an encoding
has 32 bytes; the message is put in the middle 30, and a counter around it, until it is the encoding of an element
(RFC 9496, section 4.3.1), as every fourth is. The lowest counter that gives one is the only one that is accepted, so
that each message has exactly one element, and no voter can be told by the counter of theirs.

A longer message goes into several elements: its length in one byte, its bytes, and zeros to the end of the last.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CryptoError, EncodingError, InvalidElementError
from .group import Element, Group

#: Bytes of a message that an element holds.
PIECE_SIZE = 30
#: The longest message in bytes: its length is one byte.
MAX_MESSAGE = 255
#: Encodings are even (RFC 9496, section 4.3.1, "negative"), and below 2**255.
_LOW = range(0, 256, 2)
_HIGH = range(128)


def width(size: int) -> int:
    """How many elements a message of up to ``size`` bytes takes; raises EncodingError for more than MAX_MESSAGE."""
    if not 0 <= size <= MAX_MESSAGE:
        raise EncodingError(f"a message has at most {MAX_MESSAGE} bytes, not {size}")
    return -(-(1 + size) // PIECE_SIZE)


def embed(group: Group, message: bytes, count: int) -> list[Element]:
    """The message in ``count`` elements; raises EncodingError where it is too long for them."""
    if len(message) > MAX_MESSAGE or width(len(message)) > count:
        raise EncodingError(f"a message of {len(message)} bytes is too long for {count} elements")
    data = (bytes([len(message)]) + message).ljust(PIECE_SIZE * count, b"\0")
    return [_embed_piece(group, data[at : at + PIECE_SIZE]) for at in range(0, len(data), PIECE_SIZE)]


def extract(group: Group, elements: Sequence[Element]) -> bytes:
    """The message in elements; raises EncodingError for elements that :func:`embed` would not have given."""
    data = b"".join(_extract_piece(group, element) for element in elements)
    if not data:
        raise EncodingError("no elements, no message")
    size, rest = data[0], data[1:]
    if size > len(rest) or any(rest[size:]):
        raise EncodingError("the message's length is not the one it says")
    return rest[:size]


def _embed_piece(group: Group, piece: bytes) -> Element:
    """Every low counter is tried, whatever the message: which of them is the first shows in no time."""
    if group.element_size != PIECE_SIZE + 2:
        raise CryptoError(f"messages cannot be embedded in {group.name}")
    for high in _HIGH:
        found = [
            element
            for low in _LOW
            if (element := _decode(group, bytes([low]) + piece + bytes([high]))) is not None
        ]
        if found:
            return found[0]
    raise EncodingError("no element holds this message")  # pragma: no cover - once in 2**6800


def _extract_piece(group: Group, element: Element) -> bytes:
    if element.is_identity():
        raise EncodingError("an element that holds no message")
    encoding = element.encode()
    piece = encoding[1:-1]
    # In the order of _embed_piece; the first that decodes must be this one.
    for high in _HIGH:
        for low in _LOW:
            candidate = bytes([low]) + piece + bytes([high])
            if candidate == encoding:
                return piece
            if _decode(group, candidate) is not None:
                raise EncodingError("an element that holds no message")
    raise EncodingError("an element that holds no message")


def _decode(group: Group, encoding: bytes) -> Element | None:
    try:
        (element,) = group.decode_elements(encoding)
    except InvalidElementError:
        return None
    return element
