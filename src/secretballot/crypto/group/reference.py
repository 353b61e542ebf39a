"""ristretto255 in pure Python: verifies anywhere, and is the second opinion on any faster backend.

RFC 9496 for the group, RFC 9380 (appendix B) for hashing into it. Every operation takes VARIABLE TIME, those on
secret scalars too: whoever can measure a role's computing time learns about its secrets. This backend is meant for
verification, which has none.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Hashable, Iterable, Sequence
from typing import final

from ...errors import InvalidElementError, InvalidScalarError
from .interface import Element, FixedBase, Group, Scalar
from .multiscalar import MultipleTable, sum_of_products
from .ristretto import (
    ENCODED_SIZE,
    GENERATOR,
    IDENTITY,
    ORDER,
    SCALAR_SIZE,
    Point,
    RistrettoGroup,
    add,
    decode,
    encode,
    equal,
    hash_to_point,
    invariants,
    is_identity,
    negate,
)

#: Bits of a window: a multiplication takes 32 additions for the generator, 43 for other elements.
_GENERATOR_WINDOW, _ELEMENT_WINDOW = 8, 6


@final
class ReferenceScalar(Scalar):
    """A secret integer modulo the order. Made by the group's methods, from an integer already reduced."""

    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        self._value = value

    def __add__(self, other: ReferenceScalar) -> ReferenceScalar:
        if not isinstance(other, ReferenceScalar):
            return NotImplemented
        return ReferenceScalar((self._value + other._value) % ORDER)

    def __sub__(self, other: ReferenceScalar) -> ReferenceScalar:
        if not isinstance(other, ReferenceScalar):
            return NotImplemented
        return ReferenceScalar((self._value - other._value) % ORDER)

    def __mul__(self, other: ReferenceScalar) -> ReferenceScalar:
        if not isinstance(other, ReferenceScalar):
            return NotImplemented
        return ReferenceScalar(self._value * other._value % ORDER)

    def __neg__(self) -> ReferenceScalar:
        return ReferenceScalar(-self._value % ORDER)

    def invert(self) -> ReferenceScalar:
        """The multiplicative inverse; raises InvalidScalarError for zero."""
        if self._value == 0:
            raise InvalidScalarError("zero has no inverse")
        return ReferenceScalar(pow(self._value, -1, ORDER))

    def is_zero(self) -> bool:
        """Whether the scalar is zero."""
        return self._value == 0

    def encode(self) -> bytes:
        """32 bytes, little-endian (RFC 9496, section 4.4)."""
        return self._value.to_bytes(SCALAR_SIZE, "little")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReferenceScalar):
            return NotImplemented
        return hmac.compare_digest(self.encode(), other.encode())


