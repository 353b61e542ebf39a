"""Reads the statements of the sigma-protocol vectors, which are there as SerializeLinearRelation writes them.

The parser checks nothing that the library checks: counts and indices go to it as they stand.
"""

from __future__ import annotations

from secretballot.crypto.group import Group
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.crypto.transcript import EXTRA, DuplexSponge, decode_uint, derive_session_id
from secretballot.errors import EncodingError


class _Reader:
    def __init__(self, group: Group, data: bytes) -> None:
        self.group = group
        self.data = data

    def count(self) -> int:
        if len(self.data) < 4:
            raise EncodingError("the statement ends within a count")
        value, self.data = int.from_bytes(self.data[:4], "little"), self.data[4:]
        return value

    def coefficient(self) -> int:
        size = self.group.scalar_size
        head, self.data = self.data[:size], self.data[size:]
        (value,) = self.group.decode_integers(head or b"\0")
        return value


def parse_relation(group: Group, data: bytes) -> LinearRelation:
    """The relation of a serialised statement; raises the library's errors for one that is not valid."""
    reader = _Reader(group, data)
    equations = []
    for _ in range(reader.count()):
        image = tuple((reader.count(), reader.coefficient()) for _ in range(reader.count()))
        terms = tuple((reader.count(), reader.count(), reader.coefficient()) for _ in range(reader.count()))
        equations.append(Equation(image, terms))
    elements = [group.generator, *group.decode_elements(reader.data)]
    return LinearRelation(Shape(group, len(elements), equations), elements)


class SeededScalars:
    """The deterministic generator of the vectors ("Seeded PRNG"): scalars squeezed one after another."""

    def __init__(self, group: Group, tag: str) -> None:
        self._group = group
        self._sponge = DuplexSponge(derive_session_id(tag.encode("ascii")))

    def next(self) -> int:
        """The next integer below the order."""
        return decode_uint(self._sponge.squeeze(self._group.scalar_size + EXTRA), self._group.order)
