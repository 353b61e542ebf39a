"""The log's state machine to its end: the encrypted tally, decryption shares and the result.

While ballots come in, the sums are kept (:class:`~secretballot.tally.encrypted.RunningTally`); with the authority's
entry that opens the tally they are final, and bound to the log's root at that place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from ..board.entry import Cast, Entry, Facts
from ..board.examiner import Check
from ..board.records import Phase, PhaseChange
from ..board.state import LogState
from ..crypto.group import Element, ristretto255
from ..errors import DuplicateError, ManifestError, PhaseError, TallyError, check_type
from ..records import Record
from .checks import check_share
from .counting import count
from .encrypted import EncryptedTally, RunningTally
from .records import DecryptionShare, Result


class ElectionLog(LogState):
    """Everything that a log says, from the manifest to the result."""

    records: ClassVar[dict[str, tuple[type[Record], Phase]]] = {
        **LogState.records,
        "decryption-share": (DecryptionShare, "tally"),
        "result": (Result, "tally"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.running: RunningTally | None = None
        self._tally: EncryptedTally | None = None
        self.shares: dict[int, tuple[Element, ...]] = {}
        self.result: Result | None = None
        #: Whose shares were counted, and what came of it.
        self._computed: tuple[frozenset[int], Result | TallyError] | None = None
        self._checked: tuple[Entry, tuple[Element, ...]] | None = None

    @property
    def tally(self) -> EncryptedTally:
        """The encrypted tally; raises PhaseError while voting is not closed."""
        if self._tally is None:
            raise PhaseError("voting is not closed")
        return self._tally

    def compute_result(self) -> Result:
        """The result that the log's verified shares give; raises TallyError with fewer than a quorum."""
        shares = self._quorum()
        if self._computed is None or self._computed[0] != shares.keys():
            self._computed = frozenset(shares), self._count(shares)
        outcome = self._computed[1]
        if isinstance(outcome, TallyError):
            raise outcome.with_traceback(None)
        return outcome

    def _count(self, shares: dict[int, tuple[Element, ...]]) -> Result | TallyError:
        """A tally that decrypts to no counts takes long to find out, and may be asked for again and again."""
        try:
            return count(self.election, self._unconfirmed.plans, self.tally, shares)
        except TallyError as error:
            return error

    def _quorum(self) -> dict[int, tuple[Element, ...]]:
        """The first k shares by index: any k give the same, and no more are needed."""
        return {index: self.shares[index] for index in sorted(self.shares)[: self.election.manifest.quorum]}

    def signer(self, entry: Entry) -> bytes:
        match entry.record:
            case DecryptionShare() as share:
                return self._trustee_key(share.trustee)
            case Result():
                return self.election.manifest.authority.signing_key
            case _:
                return super().signer(entry)

    def _own_checks(self, entry: Entry) -> list[Check]:
        match entry.record:
            case DecryptionShare() as share:
                return [("T1", lambda: self._check_share(entry, share))]
            case Result() as result:
                return [
                    ("T2", self._check_quorum),
                    ("T3", lambda: self._check_counts(result)),
                    ("T4", lambda: self._check_outcomes(result)),
                ]
            case _:
                return super()._own_checks(entry)

    def _check_share(self, entry: Entry, share: DecryptionShare) -> None:
        index = self.election.manifest.trustee_index(share.trustee)
        if index in self.shares:
            if ristretto255.encode_elements(self.shares[index]) == share.shares:
                # Sent again by anybody, or proven anew by a trustee that was started again: nobody's fault.
                raise DuplicateError(f"this share of trustee {share.trustee} was posted before")
            raise DuplicateError("another share was posted before", culprit=f"trustee {share.trustee}")
        self._verify_share(entry, index, share)

    def _verify_share(self, entry: Entry, index: int, share: DecryptionShare) -> tuple[Element, ...]:
        if self._checked is None or self._checked[0] is not entry:
            public = self.group_public
            if public is None:
                raise TallyError("there is no election key")
            key = public.verification_keys[index - 1]
            self._checked = (entry, check_share(self.election, key, self.tally, share))
        return self._checked[1]

    def _check_quorum(self) -> None:
        quorum = self.election.manifest.quorum
        if self.tally.ballots and len(self.shares) < quorum:
            raise TallyError(f"{quorum} decryption shares are needed, there are {len(self.shares)}")

    def _check_counts(self, result: Result) -> None:
        expected = self.compute_result()
        if (result.collected, result.roll, result.below_minimum_group) != (
            expected.collected,
            expected.roll,
            expected.below_minimum_group,
        ):
            raise TallyError(f"{expected.collected} ballots count, on a roll of {expected.roll}")
        if _counts(result) != _counts(expected):
            raise TallyError("the published counts are not those that the shares decrypt to")

    def _check_outcomes(self, result: Result) -> None:
        expected = [[line.outcomes for line in c.lines] for c in self.compute_result().contests]
        if [[line.outcomes for line in c.lines] for c in result.contests] != expected:
            raise TallyError("an outcome does not follow from the counts by the manifest's rules")

    def apply(self, entry: Entry) -> None:
        check_type(entry, Entry, "an entry that was read (see follow)")
        match entry.record:
            case DecryptionShare() as share:
                self._take_share(entry, share)
            case Result() as result:
                self.result = self.result or result
                self._enter("closed")
            case _:
                pass
        if isinstance(entry.facts, Cast):
            facts, elements = self.examiner.add_up(entry, entry.facts)
            super().apply(replace(entry, facts=facts))
            self.add_sum(elements)
        else:
            super().apply(entry)
        if isinstance(entry.record, PhaseChange) and entry.record.phase == "tally" and self._tally is None:
            self._tally = self._running().close(self.frontier.root())

    def take(self, index: int, leaf: bytes, facts: Facts | None) -> None:
        super().take(index, leaf, facts)
        if isinstance(facts, Cast) and facts.ciphertexts:
            self._running().count(facts.key, index, facts.ciphertexts)

    def add_sum(self, elements: Sequence[Element]) -> None:
        """Adds the sum of the elements of ballots that were taken in: of all of them, whether they count or not."""
        if elements:
            self._running().add(elements)

    def _running(self) -> RunningTally:
        if self.running is None:
            self.running = RunningTally(self.election)
        return self.running

    def _take_share(self, entry: Entry, share: DecryptionShare) -> None:
        try:
            index = self.election.manifest.trustee_index(share.trustee)
            verified = self._verify_share(entry, index, share)
        except (TallyError, PhaseError, ManifestError):
            return  # Reported by its check; a share that is not proven decrypts nothing.
        self.shares.setdefault(index, verified)


def _counts(result: Result) -> list[tuple[str, list[tuple[str, tuple[int, ...], int]]]]:
    """What a result says was counted, without what follows from it."""
    return [(c.id, [(line.id, line.counts, line.blank) for line in c.lines]) for c in result.contests]
