"""Small discrete logarithms by baby steps and giant steps, and the packed digits that they hold.

Source: Shanks 1971; Menezes, van Oorschot, Vanstone, "Handbook of Applied Cryptography", algorithm 3.56. The logarithms
are public results; nothing here takes a secret.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import isqrt

from ..errors import DiscreteLogError
from .group import Element, Group

#: Logarithms are looked for below this. It means 2**17 baby steps held in memory (some 20 MB in Python) and at most
#: 2**17 giant steps a logarithm: about a second each on the reference backend.
MAX_RANGE = 2**34
#: Giant steps whose keys are computed at once; enough to share an inversion, few enough to stop early.
_CHUNK = 256


class DiscreteLog:
    """Logarithms to the generator's base in [0, bound); the table is made once and serves many."""

    def __init__(self, group: Group, bound: int) -> None:
        if not 0 < bound <= MAX_RANGE:
            raise DiscreteLogError(f"logarithms are looked for in 1 to {MAX_RANGE} values, not {bound}")
        self.group = group
        self.bound = bound
        self._steps = isqrt(bound - 1) + 1
        self._table: dict[Hashable, int] = {}
        element = group.identity
        pending: list[Element] = []
        for i in range(self._steps):
            pending.append(element)
            if len(pending) == _CHUNK or i == self._steps - 1:
                for key in group.lookup_keys(pending):
                    self._table[key] = len(self._table)
                pending = []
            element = element + group.generator
        self._giant = -element

    def solve(self, element: Element) -> int:
        """The logarithm; raises DiscreteLogError when there is none within the bound."""
        start = 0
        while start < self._steps:
            pending = []
            for _ in range(min(_CHUNK, self._steps - start)):
                pending.append(element)
                element = element + self._giant
            for i, key in enumerate(self.group.lookup_keys(pending)):
                found = self._table.get(key)
                if found is not None:
                    value = (start + i) * self._steps + found
                    if value < self.bound:
                        return value
            start += len(pending)
        raise DiscreteLogError(f"no logarithm below {self.bound}")


def split_digits(value: int, base: int, count: int) -> tuple[int, ...]:
    """``count`` digits of ``value``, the least first. Raises DiscreteLogError when a remainder is left."""
    digits = []
    for _ in range(count):
        value, digit = divmod(value, base)
        digits.append(digit)
    if value:
        raise DiscreteLogError(f"the value has more than {count} digits to base {base}")
    return tuple(digits)
