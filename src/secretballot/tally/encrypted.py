"""Which ballots count, and the sum of their ciphertexts.

Of each credential's ballots the first counts, or the last, as the manifest says. The sums are kept while ballots come
in, in the order of the log; where a later ballot replaces an earlier one, the earlier one's ciphertexts are subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..ballot.contest_kinds import LinePlan, MarkPlan
from ..crypto.elgamal import Ciphertext, ciphertext_size
from ..crypto.group import Element, ristretto255
from ..manifest import Election, is_mixed
from .batches import Batch, summed
from .kept import Kept

#: Ballots whose elements are added up at once.
_CHUNK = 256


class EncryptedTally(NamedTuple):
    """The sums over all counting ballots: a ciphertext for each of those that are added up, in order.

    ``root`` is the log's Merkle root at the end of voting: what a decryption share is bound to.
    """

    ballots: int
    ciphertexts: tuple[Ciphertext, ...]
    root: bytes


class _Counting(NamedTuple):
    """A counting ballot: its place in the log, and its number among those whose ciphertexts are kept."""

    entry: int
    kept: int


class RunningTally:
    """The sums so far. Memory: some hundred bytes for each credential that votes."""

    def __init__(self, election: Election, plans: Sequence[LinePlan | MarkPlan]) -> None:
        #: Whether a credential's last ballot counts, and not its first.
        self._replace = election.manifest.revoting == "last"
        self._mixed = any(map(is_mixed, election.manifest.contests))
        self._size = ciphertext_size(ristretto255) * sum(plan.num_ciphertexts for plan in plans)
        self._places = summed(plans)
        self._counting: dict[bytes, _Counting] = {}
        self._rows: list[Sequence[Element]] = []
        #: The ciphertexts of ballots that may be replaced, or are to be mixed.
        self._kept = Kept()
        #: Places in the log of ballots that do not count, because another ballot of the credential does.
        self.replaced: list[int] = []

    @property
    def ballots(self) -> int:
        """How many ballots count."""
        return len(self._counting)

    def make_room(self, size: int) -> None:
        """Sees to it that a ballot with ciphertexts of so many bytes can be counted; raises StoreError where there is
        no room to keep them."""
        if self._replace or self._mixed:
            self._kept.make_room(size)

    def count(self, key: bytes, index: int, ciphertexts: bytes) -> None:
        """Decides for the next ballot of the log, under its credential's ballot key, whether it counts, and which it
        replaces. :meth:`add` is given its elements in any case; those of a ballot that does not count are taken off
        here."""
        earlier = self._counting.get(key)
        if earlier is None:
            self._counting[key] = _Counting(index, self._keep(ciphertexts))
        elif self._replace:
            self.replaced.append(earlier.entry)
            self._subtract(self._kept.get(earlier.kept, len(ciphertexts)))
            self._counting[key] = _Counting(index, self._keep(ciphertexts))
        else:
            self.replaced.append(index)
            self._subtract(ciphertexts)

    def add(self, elements: Sequence[Element]) -> None:
        """Adds the elements of a ballot, or the sum of those of several."""
        self._rows.append(elements)
        if len(self._rows) > _CHUNK:
            self._fold()

    def _subtract(self, ciphertexts: bytes) -> None:
        self.add([-element for element in ristretto255.decode_elements(ciphertexts)])

    def _keep(self, ciphertexts: bytes) -> int:
        return self._kept.add(ciphertexts) if self._replace or self._mixed else 0

    def _fold(self) -> None:
        self._rows = [ristretto255.sum_columns(self._rows)]

    def close(self, root: bytes) -> EncryptedTally:
        """The tally, at the end of voting, whose log had this Merkle root."""
        if not self._rows:
            return EncryptedTally(0, (), root)
        self._fold()
        sums = self._rows[0]
        ciphertexts = (Ciphertext(*sums[2 * place : 2 * place + 2]) for place in self._places)
        return EncryptedTally(self.ballots, tuple(ciphertexts), root)

    def rows(self, batch: Batch) -> bytes:
        """A batch's rows: of every counting ballot, in the order of the log."""
        counting = sorted(self._counting.values())
        return b"".join([batch.row(self._kept.get(one.kept, self._size)) for one in counting])
