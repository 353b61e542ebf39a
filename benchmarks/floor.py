"""What the backend's own primitives cost here and now: the floor that a stage is compared with.

The machine is noisy, so the floor is measured in the stage's own process, before it, after it and between its repeats;
and in processor seconds, since on a core that other processes share a long stage waits more than a short primitive.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from secretballot.crypto import blind_rsa
from secretballot.crypto.blind_rsa import PrivateKey
from secretballot.crypto.group import backend
from secretballot.crypto.group import ristretto255 as group
from secretballot.crypto.signing import SigningKey

from .shapes import Cost

REPEATS = 5
#: Elements that are decoded and multiplied at a time: enough for the multi-scalar multiplication to be efficient, and
#: few enough that the native backend stays on one core. The reference backend is slow, and gains nothing from many.
POINTS = {"native": 2000, "reference": 200}
#: An entry's size, roughly: what Ed25519 hashes.
MESSAGE = b"message" * 400


class Floor(NamedTuple):
    """Processor seconds an operation, on one core."""

    #: Decoding an element from 32 bytes.
    decode: float
    #: An element's part in a multi-scalar multiplication, half of the coefficients of 128 bits.
    sum_of_products: float
    #: A multiplication by a secret scalar from a table.
    fixed_base: float
    #: An element's part in a multi-scalar multiplication by secret scalars.
    secret_sum: float
    encode: float
    rsa_verify: float
    ed25519_verify: float

    def verify_ballot(self, cost: Cost) -> float:
        """Seconds for a ballot's points and its two signatures, and nothing else."""
        return (
            (cost.points + cost.mixing_points) * (self.decode + self.sum_of_products)
            + self.rsa_verify
            + self.ed25519_verify
        )

    def make_ballot(self, cost: Cost) -> float:
        """Seconds for a ballot's multiplications and encodings, and nothing else."""
        return cost.multiplications * self.fixed_base + cost.points * self.encode


class Gauge:
    """The floor's operands, made once a process; :meth:`measure` may then be called between the repeats of a stage."""

    def __init__(self, points: int = POINTS[backend.name]) -> None:
        self._scalars = [group.random_scalar() for _ in range(points)]
        self._table = group.fixed_base(group.multiply_generator(group.random_scalar()))
        self._elements = [self._table.multiply(scalar) for scalar in self._scalars]
        self._data = group.encode_elements(self._elements)
        self._coefficients = [
            secrets.randbits(128) if i % 2 else secrets.randbelow(group.order) for i in range(points)
        ]
        rsa = PrivateKey.generate()
        blinded, state = blind_rsa.blind(rsa.public_key, b"message")
        self._rsa = rsa.public_key
        self._rsa_signature = blind_rsa.finalize(state, rsa.blind_sign(blinded))
        key = SigningKey.generate()
        self._ed25519 = key.verify_key
        self._ed25519_signature = key.sign(MESSAGE)

    def measure(self, repeats: int = REPEATS) -> Floor:
        """Medians of ``repeats``."""
        elements, points, few = self._elements, len(self._elements), min(200, len(self._elements))
        return Floor(
            decode=_time(lambda: group.decode_elements(self._data), points, repeats),
            sum_of_products=_time(
                lambda: group.sum_of_products(self._coefficients, elements), points, repeats
            ),
            fixed_base=_time(lambda: [self._table.multiply(s) for s in self._scalars], points, repeats),
            secret_sum=_time(lambda: group.sum_of_secret_products(self._scalars, elements), points, repeats),
            # A sum first, since an element may remember its encoding.
            encode=_time(lambda: [(e + e).encode() for e in elements], points, repeats),
            rsa_verify=_time(lambda: self._verify_rsa(few), few, repeats),
            ed25519_verify=_time(lambda: self._verify_ed25519(few), few, repeats),
        )

    def _verify_rsa(self, count: int) -> None:
        for _ in range(count):
            blind_rsa.verify(self._rsa, b"message", self._rsa_signature)

    def _verify_ed25519(self, count: int) -> None:
        for _ in range(count):
            self._ed25519.verify(MESSAGE, self._ed25519_signature)


def middle(floors: Sequence[Floor]) -> Floor:
    """The median of each operation."""
    return Floor(*(median(values) for values in zip(*floors, strict=True)))


def _time(operation: Callable[[], object], count: int, repeats: int) -> float:
    runs = []
    for _ in range(repeats):
        start = time.process_time()
        operation()
        runs.append((time.process_time() - start) / count)
    return median(runs)
