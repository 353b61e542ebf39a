"""Mixing, as far as it is public: rounds, each by another mixer, each over all batches; and the shares of mixed lines.

Round 1 takes the counting ballots' ciphertexts in the order of the log; every round takes the outputs of the one
before. A round that does not hold is not taken, and another mixer mixes in its place: what was mixed before stays. When
as many have mixed as the manifest asks for, the trustees decrypt every line of the last round.

An attachment of a round is the outputs of a batch, and behind them the proof; one of a share, the shares of the lines,
and behind them the proof. What is decrypted must be mixed; and since every ballot's proof is of its own voter's
knowledge (``docs/spec/ballot.md``), no input can have been made of another's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..board.attachments import Attachments
from ..crypto import equality, shuffle
from ..crypto.encoding import Tag
from ..crypto.group import Element, ristretto255
from ..crypto.sigma import session
from ..errors import (
    BoardError,
    DuplicateError,
    ManifestError,
    PhaseError,
    StoreError,
    TallyError,
)
from ..manifest import Election
from .batches import Batch
from .proofs import BatchProof, refusal
from .records import BatchFile, LineShare, MixRound, basis_of


class Mixing:
    """The rounds so far, of the ballots that count. ``inputs`` gives the rows of a batch as they were cast; ``root`` is
    the log's at the end of voting."""

    def __init__(
        self,
        election: Election,
        key: Element,
        batches: Sequence[Batch],
        ballots: int,
        inputs: Callable[[Batch], bytes],
        root: bytes,
        attachments: Attachments,
    ) -> None:
        self.election = election
        self.key = key
        self.batches = batches
        self.ballots = ballots
        self.root = root
        self._inputs = inputs
        self.attachments = attachments
        self.rounds: list[MixRound] = []
        #: What stands for the rows as they are now: the log at the end of voting, or the last round.
        self.basis = root
        #: What came of proofs that were looked at, by session, key and attachment: the same again costs nothing.
        self._looked_at: dict[tuple[bytes, bytes, bytes], str] = {}

    @property
    def needed(self) -> int:
        """How many rounds there have to be: none where nothing is mixed, or nobody voted."""
        return self.election.manifest.mixing_rounds if self.batches and self.ballots else 0

    @property
    def is_complete(self) -> bool:
        """Whether lines may be decrypted."""
        return len(self.rounds) >= self.needed

    def _check_basis(self, basis: bytes) -> None:
        # No culprit: a board can show one party other ballots, or another round before, than it publishes.
        if basis != self.basis:
            raise PhaseError("it is of other ballots, or follows another round, than this log has")

    # Sizes.

    def outputs_size(self, batch: Batch) -> int:
        """The bytes of a batch's rows."""
        return self.ballots * batch.row_size

    def round_size(self, batch: Batch) -> int:
        """The bytes of a batch's attachment to a round."""
        return self.outputs_size(batch) + shuffle.proof_size(ristretto255, self.ballots, batch.width)

    def share_size(self, batch: Batch) -> int:
        """The bytes of a batch's attachment to a share: half of every ciphertext, and the proof."""
        return self.outputs_size(batch) // 2 + equality.proof_size(ristretto255)

    # Rows.

    def rows(self, place: int) -> bytes | memoryview:
        """A batch's rows as they are now: cast, or mixed in the last round. Raises BoardError where they are lost."""
        batch = self.batches[place]
        if not self.rounds:
            return self._inputs(batch)
        last = self.rounds[-1]
        what = f"{batch.name}: what came of round {last.round}, by mixer {last.mixer}"
        return self._file(last.batches[place], what)[: self.outputs_size(batch)]

    def _file(self, file: BatchFile, what: str) -> memoryview:
        try:
            return self.attachments.read(file.digest, file.size)
        except StoreError:
            raise
        except BoardError as error:
            raise BoardError(f"{what}: {error.message}", item=error.item) from None

    # Rounds.

    def session(self, batch: Batch, number: int, mixer: str) -> bytes:
        """The session identifier of a shuffle's proof: election, root, contest, line, round, mixer."""
        return session(
            ristretto255,
            Tag.SHUFFLE_PROOF,
            self.election.id,
            self.root,
            batch.contest,
            batch.line,
            number,
            mixer,
        )

    def check_order(self, record: MixRound) -> None:
        """Returns nothing if the round is the next one, by a mixer that has not mixed, over all batches.

        Raises PhaseError for a round that is too early, too late or not needed; DuplicateError for one that is there;
        TallyError, naming the mixer, for other faults.
        """
        culprit = f"mixer {record.mixer}"
        self.election.manifest.mixer(record.mixer)
        if record in self.rounds:
            raise DuplicateError(f"round {record.round} was mixed before, by this mixer")
        if not self.needed:
            raise PhaseError("nothing is to be mixed")
        if self.is_complete:
            raise PhaseError(f"all {self.needed} rounds have been mixed")
        # Another mixer was faster: nobody's fault, and to be mixed anew.
        if record.round != len(self.rounds) + 1:
            raise PhaseError(f"round {len(self.rounds) + 1} is mixed now, not {record.round}")
        self._check_basis(record.basis)
        if any(record.mixer == earlier.mixer for earlier in self.rounds):
            raise TallyError(
                "one mixer mixes once: two rounds by it would hide nothing from it", culprit=culprit
            )
        self._check_files(record.batches, self.round_size, culprit)

    def _check_files(self, files: Sequence[BatchFile], size: Callable[[Batch], int], culprit: str) -> None:
        if [(file.contest, file.line) for file in files] != [(b.contest, b.line) for b in self.batches]:
            raise TallyError("the batches are not the election's, in its order", culprit=culprit)
        for file, batch in zip(files, self.batches, strict=True):
            if file.size != size(batch):
                raise TallyError(
                    f"{batch.name}: {size(batch)} bytes are expected, not {file.size}", culprit=culprit
                )

    def check_shuffle(self, record: MixRound, place: int) -> None:
        """Returns nothing if the proof of the batch at that place holds, in a round that is the next one. Raises
        TallyError, naming mixer and batch, where it does not, and BoardError where an attachment is missing."""
        why = self._look_at(self.shuffle_proof(record, place))
        if why:
            raise TallyError(
                f"{self.batches[place].name}: the shuffle is refused: {why}", culprit=f"mixer {record.mixer}"
            )

    def shuffle_proof(self, record: MixRound, place: int) -> BatchProof:
        """The proof of the batch at that place, not verified yet. Raises as :meth:`check_order`, and BoardError where
        an attachment is missing."""
        self.check_order(record)
        batch, file = self.batches[place], record.batches[place]
        return BatchProof(
            "shuffle",
            self.session(batch, record.round, record.mixer),
            self.basis,
            file.digest,
            self.key,
            batch.width,
            self.rows(place),
            self._file(file, f"{batch.name}: round {record.round} by mixer {record.mixer}"),
        )

    def _look_at(self, proof: BatchProof) -> str:
        """Why a proof does not hold, or nothing where it does."""
        if proof.name not in self._looked_at:
            self.remember(proof, refusal(proof))
        return self._looked_at[proof.name]

    def remember(self, proof: BatchProof, why: str) -> None:
        """Takes in what came of a proof (:func:`~.proofs.refusal`) that was looked at elsewhere."""
        self._looked_at[proof.name] = why

    def apply(self, record: MixRound) -> None:
        """Takes a round in whose place is right, its proofs *unchecked*; another one is passed over."""
        try:
            self.check_order(record)
        except (PhaseError, TallyError, DuplicateError, ManifestError):
            return
        self.rounds.append(record)
        self.basis = basis_of(record)

    # Shares.

    def share_session(self, batch: Batch, trustee: str) -> bytes:
        """The session identifier of a share's proof: election, root, contest, line, trustee."""
        return session(
            ristretto255,
            Tag.LINE_DECRYPTION_PROOF,
            self.election.id,
            self.root,
            batch.contest,
            batch.line,
            trustee,
        )

    def pads(self, place: int) -> bytes:
        """The first element of every ciphertext of a batch."""
        return self._halves(place, 0)

    def data(self, place: int) -> bytes:
        """The second element of every ciphertext of a batch."""
        return self._halves(place, ristretto255.element_size)

    def _halves(self, place: int, start: int) -> bytes:
        rows, size = bytes(self.rows(place)), ristretto255.element_size
        return b"".join([rows[at : at + size] for at in range(start, len(rows), 2 * size)])

    def check_complete(self) -> None:
        """Raises PhaseError before all rounds are there."""
        if not self.is_complete:
            raise PhaseError(
                f"{len(self.rounds)} of {self.needed} rounds have been mixed: it is too early to decrypt"
            )

    def check_share_order(self, record: LineShare) -> None:
        """Returns nothing if the share is of all batches, after the last round. Raises PhaseError before all rounds are
        there, and TallyError naming the trustee."""
        if not self.needed:
            raise PhaseError("no lines are to be decrypted")
        self.check_complete()
        self._check_basis(record.basis)
        self._check_files(record.batches, self.share_size, f"trustee {record.trustee}")

    def check_share(self, key: Element, record: LineShare, place: int) -> None:
        """Returns nothing if the share of the batch at that place is proven against the trustee's verification key.

        Raises as :meth:`check_share_order`, TallyError naming the trustee, and BoardError where an attachment is
        missing.
        """
        why = self._look_at(self.share_proof(key, record, place))
        if why:
            raise TallyError(
                f"{self.batches[place].name}: the decryption share is refused: {why}",
                culprit=f"trustee {record.trustee}",
            )

    def share_proof(self, key: Element, record: LineShare, place: int) -> BatchProof:
        """The proof of a share, not verified yet. Raises as :meth:`check_share`, but for a proof that does not hold."""
        self.check_share_order(record)
        batch, file = self.batches[place], record.batches[place]
        return BatchProof(
            "share",
            self.share_session(batch, record.trustee),
            self.basis,
            file.digest,
            key,
            1,
            self.pads(place),
            self._file(file, self._share_name(batch, record)),
        )

    @staticmethod
    def _share_name(batch: Batch, record: LineShare) -> str:
        return f"{batch.name}: the share of trustee {record.trustee}"

    def shares(self, place: int, record: LineShare) -> list[Element]:
        """A trustee's shares of a batch's ciphertexts; they have been checked."""
        data = self._file(record.batches[place], self._share_name(self.batches[place], record))
        return ristretto255.decode_elements(bytes(data[: self.outputs_size(self.batches[place]) // 2]))
