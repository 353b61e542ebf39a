"""ristretto255 by curve25519-dalek: constant time for secrets, every core for large public sums.

The compiled module ``_native`` (``src/rust``) does the arithmetic, and this file gives it the :class:`Group` interface.
It is there when the package was built where a Rust toolchain is. Its answers and errors are those of the reference
backend: the differential tests hold both to that.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Hashable, Iterable, Sequence
from typing import final

from ...errors import InvalidScalarError
from . import _native
from .interface import Element, FixedBase, Group, Scalar
from .logarithm import BabySteps, checked_count
from .ristretto import ORDER, SCALAR_SIZE, UNIFORM_SIZE, RistrettoGroup, expand_message_xmd
from .system import Answered, BoundSystem, Branch, Equation, System, check_system

Scalar.register(_native.Scalar)
Element.register(_native.Element)
FixedBase.register(_native.FixedBase)
BoundSystem.register(_native.BoundSystem)
BabySteps.register(_native.BabySteps)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.after_fork)


@final
class _NativeSystem(System):
    """The compiled system; its coefficients cross over as encodings."""

    __slots__ = ("_system",)

    def __init__(self, group: Group, num_elements: int, clauses: Sequence[Sequence[Branch]]) -> None:
        check_system(group, num_elements, clauses)

        def encode(equation: Equation) -> _native.Equation:
            image = [(e, _encode(c)) for e, c in equation.image]
            return image, [(s, e, _encode(c)) for s, e, c in equation.terms]

        self._system = _native.System(
            num_elements,
            [
                [(branch.num_scalars, [encode(one) for one in branch.equations]) for branch in clause]
                for clause in clauses
            ],
        )

    def bind(self, challenge: int, scalars: bytes) -> BoundSystem:
        if not 0 <= challenge < ORDER:
            raise InvalidScalarError("not below the group's order")
        return self._system.bind(_encode(challenge), scalars)


def _encode(value: int) -> bytes:
    return value.to_bytes(SCALAR_SIZE, "little")


@final
class _NativeGroup(RistrettoGroup):
    """ristretto255 (RFC 9496) by the compiled module."""

    constant_time = True

    def __init__(self) -> None:
        self._generator = _native.generator()
        self._identity = _native.identity()

    def __repr__(self) -> str:
        return "<ristretto255, native backend>"

    @property
    def generator(self) -> _native.Element:
        return self._generator

    @property
    def identity(self) -> _native.Element:
        return self._identity

    # Secret scalars.

    def scalar(self, value: int) -> _native.Scalar:
        return _native.Scalar.decode((value % ORDER).to_bytes(SCALAR_SIZE, "little"))

    def random_scalar(self) -> _native.Scalar:
        while (scalar := _native.Scalar.reduce(secrets.token_bytes(UNIFORM_SIZE))).is_zero():
            pass  # Once in 2**252.
        return scalar

    def decode_scalar(self, data: bytes) -> _native.Scalar:
        return _native.Scalar.decode(data)

    # Public integers.

    def decode_integers(self, data: bytes) -> list[int]:
        _native.check_integers(data)
        read = int.from_bytes
        return [read(data[at : at + SCALAR_SIZE], "little") for at in range(0, len(data), SCALAR_SIZE)]

    # Elements.

    def encode_elements(self, elements: Iterable[Element]) -> bytes:
        return _native.encode_elements(elements)

    def decode_elements(self, data: bytes) -> list[Element]:
        return _native.decode_elements(data)

    def hash_to_element(self, data: bytes, domain: bytes) -> _native.Element:
        return _native.Element.derive(expand_message_xmd(data, domain, UNIFORM_SIZE))

    def hash_to_elements(self, messages: Sequence[bytes], domain: bytes) -> list[Element]:
        return _native.derive_elements(
            b"".join([expand_message_xmd(message, domain, UNIFORM_SIZE) for message in messages])
        )

    # Arithmetic.

    def multiply_generator(self, scalar: Scalar) -> _native.Element:
        return _native.multiply_generator(scalar)

    def fixed_base(self, element: Element) -> _native.FixedBase:
        return _native.FixedBase(element)

    def sum(self, elements: Iterable[Element]) -> _native.Element:
        return _native.sum(elements)

    def sum_of_products(self, coefficients: Sequence[int], elements: Sequence[Element]) -> _native.Element:
        size = SCALAR_SIZE
        data = b"".join([(c % ORDER).to_bytes(size, "little") for c in coefficients])
        return _native.sum_of_products(data, elements)

    def sum_of_secret_products(
        self, scalars: Sequence[Scalar], elements: Sequence[Element]
    ) -> _native.Element:
        return _native.sum_of_secret_products(scalars, elements)

    def sum_columns(self, rows: Sequence[Sequence[Element]]) -> list[Element]:
        return _native.sum_columns(rows)

    def sum_of_systems(self, answered: Sequence[Answered], weights: bytes) -> _native.Element:
        return _native.sum_of_systems(answered, weights)

    def system(self, num_elements: int, clauses: Sequence[Sequence[Branch]]) -> System:
        return _NativeSystem(self, num_elements, clauses)

    def lookup_keys(self, elements: Sequence[Element]) -> list[Hashable]:
        return _native.lookup_keys(elements)

    def baby_steps(self, count: int) -> _native.BabySteps:
        return _native.BabySteps(checked_count(count))


_group = _NativeGroup()
#: The group, with the native backend.
ristretto255: Group = _group


def _restore(data: bytes) -> Element:
    # Pickles name it: the compiled Element finds it here.
    return _group.restore(data)
