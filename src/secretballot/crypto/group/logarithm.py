"""Small discrete logarithms by baby steps and giant steps.

Source: Shanks 1971; Menezes, van Oorschot, Vanstone, "Handbook of Applied Cryptography", algorithm 3.56. The elements
and their logarithms are public: variable time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from operator import index
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .interface import Element, Group

#: The most baby steps of a table, which is then of some 200 MB in Python, and 80 compiled.
MAX_STEPS = 2**20
#: Steps whose keys are computed at once; enough to share an inversion, few enough to stop early.
_CHUNK = 256


class BabySteps(ABC):
    """A table of the generator's first multiples, for the logarithms of many elements."""

    __slots__ = ()

    @abstractmethod
    def find(self, element: Element) -> int | None:
        """The logarithm to the generator's base where it is below the square of the table's count, None elsewhere."""


def checked_count(count: int) -> int:
    """The count of a table; raises ValueError where there can be none of it, and TypeError for no integer."""
    count = index(count)
    if not 0 < count <= MAX_STEPS:
        raise ValueError(f"a table has 1 to {MAX_STEPS} baby steps")
    return count


class PlainBabySteps(BabySteps):
    """The table of lookup keys, for any group."""

    __slots__ = ("_giant", "_group", "_table")

    def __init__(self, group: Group, count: int) -> None:
        count = checked_count(count)
        self._group = group
        keys = _walk(group, group.identity, group.generator, count)
        self._table = {key: baby for baby, key in enumerate(keys)}
        self._giant = -group.sum_of_products([count], [group.generator])

    def find(self, element: Element) -> int | None:
        count = len(self._table)
        for giant, key in enumerate(_walk(self._group, element, self._giant, count)):
            baby = self._table.get(key)
            if baby is not None:
                return giant * count + baby
        return None


def _walk(group: Group, element: Element, step: Element, count: int) -> Iterator[Hashable]:
    """The keys of so many elements, each one step after the one before."""
    for start in range(0, count, _CHUNK):
        elements = []
        for _ in range(min(_CHUNK, count - start)):
            elements.append(element)
            element = step + element
        yield from group.lookup_keys(elements)
