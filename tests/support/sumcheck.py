"""The sumcheck protocol that draft-irtf-cfrg-fiat-shamir gives as its example, over the library's DuplexSponge.

Appendix "Example protocol: sumcheck", over the integers modulo 2**31 - 1. It serves the vectors alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from secretballot.crypto.transcript import (
    DuplexSponge,
    deserialize_field,
    integer_size,
    serialize_uint,
)
from secretballot.errors import InvalidProofError

PRIME = 2**31 - 1


class Sumcheck(NamedTuple):
    """A proof, the value of the polynomial at the challenges, and the challenges themselves."""

    proof: bytes
    evaluation: int
    challenges: tuple[int, ...]


def _start(session_id: bytes, variables: int, claim: int) -> DuplexSponge:
    sponge = DuplexSponge(session_id)
    sponge.absorb(serialize_uint(variables, 2**32) + serialize_uint(claim, PRIME))
    return sponge


def _challenge(sponge: DuplexSponge, message: bytes) -> int:
    sponge.absorb(message)
    return int.from_bytes(sponge.squeeze(integer_size(PRIME)), "little") % PRIME


def prove(session_id: bytes, table: Sequence[int]) -> Sumcheck:
    """SumcheckProve, for a table of 2**v values."""
    variables = (len(table) - 1).bit_length()
    sponge = _start(session_id, variables, sum(table) % PRIME)
    messages, challenges = [], []
    for _ in range(variables):
        even, odd = table[::2], table[1::2]
        constant = sum(even) % PRIME
        slope = (sum(odd) - constant) % PRIME
        messages.append(serialize_uint(constant, PRIME) + serialize_uint(slope, PRIME))
        challenges.append(_challenge(sponge, messages[-1]))
        table = [(low + challenges[-1] * (high - low)) % PRIME for low, high in zip(even, odd, strict=True)]
    return Sumcheck(b"".join(messages), table[0], tuple(challenges))


def verify(session_id: bytes, variables: int, claim: int, proof: bytes, evaluation: int) -> None:
    """SumcheckVerify. Raises InvalidProofError, or EncodingError for a message that does not decode."""
    sponge = _start(session_id, variables, claim)
    for place in range(variables):
        (constant, slope), rest = deserialize_field(proof, PRIME, 2)
        if (2 * constant + slope - claim) % PRIME:
            raise InvalidProofError(f"round {place}: the message does not add up to the claim")
        claim = (constant + slope * _challenge(sponge, proof[: len(proof) - len(rest)])) % PRIME
        proof = rest
    if proof:
        raise InvalidProofError("trailing bytes")
    if claim != evaluation:
        raise InvalidProofError("the last claim is not the evaluation")


def evaluate(table: Sequence[int], point: Sequence[int]) -> int:
    """The multilinear extension of ``table`` at ``point``, straight from its definition."""
    total = 0
    for index, value in enumerate(table):
        for place, coordinate in enumerate(point):
            value = value * (coordinate if index >> place & 1 else 1 - coordinate)
        total += value
    return total % PRIME
