"""What the protocol needs of a prime-order group. Hazardous material: see :mod:`secretballot.crypto`.

Two kinds of number go in, and they are never mixed:

* a :class:`Scalar` is *secret*: its repr is redacted, its comparison is constant time, and it is multiplied by the
  backend's constant-time code where the backend has any;
* a plain ``int`` in [0, order) is *public*: coefficients and responses of proofs, in variable time.

Names and rules follow draft-irtf-cfrg-sigma-protocols, "Group abstraction": encodings have a fixed length, there is
one encoding for each element, and the identity is neither encoded nor decoded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import Self

from .logarithm import BabySteps, PlainBabySteps
from .system import Answered, Branch, PlainSystem, System, sum_of_systems


class Scalar(ABC):
    """A secret integer modulo the group's order."""

    __slots__ = ()

    @abstractmethod
    def __add__(self, other: Self) -> Self: ...

    @abstractmethod
    def __sub__(self, other: Self) -> Self: ...

    @abstractmethod
    def __mul__(self, other: Self) -> Self: ...

    @abstractmethod
    def __neg__(self) -> Self: ...

    @abstractmethod
    def invert(self) -> Self:
        """The multiplicative inverse; raises InvalidScalarError for zero."""

    @abstractmethod
    def is_zero(self) -> bool: ...

    @abstractmethod
    def encode(self) -> bytes:
        """The canonical encoding, ``scalar_size`` bytes. The caller decides that it may leave."""

    @abstractmethod
    def __eq__(self, other: object) -> bool:
        """Constant-time comparison."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} redacted>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Scalar is secret and is never pickled")


class Element(ABC):
    """A group element. Public; written additively. ristretto255's are pickled as their encodings, and decoded as
    strictly as any."""

    __slots__ = ()

    @abstractmethod
    def __add__(self, other: Self) -> Self: ...

    @abstractmethod
    def __sub__(self, other: Self) -> Self: ...

    @abstractmethod
    def __neg__(self) -> Self: ...

    @abstractmethod
    def __mul__(self, scalar: Scalar) -> Self:
        """Multiplication by a secret scalar (constant time on a constant-time backend)."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    @abstractmethod
    def __hash__(self) -> int: ...

    @abstractmethod
    def is_identity(self) -> bool: ...

    @abstractmethod
    def encode(self) -> bytes:
        """The canonical encoding, ``element_size`` bytes; raises InvalidElementError for the identity."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'identity' if self.is_identity() else self.encode().hex()}>"


class FixedBase(ABC):
    """A table of multiples of one element, for many multiplications by secret scalars."""

    @property
    @abstractmethod
    def element(self) -> Element: ...

    @abstractmethod
    def multiply(self, scalar: Scalar) -> Element: ...


class Group(ABC):
    """A group of prime order. ``suite`` is the ciphersuite identifier that enters every proof's tag."""

    name: str
    suite: str
    order: int
    element_size: int
    scalar_size: int
    #: Whether operations on a Scalar take constant time.
    constant_time: bool

    @property
    @abstractmethod
    def generator(self) -> Element: ...

    @property
    @abstractmethod
    def identity(self) -> Element: ...

    # Secret scalars.

    @abstractmethod
    def scalar(self, value: int) -> Scalar:
        """``value`` reduced modulo the order."""

    @abstractmethod
    def random_scalar(self) -> Scalar:
        """A uniform scalar, never zero, from the operating system's generator."""

    @abstractmethod
    def decode_scalar(self, data: bytes) -> Scalar:
        """The scalar of a canonical encoding; raises InvalidScalarError on any other bytes."""

    # Public integers.

    @abstractmethod
    def encode_integers(self, values: Iterable[int]) -> bytes:
        """Canonical encodings, concatenated; raises InvalidScalarError (with its index) outside [0, order)."""

    @abstractmethod
    def decode_integers(self, data: bytes) -> list[int]:
        """The inverse; raises InvalidScalarError with the index, or for a length that is no multiple."""

    # Elements.

    @abstractmethod
    def encode_elements(self, elements: Iterable[Element]) -> bytes:
        """Canonical encodings, concatenated; raises InvalidElementError with the index for an identity."""

    @abstractmethod
    def decode_elements(self, data: bytes) -> list[Element]:
        """The inverse; raises InvalidElementError with the index for bytes that are not canonical, for the
        identity, or for a length that is no multiple of ``element_size``."""

    @abstractmethod
    def hash_to_element(self, data: bytes, domain: bytes) -> Element:
        """An element of unknown logarithm (RFC 9380 for curves; RFC 9380 Appendix B for ristretto255)."""

    def hash_to_elements(self, messages: Sequence[bytes], domain: bytes) -> list[Element]:
        """:meth:`hash_to_element` of each."""
        return [self.hash_to_element(message, domain) for message in messages]

    # Arithmetic.

    @abstractmethod
    def multiply_generator(self, scalar: Scalar) -> Element: ...

    @abstractmethod
    def fixed_base(self, element: Element) -> FixedBase: ...

    @abstractmethod
    def sum(self, elements: Iterable[Element]) -> Element: ...

    @abstractmethod
    def sum_of_products(self, coefficients: Sequence[int], elements: Sequence[Element]) -> Element:
        """The multi-scalar multiplication of public integers, in variable time; the identity for none.
        Raises ValueError where the lengths differ."""

    def sum_of_secret_products(self, scalars: Sequence[Scalar], elements: Sequence[Element]) -> Element:
        """The multi-scalar multiplication of secret scalars, in constant time on a constant-time backend; the identity
        for none. Raises ValueError where the lengths differ."""
        if len(scalars) != len(elements):
            raise ValueError("as many scalars as elements are needed")
        return self.sum(element * scalar for scalar, element in zip(scalars, elements, strict=True))

    def sum_columns(self, rows: Sequence[Sequence[Element]]) -> list[Element]:
        """The sum of each column of one or more rows of the same length; raises ValueError where the lengths differ."""
        return [self.sum(column) for column in zip(*rows, strict=True)]

    def system(self, num_elements: int, clauses: Sequence[Sequence[Branch]]) -> System:
        """The equations of proofs over so many elements, compiled; raises ValueError as
        :func:`~.system.check_system` does."""
        return PlainSystem(self, num_elements, clauses)

    def sum_of_systems(self, answered: Sequence[Answered], weights: bytes) -> Element:
        """The weighted sum of all equations of several proofs: the identity, but for a chance of 2**-128, exactly where
        every equation holds. Each equation has a weight of :data:`~.system.WEIGHT_SIZE` bytes, in order. Raises
        ValueError for another length."""
        return sum_of_systems(self, answered, weights)

    @abstractmethod
    def lookup_keys(self, elements: Sequence[Element]) -> list[Hashable]:
        """For each element a value that is equal exactly when the elements are equal; cheaper in bulk than
        encodings, and defined for the identity."""

    def baby_steps(self, count: int) -> BabySteps:
        """A table for logarithms below the count's square; raises ValueError for a count not in 1 to
        :data:`~.logarithm.MAX_STEPS`."""
        return PlainBabySteps(self, count)
