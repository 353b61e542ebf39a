"""Which ballots count, and the sum of their ciphertexts.

Of each credential's ballots the first counts, or the last, as the manifest says. The sums are kept while ballots come
in, in the order of the log; where a later ballot replaces an earlier one, the earlier one's ciphertexts are subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..crypto.elgamal import Ciphertext, decode_ciphertexts
from ..crypto.group import ristretto255
from ..manifest import Election


class EncryptedTally(NamedTuple):
    """The sums over all counting ballots: a ciphertext for each of the contests' ciphertexts, in order.

    ``root`` is the log's Merkle root at the end of voting: what a decryption share is bound to.
    """

    ballots: int
    ciphertexts: tuple[Ciphertext, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class _Counting:
    index: int
    ciphertexts: bytes


class RunningTally:
    """The sums so far. Memory: 64 bytes a ciphertext for each credential that votes, where ballots can be replaced."""

    def __init__(self, election: Election) -> None:
        self._revoting = election.manifest.revoting
        self._counting: dict[bytes, _Counting] = {}
        self._sums: list[Ciphertext] | None = None
        #: Places in the log of ballots that do not count, because another ballot of the credential does.
        self.replaced: list[int] = []

    @property
    def ballots(self) -> int:
        """How many ballots count."""
        return len(self._counting)

    def add(self, key: bytes, index: int, contests: Sequence[Sequence[Ciphertext]]) -> None:
        """Takes in the next ballot of the log, whose form and proofs hold, under its credential's ballot key."""
        flat = [ciphertext for contest in contests for ciphertext in contest]
        earlier = self._counting.get(key)
        if earlier is not None:
            if self._revoting == "first":
                self.replaced.append(index)
                return
            self.replaced.append(earlier.index)
            self._subtract(decode_ciphertexts(ristretto255, earlier.ciphertexts))
        kept = b"".join(c.encode(ristretto255) for c in flat) if self._revoting == "last" else b""
        self._counting[key] = _Counting(index, kept)
        if self._sums is None:
            self._sums = flat
        else:
            self._sums = [
                Ciphertext(a.pad + b.pad, a.data + b.data) for a, b in zip(self._sums, flat, strict=True)
            ]

    def _subtract(self, ciphertexts: Sequence[Ciphertext]) -> None:
        self._sums = [
            Ciphertext(a.pad - b.pad, a.data - b.data)
            for a, b in zip(self._sums or [], ciphertexts, strict=True)
        ]

    def close(self, root: bytes) -> EncryptedTally:
        """The tally, at the end of voting, whose log had this Merkle root."""
        return EncryptedTally(self.ballots, tuple(self._sums or ()), root)
