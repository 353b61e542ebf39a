"""What the backend's own primitives cost here and now: the floor that a stage is compared with."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from secretballot.crypto import blind_rsa
from secretballot.crypto.blind_rsa import PrivateKey
from secretballot.crypto.group import ristretto255 as group
from secretballot.crypto.signing import SigningKey

REPEATS = 5


class Floor(NamedTuple):
    """Seconds an operation: medians of :data:`REPEATS` runs over ``points`` points."""

    decode: float
    #: A point's part in a multi-scalar multiplication, half of the coefficients of 128 bits.
    sum_of_products: float
    #: A multiplication by a secret scalar from a table.
    fixed_base: float
    encode: float
    rsa_verify: float
    ed25519_verify: float

    def verify_ballot(self, points: int) -> float:
        """Seconds for a ballot's points and signatures, and nothing else."""
        return points * (self.decode + self.sum_of_products) + self.rsa_verify + self.ed25519_verify

    def make_ballot(self, multiplications: int, points: int) -> float:
        """Seconds for a ballot's multiplications and encodings, and nothing else."""
        return multiplications * self.fixed_base + points * self.encode


def _time(operation: Callable[[], object], count: int) -> float:
    runs = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        operation()
        runs.append((time.perf_counter() - start) / count)
    return median(runs)


def measure(points: int = 2000) -> Floor:
    """Measures on one thread of control; the native backend may use more cores from some thousand points on."""
    scalars = [group.random_scalar() for _ in range(points)]
    table = group.fixed_base(group.multiply_generator(group.random_scalar()))
    elements = [table.multiply(scalar) for scalar in scalars]
    data = group.encode_elements(elements)
    coefficients = [secrets.randbits(128) if i % 2 else secrets.randbelow(group.order) for i in range(points)]
    rsa = PrivateKey.generate()
    blinded, state = blind_rsa.blind(rsa.public_key, b"message")
    signature = blind_rsa.finalize(state, rsa.blind_sign(blinded))
    key = SigningKey.generate()
    signed = key.sign(b"message" * 400)
    few = range(200)
    return Floor(
        decode=_time(lambda: group.decode_elements(data), points),
        sum_of_products=_time(lambda: group.sum_of_products(coefficients, elements), points),
        fixed_base=_time(lambda: [table.multiply(scalar) for scalar in scalars], points),
        encode=_time(lambda: [(e + e).encode() for e in elements], points),
        rsa_verify=_time(
            lambda: [blind_rsa.verify(rsa.public_key, b"message", signature) for _ in few], len(few)
        ),
        ed25519_verify=_time(
            lambda: [key.verify_key.verify(b"message" * 400, signed) for _ in few], len(few)
        ),
    )
