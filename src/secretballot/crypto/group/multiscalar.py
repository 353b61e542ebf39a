"""Sums of products and tables of multiples on ristretto255's points, in variable time.

The formulas of :mod:`.ristretto` are written out in the inner loops here, since a call and a tuple for each
addition cost time. A point to be added is held as (y-x, y+x, 2*d*t), and with 2*z as well where z is not 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from .ristretto import D2, IDENTITY, ORDER, P, Point, add, double, invert_all, negate

# An addend with z = 1, and one of any z.
Affine = tuple[int, int, int]
Cached = tuple[int, int, int, int]

_HALF_ORDER = ORDER // 2
#: From so many terms on, buckets are cheaper than tables of multiples (measured: 48 at 128 bits, 88 at 253).
_BUCKETS_FROM = 64
#: Field multiplications for adding an affine addend, and for adding the running sum to a window's total.
_ADD_COST, _FOLD_COST = 7, 9
_MAX_WINDOW = 16


def sum_of_products(coefficients: Sequence[int], points: Sequence[Point]) -> Point:
    """The sum of coefficient times point; coefficients are any integers, and count modulo the order.

    Straus' method for few terms, Pippenger's for many, both as surveyed by Bernstein, Doumen, Lange and Oosterwijk
    ("Faster batch forgery identification", 2012).
    """
    positive: list[int] = []
    chosen: list[Point] = []
    for coefficient, point in zip(coefficients, points, strict=True):
        value = coefficient % ORDER
        if value > _HALF_ORDER:
            # Short negative coefficients stay short.
            value = ORDER - value
            point = negate(point)
        if value:
            positive.append(value)
            chosen.append(point)
    if len(positive) < _BUCKETS_FROM:
        return _straus(positive, chosen)
    return _pippenger(positive, chosen)


# Few terms.


def _signed_digits(value: int, width: int) -> list[tuple[int, int]]:
    """The (position, odd digit) pairs of the width-``width`` non-adjacent form: |digit| < 2**(width - 1)."""
    mask = (1 << width) - 1
    half = 1 << (width - 1)
    position = 0
    out = []
    while value:
        zeros = (value & -value).bit_length() - 1
        position += zeros
        value >>= zeros
        digit = value & mask
        if digit > half:
            digit -= mask + 1
        out.append((position, digit))
        value = (value - digit) >> width
        position += width
    return out


def _straus_width(bits: int) -> int:
    # Where 2**(width - 2) additions for the table and bits / (width + 1) for its use are fewest.
    return 5 if bits > 120 else 4 if bits > 40 else 3 if bits > 24 else 2


def _cached(point: Point) -> Cached:
    x, y, z, t = point
    return y - x, y + x, t * D2 % P, z + z


def _straus(coefficients: list[int], points: list[Point]) -> Point:
    """One run of doublings for all terms; each point has a table of its odd multiples."""
    columns: list[list[Cached]] = [[] for _ in range(max(map(int.bit_length, coefficients), default=0) + 1)]
    for coefficient, point in zip(coefficients, points, strict=True):
        width = _straus_width(coefficient.bit_length())
        multiples = [_cached(point)]
        if width > 2:
            twice = double(point)
            for _ in range((1 << (width - 2)) - 1):
                point = add(point, twice)
                multiples.append(_cached(point))
        for position, digit in _signed_digits(coefficient, width):
            if digit > 0:
                columns[position].append(multiples[digit >> 1])
            else:
                ym, yp, t2d, z2 = multiples[-digit >> 1]
                columns[position].append((yp, ym, -t2d, z2))
    p = P
    x, y, z, t = IDENTITY
    for column in reversed(columns):
        xx = x * x % p
        yy = y * y % p
        e = (x + x) * y % p
        g = yy - xx
        f = 2 * z * z % p - g
        h = yy + xx
        x = e * f % p
        y = g * h % p
        z = f * g % p
        if column:
            # Doubling does not need t: it is computed where an addition follows.
            t = e * h % p
        for ym, yp, t2d, z2 in column:
            m = (y - x) * ym % p
            n = (y + x) * yp % p
            c = t * t2d % p
            d = z * z2 % p
            e = n - m
            f = d - c
            g = d + c
            h = n + m
            x = e * f % p
            y = g * h % p
            z = f * g % p
            t = e * h % p
    return x, y, z, e * h % p


# Many terms.


def _affine(points: Sequence[Point]) -> list[Affine]:
    """Addends with z = 1, by one inversion for all."""
    inverses = iter(invert_all([z for _, _, z, _ in points if z != 1]))
    out = []
    for x, y, z, t in points:
        if z != 1:
            inverse = next(inverses)
            x = x * inverse % P
            y = y * inverse % P
            t = x * y % P
        out.append((y - x, y + x, t * D2 % P))
    return out


def _bucket_width(terms: int, bits: int) -> int:
    """The window, in bits, that costs least for ``terms`` signed coefficients of ``bits`` bits."""
    return min(
        range(1, _MAX_WINDOW + 1),
        key=lambda w: -(-(bits + 1) // w) * (_ADD_COST * terms + (_FOLD_COST << (w - 1))),
    )


def _pippenger(coefficients: list[int], points: list[Point]) -> Point:
    """Signed windows from the lowest bit up.

    Terms that have run out of bits drop out, each window's width is chosen for the terms that are left, and the
    last few are left to Straus' method: most of a batch's coefficients have 128 bits, some 253.
    """
    lengths = sorted(map(int.bit_length, coefficients))
    pending = list(zip(coefficients, _affine(points), points, strict=True))
    position = 0
    windows: list[tuple[int, Point]] = []
    while len(pending) >= _BUCKETS_FROM:
        gone = bisect_right(lengths, position)
        median = lengths[min((gone + len(lengths)) // 2, len(lengths) - 1)]
        width = _bucket_width(len(pending), max(median - position, 1))
        full = 1 << width
        half = full >> 1
        mask = full - 1
        buckets: list[list[Affine]] = [[] for _ in range(half + 1)]
        rest = []
        for value, addend, point in pending:
            digit = value & mask
            value >>= width
            if digit > half:
                value += 1
                ym, yp, t2d = addend
                buckets[full - digit].append((yp, ym, -t2d))
            elif digit:
                buckets[digit].append(addend)
            if value:
                rest.append((value, addend, point))
        windows.append((width, _weigh(buckets)))
        pending = rest
        position += width
    total = _straus([value for value, _, _ in pending], [point for _, _, point in pending])
    for width, point in reversed(windows):
        for _ in range(width):
            total = double(total)
        total = add(total, point)
    return total


def _weigh(buckets: list[list[Affine]]) -> Point:
    """The sum of index times bucket: a running sum over the buckets from the top, added up once a bucket."""
    p = P
    d2 = D2
    x, y, z, t = IDENTITY
    top = len(buckets) - 1
    while top and not buckets[top]:
        top -= 1
    tx, ty, tz, tt = IDENTITY
    for index in range(top, 0, -1):
        for ym, yp, t2d in buckets[index]:
            m = (y - x) * ym % p
            n = (y + x) * yp % p
            c = t * t2d % p
            d = z + z
            e = n - m
            f = d - c
            g = d + c
            h = n + m
            x = e * f % p
            y = g * h % p
            z = f * g % p
            t = e * h % p
        m = (ty - tx) * (y - x) % p
        n = (ty + tx) * (y + x) % p
        c = tt * t % p * d2 % p
        d = 2 * tz * z % p
        e = n - m
        f = d - c
        g = d + c
        h = n + m
        tx = e * f % p
        ty = g * h % p
        tz = f * g % p
        tt = e * h % p
    return tx, ty, tz, tt


# One point, many multiplications.


class MultipleTable:
    """Multiples of one point: a row for each window of ``width`` bits, entry d at index d, negative d too."""

    __slots__ = ("_rows", "_width")

    def __init__(self, point: Point, width: int) -> None:
        self._width = width
        half = 1 << (width - 1)
        count = -(-(ORDER.bit_length() + 1) // width)
        points: list[Point] = []
        for _ in range(count):
            multiple = point
            points.append(multiple)
            for _ in range(half - 1):
                multiple = add(multiple, point)
                points.append(multiple)
            point = double(multiple)
        addends = _affine(points)
        none: Affine = (1, 1, 0)
        self._rows: list[list[Affine]] = []
        for start in range(0, len(addends), half):
            row = addends[start : start + half]
            # Digits are in (-half, half]: the row has 2**width entries, and -half has no place of its own.
            negative = [(yp, ym, -t2d) for ym, yp, t2d in reversed(row[:-1])]
            self._rows.append([none, *row, *negative])

    def multiply(self, value: int) -> Point:
        """``value`` in [0, order) times the point: one addition a row."""
        width = self._width
        full = 1 << width
        half = full >> 1
        mask = full - 1
        p = P
        x, y, z, t = IDENTITY
        for row in self._rows:
            digit = value & mask
            value >>= width
            if digit > half:
                digit -= full
                value += 1
            ym, yp, t2d = row[digit]
            m = (y - x) * ym % p
            n = (y + x) * yp % p
            c = t * t2d % p
            d = z + z
            e = n - m
            f = d - c
            g = d + c
            h = n + m
            x = e * f % p
            y = g * h % p
            z = f * g % p
            t = e * h % p
        return x, y, z, t
