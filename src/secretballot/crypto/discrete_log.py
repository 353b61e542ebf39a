"""Small discrete logarithms within a bound, and the packed digits that they hold.

The logarithms are public results; nothing here takes a secret.
"""

from __future__ import annotations

from math import isqrt

from ..errors import DiscreteLogError
from .group import Element, Group

#: Logarithms are looked for below this. It means 2**17 baby steps held in memory (some 20 MB) and at most 2**17 giant
#: steps a logarithm: a fifth of a second each on the native backend, over one on the reference.
MAX_RANGE = 2**34


class DiscreteLog:
    """Logarithms to the generator's base in [0, bound); the table is made once and serves many."""

    def __init__(self, group: Group, bound: int) -> None:
        if not 0 < bound <= MAX_RANGE:
            raise DiscreteLogError(f"logarithms are looked for in 1 to {MAX_RANGE} values, not {bound}")
        self.group = group
        self.bound = bound
        self._steps = group.baby_steps(isqrt(bound - 1) + 1)

    def solve(self, element: Element) -> int:
        """The logarithm; raises DiscreteLogError when there is none within the bound."""
        value = self._steps.find(element)
        if value is None or value >= self.bound:
            raise DiscreteLogError(f"no logarithm below {self.bound}")
        return value


def split_digits(value: int, base: int, count: int) -> tuple[int, ...]:
    """``count`` digits of ``value``, the least first. Raises DiscreteLogError when a remainder is left."""
    digits = []
    for _ in range(count):
        value, digit = divmod(value, base)
        digits.append(digit)
    if value:
        raise DiscreteLogError(f"the value has more than {count} digits to base {base}")
    return tuple(digits)
