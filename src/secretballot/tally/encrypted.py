"""Which ballots count, and the sum of their ciphertexts.

Of each credential's ballots the first counts, or the last, as the manifest says. The sums are kept while ballots come
in, in the order of the log; where a later ballot replaces an earlier one, the earlier one's ciphertexts are subtracted.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Sequence
from typing import NamedTuple

from ..crypto.elgamal import Ciphertext
from ..crypto.group import Element, ristretto255
from ..manifest import Election

#: Ballots whose elements are added up at once.
_CHUNK = 256
#: Bytes of ciphertexts held in memory, for ballots that may be replaced; more are held in a temporary file.
_IN_MEMORY = 16 * 2**20


class EncryptedTally(NamedTuple):
    """The sums over all counting ballots: a ciphertext for each of the contests' ciphertexts, in order.

    ``root`` is the log's Merkle root at the end of voting: what a decryption share is bound to.
    """

    ballots: int
    ciphertexts: tuple[Ciphertext, ...]
    root: bytes


class _Counting(NamedTuple):
    """A counting ballot: its place in the log, and among the ballots whose ciphertexts are kept."""

    entry: int
    kept: int


class RunningTally:
    """The sums so far. Memory: some hundred bytes for each credential that votes."""

    def __init__(self, election: Election) -> None:
        self._replace = election.manifest.revoting == "last"
        self._counting: dict[bytes, _Counting] = {}
        self._rows: list[Sequence[Element]] = []
        self._kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as the tally
        weakref.finalize(self, self._kept.close)
        self._size = 0
        #: Places in the log of ballots that do not count, because another ballot of the credential does.
        self.replaced: list[int] = []

    @property
    def ballots(self) -> int:
        """How many ballots count."""
        return len(self._counting)

    def add(self, key: bytes, index: int, elements: Sequence[Element]) -> None:
        """Takes in the elements of the next ballot of the log, whose form and proofs hold, under its credential's
        ballot key."""
        earlier = self._counting.get(key)
        if earlier is not None:
            if not self._replace:
                self.replaced.append(index)
                return
            self.replaced.append(earlier.entry)
            self._rows.append([-element for element in self._recall(earlier.kept)])
        self._counting[key] = _Counting(index, self._keep(elements) if self._replace else 0)
        self._rows.append(elements)
        if len(self._rows) > _CHUNK:
            self._fold()

    def _keep(self, elements: Sequence[Element]) -> int:
        data = ristretto255.encode_elements(elements)
        at = self._kept.seek(0, 2)
        self._kept.write(data)
        self._size = len(data)
        return at

    def _recall(self, at: int) -> list[Element]:
        self._kept.seek(at)
        return ristretto255.decode_elements(self._kept.read(self._size))

    def _fold(self) -> None:
        self._rows = [ristretto255.sum_columns(self._rows)]

    def close(self, root: bytes) -> EncryptedTally:
        """The tally, at the end of voting, whose log had this Merkle root."""
        if not self._rows:
            return EncryptedTally(0, (), root)
        self._fold()
        sums = self._rows[0]
        pairs = zip(sums[::2], sums[1::2], strict=True)
        return EncryptedTally(self.ballots, tuple(Ciphertext(*pair) for pair in pairs), root)
