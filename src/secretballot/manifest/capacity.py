"""How many digits of a count one ciphertext can hold.

A line's counts are the digits, to the base capacity + 1, of one small logarithm (DESIGN: packed encoding). A ciphertext
holds as many digits as the logarithm can bear; further digits go into further ciphertexts of the line.
"""

from __future__ import annotations

from ..crypto.discrete_log import MAX_RANGE
from ..errors import ManifestError


def digit_base(capacity: int) -> int:
    """The base of the digits: one more than the largest count."""
    return capacity + 1


def digits_per_ciphertext(capacity: int) -> int:
    """The most digits whose every value stays below the bound on logarithms; raises ManifestError if not even one."""
    base = digit_base(capacity)
    digits = 0
    while base ** (digits + 1) <= MAX_RANGE:
        digits += 1
    if digits == 0:
        raise ManifestError(
            f"a capacity of {capacity} ballots is beyond the {MAX_RANGE - 1} that can be counted"
        )
    return digits
