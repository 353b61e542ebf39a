"""Linear relations of draft-irtf-cfrg-sigma-protocols: what a proof states.

A relation is a set of equations, each ``sum(c * E) == sum(c * x * E)`` over public coefficients ``c``, public
elements ``E`` and secret scalars ``x``. The sparse form (which index stands where) is a :class:`Shape`; it is the same
for every line of a contest, so it is checked and encoded once. Elements make it a :class:`LinearRelation`.

The ten checks of "Instance validation" are numbered as there. 1 to 6 are a shape's, 7 to 10 a relation's, and an
object that exists has passed them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidInstanceError
from .group import Element, Group
from .group.system import Equation

__all__ = ["Equation", "LinearRelation", "Shape"]

_LIMIT = 2**32


class Shape:
    """The sparse linear map without its elements; element 0 is the generator. Raises InvalidInstanceError on checks 1
    to 6."""

    __slots__ = (
        "equations",
        "group",
        "header",
        "nontrivial",
        "num_elements",
        "num_scalars",
    )

    def __init__(self, group: Group, num_elements: int, equations: Sequence[Equation]) -> None:
        self.group = group
        self.num_elements = num_elements
        self.equations = tuple(equations)
        _check_structure(self.equations, num_elements)
        self.num_scalars = 1 + max(s for equation in self.equations for s, _, _ in equation.terms)
        used = {s for equation in self.equations for s, _, _ in equation.terms}
        if len(used) != self.num_scalars:
            raise InvalidInstanceError("6: a scalar index appears in no equation")
        self.header = self._encode()
        #: Whether no column can be the identity (check 10), as each has an equation that holds its scalar once, with a
        #: coefficient.
        self.nontrivial = all(self._is_plain_column(s) for s in range(self.num_scalars))

    def _is_plain_column(self, scalar: int) -> bool:
        for equation in self.equations:
            own = [c for s, _, c in equation.terms if s == scalar]
            if len(own) == 1 and own[0] != 0:
                return True
        return False

    def _encode(self) -> bytes:
        """Steps 1 to 12 of SerializeLinearRelation."""
        out = [len(self.equations).to_bytes(4, "little")]
        encode = self.group.encode_integers
        for equation in self.equations:
            out.append(len(equation.image).to_bytes(4, "little"))
            for element, coefficient in equation.image:
                out += (element.to_bytes(4, "little"), encode([coefficient]))
            out.append(len(equation.terms).to_bytes(4, "little"))
            for scalar, element, coefficient in equation.terms:
                out += (scalar.to_bytes(4, "little"), element.to_bytes(4, "little"), encode([coefficient]))
        return b"".join(out)


def _check_structure(equations: tuple[Equation, ...], num_elements: int) -> None:
    if not equations:
        raise InvalidInstanceError("1: there is no equation")
    if any(not equation.image or not equation.terms for equation in equations):
        raise InvalidInstanceError("2: an equation has no image or no terms")
    indices = {e for equation in equations for e, _ in equation.image}
    indices |= {e for equation in equations for _, e, _ in equation.terms}
    scalars = {s for equation in equations for s, _, _ in equation.terms}
    counts = [len(equations), *(len(part) for equation in equations for part in equation)]
    if min(indices | scalars) < 0 or max(indices | scalars) >= _LIMIT or max(counts) >= _LIMIT:
        raise InvalidInstanceError("3: an index or count is not below 2**32")
    if max(indices) >= num_elements:
        raise InvalidInstanceError("4: an index names no element")
    if not indices >= set(range(1, num_elements)):
        raise InvalidInstanceError("5: an element appears in no equation")


class LinearRelation:
    """A shape with its elements. Raises InvalidInstanceError on checks 7 to 10."""

    __slots__ = ("elements", "shape")

    def __init__(self, shape: Shape, elements: Sequence[Element]) -> None:
        self.shape = shape
        self.elements = tuple(elements)
        if len(self.elements) != shape.num_elements or self.elements[0] != shape.group.generator:
            raise InvalidInstanceError(
                "7: element 0 is not the generator, or the number of elements is wrong"
            )
        if any(element.is_identity() for element in self.elements):
            raise InvalidInstanceError("8: an element is the identity")
        self._check_map()

    def _check_map(self) -> None:
        if any(element.is_identity() for element in self.image()):
            raise InvalidInstanceError("9: the image of an equation is the identity")
        if not self.shape.nontrivial:
            self._check_columns()

    def _check_columns(self) -> None:
        for scalar in range(self.shape.num_scalars):
            for equation in self.shape.equations:
                column = [(e, c) for s, e, c in equation.terms if s == scalar]
                if column and not self._sum(column).is_identity():
                    break
            else:
                raise InvalidInstanceError("10: a column of the map is the identity")

    def _sum(self, pairs: Sequence[tuple[int, int]]) -> Element:
        """The sum of coefficient * element; most images are one element."""
        if len(pairs) == 1 and pairs[0][1] == 1:
            return self.elements[pairs[0][0]]
        return self.shape.group.sum_of_products([c for _, c in pairs], [self.elements[e] for e, _ in pairs])

    def image(self) -> list[Element]:
        """image(instance): the left-hand side of each equation."""
        return [self._sum(equation.image) for equation in self.shape.equations]

    def serialize(self) -> bytes:
        """SerializeLinearRelation."""
        return self.shape.header + self.serialize_elements()

    def serialize_elements(self) -> bytes:
        """The encodings of elements 1 and following."""
        return self.shape.group.encode_elements(self.elements[1:])
