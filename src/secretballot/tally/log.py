"""The log's state machine to its end: the encrypted tally, rounds of mixing, decryption shares and the result.

While ballots come in, the sums are kept (:class:`~secretballot.tally.encrypted.RunningTally`); with the authority's
entry that opens the tally they are final, and bound to the log's root at that place. Where contests are mixed, so are
the rows of the counting ballots (:class:`~secretballot.tally.mixing.Mixing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, TypeVar

from ..ballot.contest_kinds import plan_election
from ..board.entry import Cast, Entry, Facts
from ..board.examiner import Check
from ..board.records import Phase, PhaseChange, Seal
from ..board.state import LogState
from ..crypto.group import Element, ristretto255
from ..errors import (
    BoardError,
    DuplicateError,
    ManifestError,
    PhaseError,
    SecretBallotError,
    StoreError,
    TallyError,
    check_type,
)
from ..manifest import LineContest, is_mixed, is_summed
from ..records import Record
from .batches import batches
from .checks import check_share
from .encrypted import EncryptedTally, RunningTally
from .lines import count_lines
from .mixing import Mixing
from .proofs import BatchProof
from .records import ContestResult, DecryptionShare, LineShare, MixRound, Result
from .result import count

_Share = TypeVar("_Share")


class ElectionLog(LogState):
    """Everything that a log says, from the manifest to the result."""

    records: ClassVar[dict[str, tuple[type[Record], Phase]]] = {
        **LogState.records,
        "seal": (Seal, "tally"),
        "decryption-share": (DecryptionShare, "tally"),
        "mix-round": (MixRound, "tally"),
        "line-share": (LineShare, "tally"),
        "result": (Result, "tally"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.running: RunningTally | None = None
        self._tally: EncryptedTally | None = None
        self._mixing: Mixing | None = None
        self.is_sealed = False
        self.shares: dict[int, tuple[Element, ...]] = {}
        self.line_shares: dict[int, LineShare] = {}
        self.result: Result | None = None
        #: Whose shares were counted, and what came of it.
        self._computed: tuple[tuple[frozenset[int], frozenset[int]], Result | TallyError] | None = None
        self._lines: tuple[frozenset[int], dict[str, ContestResult] | TallyError] | None = None
        self._checked: tuple[Entry, tuple[Element, ...]] | None = None

    @property
    def closing_root(self) -> bytes:
        """The root of the log up to the entry that closed voting, for the authority to seal; raises PhaseError
        before."""
        if self._tally is None:
            raise PhaseError("voting is not closed")
        return self._tally.root

    @property
    def tally(self) -> EncryptedTally:
        """The encrypted tally; raises PhaseError while voting is not closed, or the authority has not sealed it."""
        if self._tally is None:
            raise PhaseError("voting is not closed")
        if not self.is_sealed:
            raise PhaseError("the authority has not sealed the ballots yet")
        return self._tally

    @property
    def mixing(self) -> Mixing:
        """The mixing; raises PhaseError as :attr:`tally`, and where there is no election key."""
        if self.tally is None or self._mixing is None:
            raise PhaseError("there is no election key")
        return self._mixing

    def compute_result(self) -> Result:
        """The result that the log's verified shares give; raises TallyError with fewer than a quorum."""
        shares, line_shares = self._quorum(self.shares), self._quorum(self.line_shares)
        whose = frozenset(shares), frozenset(line_shares)
        if self._computed is None or self._computed[0] != whose:
            self._computed = whose, self._count(shares, line_shares)
        outcome = self._computed[1]
        if isinstance(outcome, TallyError):
            raise outcome.with_traceback(None)
        return outcome

    def _count(
        self, shares: dict[int, tuple[Element, ...]], line_shares: dict[int, LineShare]
    ) -> Result | TallyError:
        """A tally that decrypts to no counts takes long to find out, and may be asked for again and again."""
        try:
            return count(self.election, self._unconfirmed.plans, self.tally, shares, self.mixing, line_shares)
        except TallyError as error:
            return error

    def _count_lines(self) -> dict[str, ContestResult]:
        """The counts of the mixed lines, likewise."""
        shares = self._quorum(self.line_shares)
        whose = frozenset(shares)
        if self._lines is None or self._lines[0] != whose:
            try:
                self._lines = whose, count_lines(self.mixing, shares)
            except TallyError as error:
                self._lines = whose, error
        outcome = self._lines[1]
        if isinstance(outcome, TallyError):
            raise outcome.with_traceback(None)
        return outcome

    def _quorum(self, shares: Mapping[int, _Share]) -> dict[int, _Share]:
        """The first k shares by index: any k give the same, and no more are needed."""
        return {index: shares[index] for index in sorted(shares)[: self.election.manifest.quorum]}

    def signer(self, entry: Entry) -> bytes:
        match entry.record:
            case DecryptionShare() | LineShare() as share:
                return self._trustee_key(share.trustee)
            case MixRound() as mixed:
                return self.election.manifest.mixer(mixed.mixer).signing_key
            case Seal() | Result():
                return self.election.manifest.authority.signing_key
            case _:
                return super().signer(entry)

    def _own_checks(self, entry: Entry) -> list[Check]:
        match entry.record:
            case Seal() as seal:
                return [("L8", lambda: self._check_seal(seal))]
            case DecryptionShare() as share:
                return [("T1", lambda: self._check_share(entry, share))]
            case MixRound() as mixed:
                return [
                    ("X1", lambda: self.mixing.check_order(mixed)),
                    *(("X2", partial(self._check_shuffle, mixed, place)) for place in self._places(mixed)),
                ]
            case LineShare() as lines:
                return [
                    ("X3", partial(self._check_line_share, lines, place)) for place in self._places(lines)
                ]
            case Result() as result:
                return [
                    ("T2", self._check_quorum),
                    ("T3", lambda: self._check_counts(result)),
                    ("T4", lambda: self._check_outcomes(result)),
                    *([("T5", self._check_agreement)] if self.twice() else ()),
                ]
            case _:
                return super()._own_checks(entry)

    def _check_seal(self, seal: Seal) -> None:
        if self.is_sealed:
            raise DuplicateError("the ballots were sealed before")
        # No culprit: a board can show the authority another log than it publishes.
        if seal.basis != self.closing_root:
            raise PhaseError("it seals another log than this one")

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

    def _places(self, record: MixRound | LineShare) -> range:
        """The places of the batches that are checked, each by itself. Of a record that is not in order the first: its
        check says so."""
        if self._mixing is None or not self.is_sealed:
            return range(1)
        try:
            self._check_order(record)
        except SecretBallotError:
            return range(1)
        return range(len(self._mixing.batches))

    def batch_proofs(self, entry: Entry) -> list[tuple[int, Callable[[], BatchProof]]]:
        """The proofs in the attachments of a round of mixing, or of a share of lines, that can be the next entry: each
        with the bytes that it is over, and what makes it ready, which raises as the proof's check. Whoever has them
        verified elsewhere tells :meth:`.Mixing.remember`. None of other entries."""
        record = entry.record
        if not isinstance(record, MixRound | LineShare) or self._mixing is None or not self.is_sealed:
            return []
        try:
            self._check_order(record)
        except SecretBallotError:
            return []
        return [
            (
                file.size + self._mixing.outputs_size(batch),
                partial(self._mixing.shuffle_proof, record, place)
                if isinstance(record, MixRound)
                else partial(self._mixing.share_proof, self._line_share_key(record), record, place),
            )
            for place, (batch, file) in enumerate(zip(self._mixing.batches, record.batches, strict=True))
        ]

    def _check_order(self, record: MixRound | LineShare) -> None:
        if isinstance(record, MixRound):
            self.mixing.check_order(record)
        else:
            self._line_share_key(record)
            self.mixing.check_share_order(record)

    def _check_shuffle(self, record: MixRound, place: int) -> None:
        self.mixing.check_shuffle(record, place)

    def _line_share_key(self, record: LineShare) -> Element:
        """The verification key of a trustee that has not posted a share of the lines."""
        index = self.election.manifest.trustee_index(record.trustee)
        if index in self.line_shares:
            same = self.line_shares[index] == record
            # Proven anew by a trustee that was started again, it would be another: nobody's fault.
            raise DuplicateError(
                f"{'this' if same else 'another'} share of the lines of trustee {record.trustee} was posted before"
            )
        public = self.group_public
        if public is None:
            raise TallyError("there is no election key")
        return public.verification_keys[index - 1]

    def _check_line_share(self, record: LineShare, place: int) -> None:
        self.mixing.check_share(self._line_share_key(record), record, place)

    def _check_quorum(self) -> None:
        quorum = self.election.manifest.quorum
        if self.tally.ciphertexts and len(self.shares) < quorum:
            raise TallyError(f"{quorum} decryption shares are needed, there are {len(self.shares)}")
        if self.mixing.needed and len(self.line_shares) < quorum:
            raise TallyError(
                f"{quorum} shares of the mixed lines are needed, there are {len(self.line_shares)}"
            )

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
        if not self.ruled():
            # Nothing needs to be counted to see it.
            if any(outcomes for contest in result.contests for outcomes in _outcomes(contest)):
                raise TallyError("the manifest has no rule that an outcome could follow from")
            return
        expected = [_outcomes(contest) for contest in self.compute_result().contests]
        if [_outcomes(contest) for contest in result.contests] != expected:
            raise TallyError("an outcome does not follow from the counts by the manifest's rules")

    def twice(self) -> list[str]:
        """The contests that are tallied in both ways."""
        return [one.id for one in self.election.manifest.contests if is_summed(one) and is_mixed(one)]

    def ruled(self) -> list[str]:
        """The contests that have outcome rules."""
        contests = self.election.manifest.contests
        return [one.id for one in contests if isinstance(one, LineContest) and one.rules]

    def _check_agreement(self) -> None:
        # Of a contest that is tallied twice, the result has the counts of the sums.
        sums = {contest.id: contest for contest in self.compute_result().contests}
        mixed = self._count_lines()
        for contest in self.twice():
            if sums[contest] != mixed[contest]:
                raise TallyError(
                    "the sums and the mixed lines give different counts", item=f"contest {contest}"
                )

    def apply(self, entry: Entry) -> None:
        check_type(entry, Entry, "an entry that was read (see follow)")
        match entry.record:
            case Seal() as seal:
                self.is_sealed = self.is_sealed or (
                    self._tally is not None and seal.basis == self._tally.root
                )
            case DecryptionShare() as share:
                self._take_share(entry, share)
            case MixRound() as mixed:
                if self._mixing is not None and self.is_sealed:
                    self._mixing.apply(mixed)
            case LineShare() as lines:
                self._take_line_share(lines)
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
            self._close()

    def make_room(self, entry: Entry) -> None:
        if isinstance(entry.facts, Cast) and self.running is not None:
            self.running.make_room(len(entry.facts.ciphertexts))

    def take(self, index: int, leaf: bytes, facts: Facts | None) -> None:
        super().take(index, leaf, facts)
        # A ballot that a board takes after the close is in no count, and in no mixer's lines.
        if isinstance(facts, Cast) and facts.ciphertexts and self._tally is None:
            self._running().count(facts.key, index, facts.ciphertexts)

    def add_sum(self, elements: Sequence[Element]) -> None:
        """Adds the sum of the elements of ballots that were taken in: of all of them, whether they count or not."""
        if elements and self._tally is None:
            self._running().add(elements)

    def _running(self) -> RunningTally:
        if self.running is None:
            self.running = RunningTally(self.election, plan_election(self.election))
        return self.running

    def _close(self) -> None:
        """The end of voting."""
        root, running = self.frontier.root(), self._running()
        self._tally = running.close(root)
        public = self.group_public
        if public is not None:
            self._mixing = Mixing(
                self.election,
                public.group_key,
                batches(self._unconfirmed.plans),
                running.ballots,
                running.rows,
                root,
                self.attachments,
            )

    def attachments_of(self, entry: Entry) -> Sequence[tuple[bytes, int]]:
        if not isinstance(entry.record, MixRound | LineShare):
            return ()
        for _, check in self._common_checks(entry):
            check()
        self._check_order(entry.record)
        return [(file.digest, file.size) for file in entry.record.batches]

    def attached(self) -> list[tuple[bytes, int]]:
        rounds = self._mixing.rounds if self._mixing is not None else []
        files = [one.batches for one in rounds] + [one.batches for one in self.line_shares.values()]
        return [(file.digest, file.size) for several in files for file in several]

    def _take_share(self, entry: Entry, share: DecryptionShare) -> None:
        try:
            index = self.election.manifest.trustee_index(share.trustee)
            verified = self._verify_share(entry, index, share)
        except (TallyError, PhaseError, ManifestError):
            return  # Reported by its check; a share that is not proven decrypts nothing.
        self.shares.setdefault(index, verified)

    def _take_line_share(self, record: LineShare) -> None:
        try:
            for place in self._places(record):
                self._check_line_share(record, place)
            index = self.election.manifest.trustee_index(record.trustee)
        except StoreError:
            raise  # It is not known whether the share holds: whoever keeps the log makes its state anew.
        except (TallyError, BoardError, ManifestError, PhaseError):
            return  # As above.
        self.line_shares.setdefault(index, record)


def _counts(result: Result) -> list[object]:
    """What a result says was counted, without what follows from it, and without reasons, which have no set wording."""
    out: list[object] = []
    for contest in result.contests:
        if isinstance(contest, ContestResult):
            out.append((contest.id, [(line.id, line.counts, line.blank) for line in contest.lines]))
        else:
            lines = tuple(one.line for one in contest.invalid_lines)
            out.append((lines, contest.model_copy(update={"invalid_lines": ()})))
    return out


def _outcomes(contest: object) -> list[tuple[str, ...]]:
    return [line.outcomes for line in contest.lines] if isinstance(contest, ContestResult) else []
