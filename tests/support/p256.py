"""P-256 behind the Group interface, for the official vectors of the sigma-protocol drafts. Tests alone use it.

SEC 1 version 2.0 (section 2.3) for encodings, SP 800-186 for the parameters. Slow, and in variable time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress

from secretballot.crypto.group import Element, FixedBase, Group, Scalar
from secretballot.errors import CryptoError, InvalidElementError, InvalidScalarError

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE_X = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
BASE_Y = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5

# Jacobian coordinates: x = X/Z^2, y = Y/Z^3; the identity has Z = 0.
Point = tuple[int, int, int]
IDENTITY: Point = (1, 1, 0)


def _double(a: Point) -> Point:
    x, y, z = a
    if z == 0 or y == 0:
        return IDENTITY
    yy = y * y % P
    s = 4 * x * yy % P
    zz = z * z % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(a: Point, b: Point) -> Point:
    x1, y1, z1 = a
    x2, y2, z2 = b
    if z1 == 0:
        return b
    if z2 == 0:
        return a
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * zz2 % P * z2 % P, y2 * zz1 % P * z1 % P
    if u1 == u2:
        return _double(a) if s1 == s2 else IDENTITY
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 % P * z2 % P


def _sum_of_products(coefficients: Sequence[int], points: Sequence[Point]) -> Point:
    total = IDENTITY
    for bit in range(max((c.bit_length() for c in coefficients), default=0) - 1, -1, -1):
        total = _double(total)
        for coefficient, point in zip(coefficients, points, strict=True):
            if coefficient >> bit & 1:
                total = _add(total, point)
    return total


class P256Scalar(Scalar):
    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        self._value = value

    def __add__(self, other: P256Scalar) -> P256Scalar:
        return P256Scalar((self._value + other._value) % ORDER)

    def __sub__(self, other: P256Scalar) -> P256Scalar:
        return P256Scalar((self._value - other._value) % ORDER)

    def __mul__(self, other: P256Scalar) -> P256Scalar:
        return P256Scalar(self._value * other._value % ORDER)

    def __neg__(self) -> P256Scalar:
        return P256Scalar(-self._value % ORDER)

    def invert(self) -> P256Scalar:
        if self._value == 0:
            raise InvalidScalarError("zero has no inverse")
        return P256Scalar(pow(self._value, -1, ORDER))

    def is_zero(self) -> bool:
        return self._value == 0

    def encode(self) -> bytes:
        return self._value.to_bytes(32, "big")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, P256Scalar):
            return NotImplemented
        return hmac.compare_digest(self.encode(), other.encode())


class P256Element(Element):
    __slots__ = ("_point",)

    def __init__(self, point: Point) -> None:
        self._point = point

    def __add__(self, other: P256Element) -> P256Element:
        return P256Element(_add(self._point, other._point))

    def __sub__(self, other: P256Element) -> P256Element:
        return self + -other

    def __neg__(self) -> P256Element:
        x, y, z = self._point
        return P256Element((x, -y % P, z))

    def __mul__(self, scalar: Scalar) -> P256Element:
        if not isinstance(scalar, P256Scalar):
            return NotImplemented
        return P256Element(_sum_of_products([scalar._value], [self._point]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, P256Element):
            return NotImplemented
        return self._affine() == other._affine()

    def __hash__(self) -> int:
        return hash(self._affine())

    def _affine(self) -> tuple[int, int] | None:
        x, y, z = self._point
        if z == 0:
            return None
        inverse = pow(z, -1, P)
        square = inverse * inverse % P
        return x * square % P, y * square % P * inverse % P

    def is_identity(self) -> bool:
        return self._point[2] == 0

    def encode(self) -> bytes:
        affine = self._affine()
        if affine is None:
            raise InvalidElementError("the identity has no encoding here")
        return bytes([2 | affine[1] & 1]) + affine[0].to_bytes(32, "big")


class P256FixedBase(FixedBase):
    def __init__(self, element: Element) -> None:
        self._element = element

    @property
    def element(self) -> Element:
        return self._element

    def multiply(self, scalar: Scalar) -> Element:
        return self._element * scalar


class P256Group(Group):
    name = "P-256"
    suite = "sigma-proofs_Shake128_P256"
    order = ORDER
    element_size = 33
    scalar_size = 32
    constant_time = False

    @property
    def generator(self) -> Element:
        return P256Element((BASE_X, BASE_Y, 1))

    @property
    def identity(self) -> Element:
        return P256Element(IDENTITY)

    def scalar(self, value: int) -> Scalar:
        return P256Scalar(value % ORDER)

    def random_scalar(self) -> Scalar:
        return P256Scalar(1 + secrets.randbelow(ORDER - 1))

    def decode_scalar(self, data: bytes) -> Scalar:
        if len(data) != 32:
            raise InvalidScalarError(f"a scalar has 32 bytes, not {len(data)}")
        return P256Scalar(self.decode_integers(data)[0])

    def encode_integers(self, values: Iterable[int]) -> bytes:
        out = b""
        for index, value in enumerate(values):
            if not 0 <= value < ORDER:
                raise InvalidScalarError("not in [0, order)", index=index)
            out += value.to_bytes(32, "big")
        return out

    def decode_integers(self, data: bytes) -> list[int]:
        if len(data) % 32:
            raise InvalidScalarError("a part of a scalar", index=len(data) // 32)
        out = []
        for index in range(len(data) // 32):
            value = int.from_bytes(data[32 * index : 32 * (index + 1)], "big")
            if value >= ORDER:
                raise InvalidScalarError("not below the group's order", index=index)
            out.append(value)
        return out

    def encode_elements(self, elements: Iterable[Element]) -> bytes:
        out = b""
        for index, element in enumerate(elements):
            if element.is_identity():
                raise InvalidElementError("the identity has no encoding here", index=index)
            out += element.encode()
        return out

    def decode_elements(self, data: bytes) -> list[Element]:
        if len(data) % 33:
            raise InvalidElementError("a part of an element", index=len(data) // 33)
        return [self._decode(data[33 * i : 33 * (i + 1)], i) for i in range(len(data) // 33)]

    def _decode(self, data: bytes, index: int) -> Element:
        x = int.from_bytes(data[1:], "big")
        square = (x * x * x - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if data[0] not in (2, 3) or x >= P or y * y % P != square:
            raise InvalidElementError("not the canonical encoding of an element", index=index)
        return P256Element((x, y if y & 1 == data[0] & 1 else P - y, 1))

    def hash_to_element(self, data: bytes, domain: bytes) -> Element:
        # By trial, and not by RFC 9380: tests need some element, and not that one.
        for counter in range(256):
            x = hashlib.sha256(domain + data + bytes([counter])).digest()
            with suppress(CryptoError):
                return self.decode_elements(b"\x02" + x)[0]
        raise AssertionError("half of all numbers are the place of a point")

    def multiply_generator(self, scalar: Scalar) -> Element:
        return self.generator * scalar

    def fixed_base(self, element: Element) -> FixedBase:
        return P256FixedBase(element)

    def sum(self, elements: Iterable[Element]) -> Element:
        total = self.identity
        for element in elements:
            total = total + element
        return total

    def sum_of_products(self, coefficients: Sequence[int], elements: Sequence[Element]) -> Element:
        if len(coefficients) != len(elements):
            raise ValueError(f"{len(coefficients)} coefficients for {len(elements)} elements")
        points = []
        for element in elements:
            if not isinstance(element, P256Element):
                raise TypeError("a P256Element is expected")
            points.append(element._point)
        return P256Element(_sum_of_products([c % ORDER for c in coefficients], points))

    def lookup_keys(self, elements: Sequence[Element]) -> list[Hashable]:
        return [b"" if element.is_identity() else element.encode() for element in elements]


p256: Group = P256Group()
