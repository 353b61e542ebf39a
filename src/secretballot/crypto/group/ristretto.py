"""ristretto255 on plain integers (RFC 9496, section 4): field, points, encodings, element derivation.

A point is a tuple (X, Y, Z, T) of integers in [0, p) with x = X/Z, y = Y/Z, x*y = T/Z, on the twisted Edwards
curve -x^2 + y^2 = 1 + d*x^2*y^2 (RFC 8032, section 5.1.4). Each group element has four such points.
Variable time throughout: every branch on a value is visible to who can measure time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from ...errors import EncodingError, InvalidElementError, InvalidScalarError
from .interface import Element, Group

Point = tuple[int, int, int, int]

#: The field's prime.
P = 2**255 - 19
#: The group's order.
ORDER = 2**252 + 27742317777372353535851937790883648493
ENCODED_SIZE = 32
SCALAR_SIZE = 32
#: Bytes that element derivation takes.
UNIFORM_SIZE = 64

# The constants of RFC 9496, section 4.1, as it prints them.
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = 1159843021668779879193775521855586647937357759715417654439879720876111806838
D_MINUS_ONE_SQ = 40440834346308536858101042469323190826248399146238708352240133220865137265952
D2 = 2 * D % P

IDENTITY: Point = (0, 1, 1, 0)
# The base point of edwards25519 (RFC 8032, section 5.1); it represents the generator (RFC 9496, section 4).
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
GENERATOR: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)

_XMD_BLOCK = 128
_XMD_HASH_SIZE = 64
_XMD_MAX_DOMAIN = 255


# The field.


def _power_p58(x: int) -> int:
    """x**((p - 5)/8) = x**(2**252 - 3), by the usual addition chain: a sixth faster than pow()."""
    powers = {1: x}  # exponent bits, all ones: x**(2**bits - 1)
    bits = 1
    for low in (1, 2, 1, 5, 10, 20, 10, 50, 100, 50):
        y = powers[bits]
        for _ in range(low):
            y = y * y % P
        bits += low
        powers[bits] = y * powers[low] % P
    y = powers[250]
    y = y * y % P
    return y * y % P * x % P


def sqrt_ratio_m1(u: int, v: int) -> tuple[bool, int]:
    """RFC 9496, section 4.2: (True, sqrt(u/v)) if u/v is a square, (False, sqrt(SQRT_M1*u/v)) if not.

    The root is the non-negative (even) one. (True, 0) for u = 0, (False, 0) for v = 0 and u not.
    """
    v3 = v * v % P * v % P
    uv3 = u * v3 % P
    r = uv3 * _power_p58(uv3 * v3 % P * v % P) % P
    check = v * r % P * r % P
    minus_u = -u % P
    was_square = check in (u, minus_u)
    if check == minus_u or (not was_square and check == minus_u * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return was_square, P - r if r & 1 else r


def invert_all(values: Sequence[int]) -> list[int]:
    """The inverses modulo p of values none of which is 0: one inversion, and three multiplications each.

    Montgomery's trick (Montgomery 1987, section 10.3.1).
    """
    running = 1
    before = []
    for value in values:
        before.append(running)
        running = running * value % P
    inverse = pow(running, -1, P)
    out = [0] * len(before)
    for i in range(len(before) - 1, -1, -1):
        out[i] = inverse * before[i] % P
        inverse = inverse * values[i] % P
    return out


# Points.


def add(a: Point, b: Point) -> Point:
    """The sum. The formula (RFC 8032, section 5.1.4) is complete: it has no exceptional points."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    m = (y1 - x1) * (y2 - x2) % P
    n = (y1 + x1) * (y2 + x2) % P
    c = t1 * t2 % P * D2 % P
    d = (z1 + z1) * z2 % P
    e = n - m
    f = d - c
    g = d + c
    h = n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(a: Point) -> Point:
    """Twice the point (RFC 8032, section 5.1.4)."""
    x, y, z, _ = a
    xx = x * x % P
    yy = y * y % P
    e = (x + x) * y % P
    g = yy - xx
    # E and G have the opposite signs of the standard's, and so have all four coordinates: the same point.
    f = 2 * z * z % P - g
    h = yy + xx
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(a: Point) -> Point:
    """The inverse point."""
    x, y, z, t = a
    return P - x if x else 0, y, z, P - t if t else 0


def is_identity(a: Point) -> bool:
    """Whether the point is one of the four that represent the identity: those with x*y = 0."""
    return a[0] == 0 or a[1] == 0


def equal(a: Point, b: Point) -> bool:
    """Whether both represent one element (RFC 9496, section 4.3.3)."""
    x1, y1, _, _ = a
    x2, y2, _, _ = b
    return x1 * y2 % P == y1 * x2 % P or y1 * y2 % P == x1 * x2 % P


def invariants(points: Sequence[Point]) -> list[int]:
    """For each point (x^2 + y^2)/(x*y), and 0 for the identity: equal exactly where the elements are.

    RFC 9496, section 4.3.3, calls elements equal when their ratios r = x/y are equal or inverse to one another,
    and r + 1/r is the same for exactly these two. Only the identity has 0: x*y = 0 holds for its four points
    alone, and x^2 + y^2 = 0 for points of order 8 alone, which represent no element.
    """
    denominators = [x * y % P or 1 for x, y, _, _ in points]
    return [
        0 if x == 0 or y == 0 else (x * x + y * y) * inverse % P
        for (x, y, _, _), inverse in zip(points, invert_all(denominators), strict=True)
    ]


# Encodings.


