"""How a cost grows: a power law through measured points, and how flat the cost of one is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class PowerLaw(NamedTuple):
    """``total = factor * count ** exponent``. An exponent of 1 says that twice the ballots cost twice as much."""

    exponent: float
    factor: float
    #: The largest distance of a point from the line, as a factor of at least 1.
    worst: float
    #: The largest cost of one over the smallest.
    flatness: float

    def at(self, count: float) -> float:
        """The total that the law expects."""
        return float(self.factor * count**self.exponent)


def power_law(counts: Sequence[float], totals: Sequence[float]) -> PowerLaw:
    """Least squares of log(total) against log(count); raises ValueError where no line goes through.

    Logarithms, so that a point at 100 ballots weighs as much as one at 100 000.
    """
    if len(counts) != len(totals) or len(set(counts)) < 2:
        raise ValueError("a fit needs as many totals as counts, and two different counts")
    xs, ys = [math.log(count) for count in counts], [math.log(total) for total in totals]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    exponent = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    exponent /= sum((x - mean_x) ** 2 for x in xs)
    intercept = mean_y - exponent * mean_x
    worst = max(abs(y - intercept - exponent * x) for x, y in zip(xs, ys, strict=True))
    each = [total / count for total, count in zip(totals, counts, strict=True)]
    return PowerLaw(exponent, math.exp(intercept), math.exp(worst), max(each) / min(each))