@final
class ReferenceElement(Element):
    """An element, held as one of its four points and, once known, its encoding and hash key."""

    __slots__ = ("_encoding", "_key", "_point")

    def __init__(self, point: Point, encoding: bytes | None = None) -> None:
        self._point = point
        self._encoding = encoding
        self._key: int | None = None

    def __add__(self, other: ReferenceElement) -> ReferenceElement:
        if not isinstance(other, ReferenceElement):
            return NotImplemented
        return ReferenceElement(add(self._point, other._point))

    def __sub__(self, other: ReferenceElement) -> ReferenceElement:
        if not isinstance(other, ReferenceElement):
            return NotImplemented
        return ReferenceElement(add(self._point, negate(other._point)))

    def __neg__(self) -> ReferenceElement:
        return ReferenceElement(negate(self._point))

    def __mul__(self, scalar: Scalar) -> ReferenceElement:
        """Multiplication by a secret scalar, in variable time."""
        if not isinstance(scalar, ReferenceScalar):
            return NotImplemented
        return ReferenceElement(sum_of_products((scalar._value,), (self._point,)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReferenceElement):
            return NotImplemented
        return equal(self._point, other._point)

    def __hash__(self) -> int:
        if self._key is None:
            (self._key,) = invariants((self._point,))
        return hash(self._key)

    def is_identity(self) -> bool:
        """Whether this is the group's identity."""
        return is_identity(self._point)

    def encode(self) -> bytes:
        """The 32 bytes of RFC 9496, section 4.3.2; raises InvalidElementError for the identity."""
        if self._encoding is None:
            if is_identity(self._point):
                raise InvalidElementError("the identity has no encoding here")
            self._encoding = encode(self._point)
        return self._encoding

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (b"" if self.is_identity() else self.encode(),)


@final
class ReferenceFixedBase(FixedBase):
    """A table of multiples of one element, built at the first multiplication.

    Building it takes as long as some ten multiplications without it.
    """

    __slots__ = ("_element", "_table", "_window")

    def __init__(self, element: ReferenceElement, window: int = _ELEMENT_WINDOW) -> None:
        self._element = element
        self._window = window
        self._table: MultipleTable | None = None

    @property
    def element(self) -> ReferenceElement:
        """The element whose multiples the table holds."""
        return self._element

    def multiply(self, scalar: Scalar) -> ReferenceElement:
        """Multiplication by a secret scalar, in variable time."""
        value = _own_scalar(scalar)._value
        if self._table is None:
            self._table = MultipleTable(self._element._point, self._window)
        return ReferenceElement(self._table.multiply(value))

    def __repr__(self) -> str:
        return f"<ReferenceFixedBase of {self._element!r}>"


@final
class _ReferenceGroup(RistrettoGroup):
    """ristretto255 (RFC 9496) on plain integers."""

    constant_time = False

    def __init__(self) -> None:
        self._generator = ReferenceElement(GENERATOR)
        self._identity = ReferenceElement(IDENTITY)
        self._generator_table = ReferenceFixedBase(self._generator, _GENERATOR_WINDOW)

    def __repr__(self) -> str:
        return "<ristretto255, reference backend>"

    @property
    def generator(self) -> ReferenceElement:
        """The element that the base point of edwards25519 represents (RFC 9496, section 4)."""
        return self._generator

    @property
    def identity(self) -> ReferenceElement:
        """The identity, which is neither encoded nor decoded."""
        return self._identity

    # Secret scalars.

    def scalar(self, value: int) -> ReferenceScalar:
        """``value`` reduced modulo the order."""
        return ReferenceScalar(value % ORDER)

    def random_scalar(self) -> ReferenceScalar:
        """A uniform scalar, never zero, from the operating system's generator."""
        return ReferenceScalar(1 + secrets.randbelow(ORDER - 1))

    def decode_scalar(self, data: bytes) -> ReferenceScalar:
        """The scalar of 32 bytes, little-endian; raises InvalidScalarError for any other bytes."""
        _check_bytes(data)
        if len(data) != SCALAR_SIZE:
            raise InvalidScalarError(f"a scalar has {SCALAR_SIZE} bytes, not {len(data)}")
        value = int.from_bytes(data, "little")
        if value >= ORDER:
            raise InvalidScalarError("not below the group's order")
        return ReferenceScalar(value)

    # Public integers.

    def decode_integers(self, data: bytes) -> list[int]:
        """The integers of 32 bytes each, little-endian; raises InvalidScalarError with the index, also for a length
        that is no multiple."""
        out = []
        for index, piece in enumerate(_pieces(data, SCALAR_SIZE, InvalidScalarError)):
            value = int.from_bytes(piece, "little")
            if value >= ORDER:
                raise InvalidScalarError("not below the group's order", index=index)
            out.append(value)
        return out

    # Elements.

    def encode_elements(self, elements: Iterable[Element]) -> bytes:
        """32 bytes each; raises InvalidElementError with the index for an identity."""
        out = []
        for index, element in enumerate(elements):
            own = _own_element(element)
            if own.is_identity():
                raise InvalidElementError("the identity has no encoding here", index=index)
            out.append(own.encode())
        return b"".join(out)

    def decode_elements(self, data: bytes) -> list[Element]:
        """The inverse (RFC 9496, section 4.3.1).

        Raises InvalidElementError with the index for bytes that are not canonical, for the identity, and for a
        length that is no multiple of 32.
        """
        out: list[Element] = []
        for index, piece in enumerate(_pieces(data, ENCODED_SIZE, InvalidElementError)):
            point = decode(piece)
            if point is None:
                raise InvalidElementError("not the canonical encoding of an element", index=index)
            if is_identity(point):
                raise InvalidElementError("the identity", index=index)
            out.append(ReferenceElement(point, piece))
        return out

    def hash_to_element(self, data: bytes, domain: bytes) -> ReferenceElement:
        """hash_to_ristretto255 (RFC 9380, appendix B), by expand_message_xmd with SHA-512.

        Raises EncodingError for an empty domain.
        """
        return ReferenceElement(hash_to_point(data, domain))

    # Arithmetic.

    def multiply_generator(self, scalar: Scalar) -> ReferenceElement:
        """The generator times a secret scalar, in variable time; the first call builds a table."""
        return self._generator_table.multiply(scalar)

    def fixed_base(self, element: Element) -> ReferenceFixedBase:
        """A table for ``element``; the generator's is shared."""
        own = _own_element(element)
        return self._generator_table if own == self._generator else ReferenceFixedBase(own)

    def sum(self, elements: Iterable[Element]) -> ReferenceElement:
        """The sum; the identity for none."""
        total = IDENTITY
        for element in elements:
            total = add(total, _own_element(element)._point)
        return ReferenceElement(total)

    def sum_of_products(self, coefficients: Sequence[int], elements: Sequence[Element]) -> ReferenceElement:
        """The sum of public integer times element; the identity for none. Integers count modulo the order.

        Raises ValueError where the lengths differ.
        """
        if len(coefficients) != len(elements):
            raise ValueError(f"{len(coefficients)} coefficients for {len(elements)} elements")
        return ReferenceElement(
            sum_of_products(coefficients, [_own_element(item)._point for item in elements])
        )

    def lookup_keys(self, elements: Sequence[Element]) -> list[Hashable]:
        """For each element an integer that is equal exactly when the elements are; 0 for the identity."""
        return list(invariants([_own_element(element)._point for element in elements]))


def _own_element(element: Element) -> ReferenceElement:
    if not isinstance(element, ReferenceElement):
        raise TypeError(f"a ReferenceElement is expected, not {type(element).__name__}")
    return element


def _own_scalar(scalar: Scalar) -> ReferenceScalar:
    if not isinstance(scalar, ReferenceScalar):
        raise TypeError(f"a ReferenceScalar is expected, not {type(scalar).__name__}")
    return scalar


def _check_bytes(data: bytes) -> None:
    if not isinstance(data, bytes):  # Something else with bytes in it could change meanwhile.
        raise TypeError(f"bytes are expected, not {type(data).__name__}")


def _pieces(
    data: bytes, size: int, error: type[InvalidElementError] | type[InvalidScalarError]
) -> list[bytes]:
    _check_bytes(data)
    whole, rest = divmod(len(data), size)
    if rest:
        raise error(f"{size} bytes are expected, there are {rest}", index=whole)
    return [data[start : start + size] for start in range(0, len(data), size)]


_group = _ReferenceGroup()
#: The group, with the reference backend.
ristretto255: Group = _group


def _restore(data: bytes) -> Element:
    # Pickles name it.
    return _group.restore(data)