def encode(a: Point) -> bytes:
    """RFC 9496, section 4.3.2: 32 bytes; all zero for the identity."""
    x, y, z, t = a
    u1 = (z + y) * (z - y) % P
    u2 = x * y % P
    _, inverse_root = sqrt_ratio_m1(1, u1 * u2 % P * u2 % P)
    den1 = inverse_root * u1 % P
    den2 = inverse_root * u2 % P
    z_inv = den1 * den2 % P * t % P
    if t * z_inv % P & 1:
        x, y = y * SQRT_M1 % P, x * SQRT_M1 % P
        den_inv = den1 * INVSQRT_A_MINUS_D % P
    else:
        den_inv = den2
    if x * z_inv % P & 1:
        y = -y
    s = den_inv * (z - y) % P
    return (P - s if s & 1 else s).to_bytes(ENCODED_SIZE, "little")


def decode(data: bytes) -> Point | None:
    """RFC 9496, section 4.3.1: the point of 32 bytes, with Z = 1; None where they are no canonical encoding."""
    s = int.from_bytes(data, "little")
    if s >= P or s & 1:
        return None
    ss = s * s % P
    u1 = 1 - ss
    u2 = 1 + ss
    u2_sqr = u2 * u2 % P
    v = (-D * u1 * u1 - u2_sqr) % P
    was_square, inverse_root = sqrt_ratio_m1(1, v * u2_sqr % P)
    den_x = inverse_root * u2 % P
    den_y = inverse_root * den_x % P * v % P
    x = (s + s) * den_x % P
    if x & 1:
        x = P - x
    y = u1 * den_y % P
    t = x * y % P
    if not was_square or t & 1 or y == 0:
        return None
    return x, y, 1, t


# Element derivation and hashing.


def _map(t: int) -> Point:
    """The function MAP of RFC 9496, section 4.3.4."""
    r = SQRT_M1 * t % P * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio_m1(u, v)
    c = P - 1
    if not was_square:
        s = s * t % P
        s = s if s & 1 or s == 0 else P - s
        c = r
    n = (c * (r - 1) % P * D_MINUS_ONE_SQ - v) % P
    w0 = 2 * s * v % P
    w1 = n * SQRT_AD_MINUS_ONE % P
    ss = s * s % P
    w2 = 1 - ss
    w3 = 1 + ss
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def derive(uniform: bytes) -> Point:
    """The element of 64 uniform bytes (RFC 9496, section 4.3.4)."""
    halves = (uniform[:ENCODED_SIZE], uniform[ENCODED_SIZE:])
    first, second = (_map((int.from_bytes(half, "little") & (2**255 - 1)) % P) for half in halves)
    return add(first, second)


def expand_message_xmd(message: bytes, domain: bytes, size: int) -> bytes:
    """``size`` uniform bytes (at most 16320) by expand_message_xmd with SHA-512 (RFC 9380, section 5.3.1).

    A domain of more than 255 bytes is hashed first (section 5.3.3). Raises EncodingError for an empty one (which
    section 3.1 forbids) and for a size out of range.
    """
    if not domain:
        raise EncodingError("a domain-separation tag has at least one byte")
    blocks = -(-size // _XMD_HASH_SIZE)
    if not 1 <= blocks <= 255:
        raise EncodingError(f"expand_message_xmd gives 1 to {255 * _XMD_HASH_SIZE} bytes, not {size}")
    if len(domain) > _XMD_MAX_DOMAIN:
        domain = hashlib.sha512(b"H2C-OVERSIZE-DST-" + domain).digest()
    domain_prime = domain + bytes([len(domain)])
    padded = bytes(_XMD_BLOCK) + message + size.to_bytes(2, "big") + b"\0"
    first = hashlib.sha512(padded + domain_prime).digest()
    block = hashlib.sha512(first + b"\x01" + domain_prime).digest()
    out = [block]
    for i in range(2, blocks + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block, strict=True))
        block = hashlib.sha512(mixed + bytes([i]) + domain_prime).digest()
        out.append(block)
    return b"".join(out)[:size]


def hash_to_point(message: bytes, domain: bytes) -> Point:
    """hash_to_ristretto255 (RFC 9380, appendix B), by expand_message_xmd with SHA-512.

    Raises EncodingError for an empty domain.
    """
    return derive(expand_message_xmd(message, domain, UNIFORM_SIZE))


# The group.


class RistrettoGroup(Group):
    """What the backends have in common. The suite is a PRIVATE identifier, made like the identifiers of
    draft-irtf-cfrg-sigma-protocols, which registers none for this group: no interoperability is claimed."""

    name = "ristretto255"
    suite = "sigma-proofs_Shake128_ristretto255"
    order = ORDER
    element_size = ENCODED_SIZE
    scalar_size = SCALAR_SIZE

    def encode_integers(self, values: Iterable[int]) -> bytes:
        """32 bytes each, little-endian (RFC 9496, section 4.4); raises InvalidScalarError with the index outside
        [0, order)."""
        out = []
        for index, value in enumerate(values):
            if not 0 <= value < ORDER:
                raise InvalidScalarError("not in [0, order)", index=index)
            out.append(value.to_bytes(SCALAR_SIZE, "little"))
        return b"".join(out)

    def restore(self, data: bytes) -> Element:
        """The element of a pickle: of its encoding, or of no bytes for the identity.

        Raises InvalidElementError for anything else, as decoding does: bytes that were changed give no point that is
        no element.
        """
        if not isinstance(data, bytes) or len(data) not in (0, ENCODED_SIZE):
            raise InvalidElementError(f"an element is pickled as {ENCODED_SIZE} bytes, the identity as none")
        return self.decode_elements(data)[0] if data else self.identity
