"""The equations of a proof, compiled once for all proofs of one form.

A proof's *clauses* stand under one challenge. A clause has *branches*, whose challenges add up to the proof's; a
branch has its own scalars (the responses) and equations over the proof's elements. Each equation says that its
commitment, plus the branch's challenge times the image, is the map of the responses (draft-irtf-cfrg-sigma-protocols,
"Batch verification").

What is computed here are the coefficients of a weighted sum of all equations: integers modulo the order, nothing of the
group. It is the part of batch verification that a backend may do in compiled code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...errors import InvalidProofError, InvalidScalarError

if TYPE_CHECKING:
    from .interface import Element, Group

#: Bytes of a weight, little-endian.
WEIGHT_SIZE = 16
#: The most elements of a system, and the most scalars.
MAX_SIZE = 2**24


def read_weights(weights: bytes) -> list[int]:
    """The integers of weights."""
    read, size = int.from_bytes, WEIGHT_SIZE
    return [read(weights[at : at + size], "little") for at in range(0, len(weights), size)]


class Equation(NamedTuple):
    """``image``: pairs (element index, coefficient); ``terms``: triples (scalar index, element index, coefficient).

    Coefficients are public integers in [0, order).
    """

    image: tuple[tuple[int, int], ...]
    terms: tuple[tuple[int, int, int], ...]


class Branch(NamedTuple):
    """One branch of a clause: how many scalars it has, and its equations over them and the proof's elements."""

    num_scalars: int
    equations: Sequence[Equation]


class BoundSystem(ABC):
    """A system with one proof's challenge and scalars."""

    __slots__ = ()

    @abstractmethod
    def coefficients(self, weights: bytes) -> bytes:
        """The coefficients of the weighted sum: of every element, then of every commitment; encoded as by
        ``encode_integers``. There is a weight of :data:`WEIGHT_SIZE` bytes for each equation, in order; raises
        ValueError for another length."""


class System(ABC):
    """The equations of every proof of one form."""

    __slots__ = ()

    @abstractmethod
    def bind(self, challenge: int, scalars: bytes) -> BoundSystem:
        """The system with a proof's challenge in [0, order), and its encoded scalars: clause by clause the challenges
        of all branches but the last, and the responses of all branches. Raises InvalidProofError for a wrong length,
        and InvalidScalarError for a challenge out of range, or (with its index) a scalar that is not canonical."""


class Answered(NamedTuple):
    """A bound system with its elements and commitments. ``shared`` is how many of the elements, from the first, other
    proofs have as well, as the same objects."""

    bound: BoundSystem
    elements: Sequence[Element]
    commitments: Sequence[Element]
    shared: int


def check_system(group: Group, num_elements: int, clauses: Sequence[Sequence[Branch]]) -> None:
    """Returns nothing for what can be compiled; raises ValueError for a clause without branches, an index out of range,
    a coefficient that is not canonical, and for more than :data:`MAX_SIZE` elements or scalars."""
    if not all(clauses):
        raise ValueError("a clause has at least one branch")
    branches = [branch for clause in clauses for branch in clause]
    scalars = [branch.num_scalars for branch in branches]
    if min([num_elements, *scalars]) < 0 or max(num_elements, sum(scalars) + len(branches)) > MAX_SIZE:
        raise ValueError(f"a system has at most {MAX_SIZE} elements, and as many scalars")
    for num_scalars, equations in branches:
        for image, terms in equations:
            if not all(0 <= e < num_elements for e in [e for e, _ in image] + [e for _, e, _ in terms]):
                raise ValueError("an equation names an element that there is none of")
            if not all(0 <= s < num_scalars for s, _, _ in terms):
                raise ValueError("an equation names a scalar that there is none of")
            if not all(0 <= c < group.order for c in [c for _, c in image] + [c for _, _, c in terms]):
                raise ValueError("an equation's coefficient is not in the range from 0 to the group's order")


def sum_of_systems(group: Group, answered: Sequence[Answered], weights: bytes) -> Element:
    """:meth:`~.interface.Group.sum_of_systems` by one multi-scalar multiplication."""
    # Elements that proofs share (generator, election key) are gathered. They are told apart as objects, which are kept
    # alive; an element that stands here as two objects only costs a second term.
    gathered: dict[int, tuple[Element, list[int]]] = {}
    coefficients: list[int] = []
    elements: list[Element] = []
    at = 0
    for bound, given, commitments, shared in answered:
        own = tuple(given)
        end = at + WEIGHT_SIZE * len(commitments)
        values = group.decode_integers(bound.coefficients(weights[at:end]))
        at = end
        if len(own) + len(commitments) != len(values):
            raise ValueError("as many coefficients as elements are needed")
        if not 0 <= shared <= len(own):
            raise ValueError("so many elements cannot be shared")
        for element, value in zip(own[:shared], values[:shared], strict=True):
            gathered.setdefault(id(element), (element, []))[1].append(value)
        coefficients += values[shared:]
        elements += own[shared:]
        elements += commitments
    if at != len(weights):
        raise ValueError("as many weights as equations are needed")
    for element, several in gathered.values():
        coefficients.append(sum(several) % group.order)
        elements.append(element)
    return group.sum_of_products(coefficients, elements)


class PlainSystem(System):
    """The system on Python's integers, for any group."""

    __slots__ = ("_clauses", "_group", "_num_elements", "_num_scalars")

    def __init__(self, group: Group, num_elements: int, clauses: Sequence[Sequence[Branch]]) -> None:
        check_system(group, num_elements, clauses)
        self._group = group
        self._num_elements = num_elements
        self._clauses = [[Branch(count, tuple(own)) for count, own in clause] for clause in clauses]
        self._num_scalars = sum(
            len(clause) - 1 + sum(branch.num_scalars for branch in clause) for clause in clauses
        )

    def bind(self, challenge: int, scalars: bytes) -> BoundSystem:
        if not 0 <= challenge < self._group.order:
            raise InvalidScalarError("not below the group's order")
        if len(scalars) != self._group.scalar_size * self._num_scalars:
            raise InvalidProofError("the proof has the wrong length")
        values = iter(self._group.decode_integers(scalars))
        answered: list[_Replies] = []
        for clause in self._clauses:
            challenges = [next(values) for _ in clause[:-1]]
            challenges.append((challenge - sum(challenges)) % self._group.order)
            for branch, own in zip(clause, challenges, strict=True):
                responses = [next(values) for _ in range(branch.num_scalars)]
                answered.append((branch.equations, own, responses))
        return _PlainBound(self._group, self._num_elements, answered)


#: A branch's equations, its challenge and its responses.
_Replies = tuple[Sequence[Equation], int, Sequence[int]]


class _PlainBound(BoundSystem):
    __slots__ = ("_answered", "_group", "_num_elements")

    def __init__(self, group: Group, num_elements: int, answered: Sequence[_Replies]) -> None:
        self._group = group
        self._num_elements = num_elements
        self._answered = answered

    def coefficients(self, weights: bytes) -> bytes:
        if len(weights) != WEIGHT_SIZE * sum(len(equations) for equations, _, _ in self._answered):
            raise ValueError("as many weights as equations are needed")
        elements = [0] * self._num_elements
        commitments = read_weights(weights)
        following = iter(commitments)
        for equations, challenge, responses in self._answered:
            for image, terms in equations:
                weight = next(following)
                scaled = weight * challenge
                for e, c in image:
                    elements[e] += c * scaled
                for s, e, c in terms:
                    elements[e] -= c * weight * responses[s]
        order = self._group.order
        return self._group.encode_integers([*(value % order for value in elements), *commitments])
