"""What a log says so far, and whether one more entry may follow. A state machine without I/O.

The board asks it before it appends; the verifier asks it again for every entry of a record. Each check has the id of
the rule that it belongs to (``docs/spec/rules.md``), so that both say the same of the same fault.

* :meth:`LogState.read` takes an entry's bytes apart;
* :meth:`LogState.checks` lists the checks of an entry, which raise where it is wrong and change nothing. Those of
  ballots, challenges and lines of the register are partly the :class:`~.examiner.Examiner`'s, which needs no log;
* :meth:`LogState.proofs` gives its ballot proofs, to be verified one by one or in batches;
* :meth:`LogState.apply` takes an entry in;
* :meth:`LogState.follow` does all of it, for whoever keeps a copy of the log.

This is the log up to the end of voting; :class:`secretballot.tally.log.ElectionLog` adds shares and result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..ballot.context import BallotContext
from ..ballot.records import Ballot, ChallengedBallot
from ..ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from ..ceremony.state import CeremonyRecord, CeremonyState
from ..credential import Issuance
from ..crypto.batch import ParsedProof, verify_batch
from ..crypto.dkg import GroupPublic
from ..crypto.group import ristretto255
from ..crypto.merkle import Frontier, leaf_hash
from ..crypto.note import open_checkpoint
from ..errors import (
    BoardError,
    CredentialError,
    DuplicateError,
    EncodingError,
    PhaseError,
    check_type,
)
from ..manifest import Election, Manifest
from ..records import Record, SignedEntry, a_kind, parse_entry
from .attachments import Attachments, HeldAttachments
from .entry import Cast, Challenged, Entry, Facts, Issued, facts_of
from .examiner import Check, Examiner, check_election
from .records import PHASES, Phase, PhaseChange

_CEREMONY_RULES = {
    CeremonyCommitment: "K1",
    CeremonyMessage: "K2",
    CeremonyConfirmation: "K3",
    CeremonyComplaint: "K5",
}


class LogState:
    """The public state of an election, from the entries applied so far."""

    #: The records that a log may hold, and the phase in which each is taken.
    records: ClassVar[dict[str, tuple[type[Record], Phase]]] = {
        "ceremony-commitment": (CeremonyCommitment, "setup"),
        "ceremony-message": (CeremonyMessage, "setup"),
        "ceremony-confirmation": (CeremonyConfirmation, "setup"),
        "ceremony-complaint": (CeremonyComplaint, "setup"),
        "issuance": (Issuance, "issuance"),
        "ballot": (Ballot, "voting"),
        "challenged-ballot": (ChallengedBallot, "voting"),
    }

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.phase: Phase = "setup"
        self._election: Election | None = None
        self._ceremony: CeremonyState | None = None
        self.issued: dict[str, int] = {}
        self.requests: set[tuple[str, bytes]] = set()
        self._examiner: Examiner | None = None
        #: Confirmation code to the place of the ballot, cast or challenged.
        self.cast: dict[bytes, int] = {}
        self.challenged: dict[bytes, int] = {}
        self.credentials: set[bytes] = set()
        #: Where what entries name is to be had; whoever keeps the log sets it.
        self.attachments: Attachments = HeldAttachments()

    @property
    def size(self) -> int:
        """How many entries have been applied."""
        return self.frontier.size

    @property
    def election(self) -> Election:
        """The election; raises PhaseError while the log has no manifest."""
        if self._election is None:
            raise PhaseError("the log has no manifest yet")
        return self._election

    @property
    def ceremony(self) -> CeremonyState:
        """What the log says of the ceremony; raises PhaseError while the log has no manifest."""
        if self._ceremony is None:
            raise PhaseError("the log has no manifest yet")
        return self._ceremony

    @property
    def commitments(self) -> dict[str, bytes]:
        """The hashes of the trustees' messages, by trustee."""
        return self._ceremony.commitments if self._ceremony else {}

    @property
    def messages(self) -> dict[str, bytes]:
        """The trustees' messages, by trustee."""
        return self._ceremony.messages if self._ceremony else {}

    @property
    def confirmations(self) -> dict[str, bytes]:
        """The trustees' signatures over the ceremony, by trustee."""
        return self._ceremony.confirmations if self._ceremony else {}

    @property
    def complaints(self) -> dict[str, str]:
        """The accuser's id to that of the accused."""
        return self._ceremony.complaints if self._ceremony else {}

    @property
    def group_public(self) -> GroupPublic | None:
        """What the messages give; None before."""
        return self._ceremony.group_public if self._ceremony else None

    @property
    def context(self) -> BallotContext:
        """Election and election key, for voters' devices; raises PhaseError before every trustee has confirmed the key,
        and CeremonyError where one complained instead."""
        self.ceremony.check_complete()
        return self._unconfirmed

    @property
    def _unconfirmed(self) -> BallotContext:
        """The same from the messages alone: a verifier goes on where a confirmation is missing."""
        return self.examiner.context

    @property
    def examiner(self) -> Examiner:
        """The checks of entries by themselves; raises PhaseError while the log has no manifest."""
        if self._examiner is None:
            raise PhaseError("the log has no manifest yet")
        return self._examiner

    # Reading.

    def read(self, raw: bytes) -> Entry:
        """The next entry taken apart; raises EncodingError or ManifestError naming it."""
        check_type(raw, bytes, "an entry as bytes")
        index = self.size
        try:
            if self._election is not None:
                self._election.check_size(raw)
            signed = parse_entry(raw)
            record = self._parse(index, signed)
            return Entry(index, raw, signed, record, facts_of(signed, record))
        except EncodingError as error:
            raise EncodingError(error.message, item=f"entry {index}") from None

    def _parse(self, index: int, signed: SignedEntry) -> Record:
        if index == 0:
            return Election.from_signed(signed).manifest
        if signed.kind == "phase":
            return PhaseChange.from_body(signed.body)
        if signed.kind == "manifest":
            raise EncodingError("this log has an election's manifest already")
        if signed.kind not in self.records:
            raise EncodingError(f"{a_kind(signed.kind)} has no place here")
        return self.records[signed.kind][0].from_body(signed.body)

    # Checking.

    def checks(self, entry: Entry) -> Sequence[Check]:
        """The checks of an entry against the state, each with its rule. What they raise is a SecretBallotError."""
        if entry.index == 0:
            return [("M2", lambda: entry.signed.verify(self.signer(entry)))]
        if entry.facts is not None:
            # The phase first: it says more than a key that is not there yet.
            phase, *others = self.fact_checks(entry.index, entry.facts)
            return [phase, *self.examiner.checks(entry), *others]
        return self._common_checks(entry) + self._own_checks(entry)

    def _common_checks(self, entry: Entry) -> list[Check]:
        return [
            ("L2", lambda: check_election(self.election, entry)),
            ("L3", lambda: self._check_phase(entry)),
            ("L4", lambda: entry.signed.verify(self.signer(entry))),
        ]

    def fact_checks(self, index: int, facts: Facts) -> list[Check]:
        """The checks that need the log, of the entry at ``index`` with these facts: those the examiner cannot make."""
        match facts:
            case Issued():
                return [
                    ("L3", lambda: self._check_in(index, "issuance")),
                    ("C1", lambda: self._check_issuance(facts)),
                ]
            case Cast():
                return [
                    ("L3", lambda: self._check_in(index, "ballot")),
                    ("C3", lambda: self._check_bound(facts.key)),
                    ("B3", lambda: self._check_ballot_new(facts.code)),
                ]
            case Challenged():
                return [
                    ("L3", lambda: self._check_in(index, "challenged-ballot")),
                    ("H2", lambda: self._check_challenge_new(facts.code)),
                ]

    def proofs(self, entry: Entry) -> list[ParsedProof]:
        """The proofs of a ballot or challenged ballot, not verified yet; raises BallotError for one that is malformed.
        None for other entries."""
        return self.examiner.proofs(entry) if entry.facts is not None else []

    def signer(self, entry: Entry) -> bytes:
        """The key that must have signed the entry: the manifest's for its role, or the ballot key."""
        match entry.record:
            case Manifest() as manifest:
                return manifest.authority.signing_key
            case PhaseChange():
                return self.election.manifest.authority.signing_key
            case (
                CeremonyCommitment()
                | CeremonyMessage()
                | CeremonyConfirmation()
                | CeremonyComplaint() as message
            ):
                return self._trustee_key(message.trustee)
            case _:
                return self.examiner.signer(entry)

    def _trustee_key(self, trustee: str) -> bytes:
        manifest = self.election.manifest
        return manifest.trustees[manifest.trustee_index(trustee) - 1].signing_key

    def _check_phase(self, entry: Entry) -> None:
        if isinstance(entry.record, PhaseChange):
            expected = PHASES[min(PHASES.index(self.phase) + 1, len(PHASES) - 1)]
            if entry.record.phase != expected:
                raise PhaseError(
                    f"the phase {entry.record.phase} cannot follow {self.phase}", item=entry.name
                )
        else:
            self._check_in(entry.index, entry.signed.kind)

    def _check_in(self, index: int, kind: str) -> None:
        if self.records[kind][1] != self.phase:
            raise PhaseError(f"{a_kind(kind)} is not taken in the phase {self.phase}", item=f"entry {index}")

    def _own_checks(self, entry: Entry) -> list[Check]:
        match entry.record:
            case PhaseChange(phase="issuance"):
                return [("K4", self.ceremony.check_complete)]
            case (
                CeremonyCommitment()
                | CeremonyMessage()
                | CeremonyConfirmation()
                | CeremonyComplaint() as record
            ):
                return [(_CEREMONY_RULES[type(record)], lambda: self.ceremony.check(record))]
            case _:
                return []

    # Credentials.

    def _check_issuance(self, issuance: Issued) -> None:
        """Of these faults that of the roll alone proves who is at fault: a board can repeat lines, drop and swap them.

        A line that comes too early is no fault of anybody's: sent again after the others, it is taken.
        """
        expected = self.issued.get(issuance.registrar, 0) + 1
        registrar = f"registrar {issuance.registrar}"
        if (issuance.registrar, issuance.request) in self.requests:
            raise CredentialError(f"the request was signed before by {registrar}")
        if issuance.serial > self.election.manifest.roll_size:
            raise CredentialError("more credentials than voters on the roll", culprit=registrar)
        if issuance.serial > expected:
            raise PhaseError(f"line {expected} of {registrar} comes before line {issuance.serial}")
        if issuance.serial < expected:
            raise CredentialError(f"{registrar} has another line {issuance.serial}")

    def _check_bound(self, key: bytes) -> None:
        if key in self.credentials:
            return
        for registrar in self.election.manifest.registrars:
            if len(self.credentials) >= self.issued.get(registrar.id, 0):
                # No culprit: the board may have dropped a line.
                raise CredentialError(f"more credentials vote than were issued by registrar {registrar.id}")

    # Ballots.

    def _check_ballot_new(self, code: bytes) -> None:
        if code in self.cast:
            raise DuplicateError(f"this ballot was cast before, as entry {self.cast[code]}")
        if code in self.challenged:
            raise DuplicateError(
                f"this ballot was challenged, as entry {self.challenged[code]}, and never counts"
            )

    def _check_challenge_new(self, code: bytes) -> None:
        if code in self.cast:
            raise DuplicateError(f"this ballot was cast, as entry {self.cast[code]}, and is not to be opened")
        if code in self.challenged:
            raise DuplicateError(f"this ballot was challenged before, as entry {self.challenged[code]}")

    def check(self, entry: Entry) -> None:
        """Returns nothing if the entry may follow; raises the SecretBallotError of the first check that fails."""
        for _, check in self.checks(entry):
            check()
        verify_batch(ristretto255, self.proofs(entry))

    def check_checkpoint(self, note: str | bytes) -> None:
        """Returns nothing if the board signed this checkpoint, over exactly the entries that were taken in; raises
        NoteError, InvalidSignatureError or BoardError."""
        board = self.election.manifest.board
        checkpoint = open_checkpoint(note, board.verifier(), board.origin)
        if checkpoint.size != self.size:
            raise BoardError(f"the checkpoint is over {checkpoint.size} entries, there are {self.size}")
        if checkpoint.root != self.frontier.root():
            raise BoardError("the entries have another Merkle root than the checkpoint")

    # Applying.

    def follow(self, raw: bytes) -> None:
        """Checks the next entry of a board's log and takes it in: for everybody who keeps a log and is not the board.

        That it is the log of the right election, ``election.id`` tells; that others see the same log, a checkpoint
        (:meth:`check_checkpoint`). Raises the SecretBallotError of the first check that fails, and then takes nothing.
        """
        entry = self.read(raw)
        self.check(entry)
        self.apply(entry)

    def make_room(self, entry: Entry) -> None:
        """Sees to it that there is room for what :meth:`apply` keeps of the entry beside the log. Raises StoreError
        where there is none: the board asks before it appends, since an entry of the log must be applied."""

    def apply(self, entry: Entry) -> None:
        """Takes the entry in, *unchecked*. The board does so only when every check has passed; the verifier does so
        always, to go on after a finding, so that nothing here assumes that they have."""
        match entry.record:
            case Manifest():
                self._election = Election(entry.signed.body)
                self._examiner = Examiner(self._election, None)
                self._ceremony = CeremonyState(self._election)
            case PhaseChange() as change:
                self._enter(change.phase)
            case (
                CeremonyCommitment()
                | CeremonyMessage()
                | CeremonyConfirmation()
                | CeremonyComplaint() as record
            ):
                self._apply_ceremony(record)
            case _:
                pass
        self.take(entry.index, leaf_hash(entry.raw), entry.facts)

    def take(self, index: int, leaf: bytes, facts: Facts | None) -> None:
        """Takes in the entry at ``index`` by its leaf hash and facts."""
        match facts:
            case Issued():
                self.issued[facts.registrar] = self.issued.get(facts.registrar, 0) + 1
                self.requests.add((facts.registrar, facts.request))
            case Cast():
                self.cast.setdefault(facts.code, index)
                self.credentials.add(facts.key)
            case Challenged():
                self.challenged.setdefault(facts.code, index)
            case None:
                pass
        self.frontier.append(leaf)

    def _apply_ceremony(self, record: CeremonyRecord) -> None:
        before = self.group_public
        self.ceremony.apply(record)
        public = self.group_public
        if public is not None and public is not before:
            self._examiner = Examiner(self.election, BallotContext(self.election, public.group_key))

    def skip(self, raw: bytes) -> None:
        """Counts an entry that cannot be read: the verifier's way past it."""
        self.frontier.append(leaf_hash(raw))

    def _enter(self, phase: Phase) -> None:
        self.phase = phase

    def attachments_of(self, entry: Entry) -> Sequence[tuple[bytes, int]]:
        """Digest and size of every attachment that the entry names, where it can be the next one: a board keeps no
        other, and whoever follows asks for no other. Raises the SecretBallotError of the first check that fails; what
        is in the attachments is not among them."""
        return ()

    def attached(self) -> Sequence[tuple[bytes, int]]:
        """Digest and size of every attachment that the log's entries name."""
        return ()

    def unique_keys(self, entry: Entry) -> list[bytes]:
        """What a store finds the entry by: its leaf hash, and a ballot's confirmation code."""
        leaf = leaf_hash(entry.raw)
        return [leaf, entry.facts.code] if isinstance(entry.facts, Cast | Challenged) else [leaf]
