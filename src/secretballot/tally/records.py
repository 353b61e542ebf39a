"""What is published of the tally."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from ..records import Blob, Count, Digest, Identifier, Record


class DecryptionShare(Record):
    """A trustee's share of every sum's decryption, with one proof for all.

    ``shares`` holds an element (32 bytes) for each ciphertext of the tally, in its order; ``proof`` is a batchable
    proof that each is the trustee's secret times the ciphertext's pad (Chaum and Pedersen, over all at once).
    """

    record: Literal["secretballot/1/decryption-share"] = "secretballot/1/decryption-share"
    election: Digest
    trustee: Identifier
    shares: Blob
    proof: Blob


class LineResult(Record):
    """A line's counts in the order of the contest's count names; ``blank`` are the ballots without one of them.

    ``outcomes`` are the rules that the line falls under, in the manifest's order: the first is its outcome.
    """

    id: Identifier
    counts: Annotated[tuple[Count, ...], Field(fail_fast=True)]
    blank: Count
    outcomes: Annotated[tuple[Identifier, ...], Field(fail_fast=True)]

    @property
    def valid(self) -> int:
        """How many ballots gave the line a valid mark."""
        return sum(self.counts)

    def share(self, place: int, base: int) -> Fraction:
        """A count as an exact fraction of the base; 0 where the base is 0."""
        return Fraction(self.counts[place], base) if base else Fraction(0)


class ContestResult(Record):
    """The lines of a contest, in the manifest's order."""

    id: Identifier
    lines: Annotated[tuple[LineResult, ...], Field(fail_fast=True)]


class Result(Record):
    """The counts of an election. ``collected`` is the number of ballots that count; ``roll`` the manifest's roll.

    ``below_minimum_group`` is true where fewer ballots than the manifest's minimum were counted.
    """

    record: Literal["secretballot/1/result"] = "secretballot/1/result"
    election: Digest
    collected: Count
    roll: Count
    below_minimum_group: bool
    contests: Annotated[tuple[ContestResult, ...], Field(fail_fast=True)]
