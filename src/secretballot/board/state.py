"""What a log says so far, and whether one more entry may follow. A state machine without I/O.

The board asks it before it appends; the verifier asks it again for every entry of a record. Each check has the id of
the rule that it belongs to (``docs/spec/rules.md``), so that both say the same of the same fault.

* :meth:`LogState.read` takes an entry's bytes apart;
* :meth:`LogState.checks` lists the checks of an entry, which raise where it is wrong and change nothing;
* :meth:`LogState.proofs` gives its ballot proofs, to be verified one by one or in batches;
* :meth:`LogState.apply` takes an entry in.

This is the log up to the end of voting; :class:`secretballot.tally.log.ElectionLog` adds shares and result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..ballot.checks import challenged_body, check_openings, decode_contests, parse_proofs
from ..ballot.context import BallotContext
from ..ballot.records import Ballot, ChallengedBallot, confirmation_code
from ..ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from ..ceremony.checks import (
    check_confirmation,
    check_distinct,
    check_message,
    check_opens,
    group_public,
    in_order,
)
from ..credential import Issuance
from ..credential.checks import check_credential
from ..crypto.batch import ParsedProof
from ..crypto.dkg import GroupPublic
from ..crypto.group import Element
from ..crypto.merkle import Frontier, leaf_hash
from ..errors import (
    BallotError,
    BoardError,
    CeremonyError,
    CredentialError,
    DuplicateError,
    EncodingError,
    ManifestError,
    PhaseError,
    check_type,
)
from ..manifest import Election, Manifest
from ..records import Record, SignedEntry, parse_entry
from .records import PHASES, Phase, PhaseChange

#: A rule's id, and the check that raises where the entry breaks it.
Check = tuple[str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry taken apart: its place in the log, its exact bytes, and its record."""

    index: int
    raw: bytes
    signed: SignedEntry
    record: Record

    @property
    def name(self) -> str:
        """How findings and errors call it."""
        return f"entry {self.index}"


@dataclass(frozen=True, slots=True)
class CastBallot:
    """A ballot in the log: where it stands, and the credential that cast it."""

    index: int
    key: bytes


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
        self.commitments: dict[str, bytes] = {}
        self.messages: dict[str, bytes] = {}
        self.confirmations: dict[str, bytes] = {}
        self.complaints: dict[str, str] = {}
        self.group_public: GroupPublic | None = None
        self.issued: dict[str, int] = {}
        self.requests: set[tuple[str, bytes]] = set()
        self._context: BallotContext | None = None
        #: Confirmation code to the place of the ballot, cast or challenged.
        self.cast: dict[bytes, CastBallot] = {}
        self.challenged: dict[bytes, int] = {}
        self.credentials: set[bytes] = set()
        #: Of the entry itself and not of its index: one that was refused leaves its index to the next.
        self._decoded: tuple[Entry, list[list[Element]]] | None = None

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
    def context(self) -> BallotContext:
        """Election and election key, for voters' devices; raises PhaseError before every trustee has confirmed the key,
        and CeremonyError where one complained instead."""
        self._check_ceremony_complete()
        return self._unconfirmed

    @property
    def _unconfirmed(self) -> BallotContext:
        """The same from the messages alone: a verifier goes on where a confirmation is missing."""
        if self._context is None:
            raise PhaseError("there is no election key")
        return self._context

    # Reading.

    def read(self, raw: bytes) -> Entry:
        """The next entry taken apart; raises EncodingError or ManifestError naming it."""
        check_type(raw, bytes, "an entry as bytes")
        index = self.size
        try:
            signed = parse_entry(raw)
            return Entry(index, raw, signed, self._parse(index, signed))
        except EncodingError as error:
            raise EncodingError(error.message, item=f"entry {index}") from None

    def _parse(self, index: int, signed: SignedEntry) -> Record:
        if index == 0:
            return Election.from_signed(signed).manifest
        if signed.kind == "phase":
            return PhaseChange.from_body(signed.body)
        if signed.kind not in self.records:
            raise EncodingError(f"a {signed.kind} has no place here")
        return self.records[signed.kind][0].from_body(signed.body)

    # Checking.

    def checks(self, entry: Entry) -> Sequence[Check]:
        """The checks of an entry against the state, each with its rule. What they raise is a SecretBallotError."""
        if entry.index == 0:
            return [("M2", lambda: entry.signed.verify(self.signer(entry)))]
        common: list[Check] = [
            ("L2", lambda: self._check_election(entry)),
            ("L3", lambda: self._check_phase(entry)),
            ("L4", lambda: entry.signed.verify(self.signer(entry))),
        ]
        return common + self._own_checks(entry)

    def proofs(self, entry: Entry) -> list[ParsedProof]:
        """The proofs of a ballot or challenged ballot, not verified yet; raises BallotError for one that is malformed.
        None for other entries."""
        match entry.record:
            case Ballot() as ballot:
                return parse_proofs(self._unconfirmed, ballot, self.elements(entry), entry.name)
            case ChallengedBallot() as challenged:
                _, ballot = challenged_body(challenged)
                context = self._unconfirmed
                return parse_proofs(context, ballot, decode_contests(context, ballot), entry.name)
            case _:
                return []

    def elements(self, entry: Entry) -> list[list[Element]]:
        """The elements of a ballot's ciphertexts, contest by contest; raises BallotError where one is malformed.
        Decoded once."""
        if not isinstance(entry.record, Ballot):
            raise BallotError("not a ballot", item=entry.name)
        if self._decoded is None or self._decoded[0] is not entry:
            self._decoded = (entry, decode_contests(self._unconfirmed, entry.record))
        return self._decoded[1]

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
            case Issuance() as issuance:
                return self.election.manifest.registrar(issuance.registrar).signing_key
            case Ballot() as ballot:
                return ballot.credential.key
            case ChallengedBallot() as challenged:
                return challenged_body(challenged)[1].credential.key
            case _:
                raise BoardError("nobody signs such a record")

    def _trustee_key(self, trustee: str) -> bytes:
        manifest = self.election.manifest
        return manifest.trustees[manifest.trustee_index(trustee) - 1].signing_key

    def _check_election(self, entry: Entry) -> None:
        if getattr(entry.record, "election", None) != self.election.id:
            raise BoardError("the entry is another election's", item=entry.name)

    def _check_phase(self, entry: Entry) -> None:
        if isinstance(entry.record, PhaseChange):
            expected = PHASES[min(PHASES.index(self.phase) + 1, len(PHASES) - 1)]
            if entry.record.phase != expected:
                raise PhaseError(
                    f"the phase {entry.record.phase} cannot follow {self.phase}", item=entry.name
                )
        elif self.records[entry.signed.kind][1] != self.phase:
            raise PhaseError(f"a {entry.signed.kind} is not taken in the phase {self.phase}", item=entry.name)

    def _own_checks(self, entry: Entry) -> list[Check]:
        match entry.record:
            case PhaseChange(phase="issuance"):
                return [("K4", self._check_ceremony_complete)]
            case CeremonyCommitment() as commitment:
                return [
                    (
                        "K1",
                        lambda: self._check_new(self.commitments, commitment.trustee, commitment.commitment),
                    )
                ]
            case CeremonyMessage() as message:
                return [("K2", lambda: self._check_message(message))]
            case CeremonyComplaint() as complaint:
                return [("K5", lambda: self._check_complaint(complaint))]
            case CeremonyConfirmation() as confirmation:
                return [("K3", lambda: self._check_confirmation(confirmation))]
            case Issuance() as issuance:
                return [("C1", lambda: self._check_issuance(issuance))]
            case Ballot() as ballot:
                return [
                    ("C2", lambda: check_credential(self.election, ballot.credential)),
                    ("C3", lambda: self._check_bound(ballot.credential.key)),
                    ("B1", lambda: self._check_ballot_form(entry)),
                    ("B3", lambda: self._check_ballot_new(entry)),
                ]
            case ChallengedBallot() as challenged:
                return [
                    (
                        "C2",
                        lambda: check_credential(self.election, challenged_body(challenged)[1].credential),
                    ),
                    ("H1", lambda: self._check_opening(challenged)),
                    ("H2", lambda: self._check_challenge_new(challenged)),
                ]
            case _:
                return []

    # Ceremony.

    @staticmethod
    def _check_new(held: dict[str, bytes], trustee: str, posted: bytes) -> None:
        if trustee not in held:
            return
        if held[trustee] == posted:  # Whoever has the entry can send it again.
            raise DuplicateError(f"this of trustee {trustee} was posted before")
        raise DuplicateError("another one was posted before", culprit=f"trustee {trustee}")

    def _check_message(self, message: CeremonyMessage) -> None:
        self.election.manifest.trustee_index(message.trustee)
        self._check_new(self.messages, message.trustee, message.message)
        in_order(self.election, self.commitments, "commitment")
        check_opens(self.election, message.trustee, self.commitments[message.trustee], message.message)
        check_message(self.election, message.trustee, message.message)
        check_distinct(self.messages, message.trustee, message.message)
        if len(self.messages) + 1 == len(self.election.manifest.trustees):
            everyone = self.messages | {message.trustee: message.message}
            group_public(self.election, in_order(self.election, everyone, "message"))

    def _check_confirmation(self, confirmation: CeremonyConfirmation) -> None:
        self._check_new(self.confirmations, confirmation.trustee, confirmation.signature)
        if confirmation.trustee in self.complaints:
            raise DuplicateError("complained before", culprit=f"trustee {confirmation.trustee}")
        check_confirmation(self.election, self._require_key(), confirmation.trustee, confirmation.signature)

    def _check_complaint(self, complaint: CeremonyComplaint) -> None:
        self.election.manifest.trustee_index(complaint.accused)
        if complaint.accused == complaint.trustee:
            raise CeremonyError("accuses itself", culprit=f"trustee {complaint.trustee}")
        if complaint.trustee in self.confirmations:
            raise DuplicateError("confirmed before", culprit=f"trustee {complaint.trustee}")
        if complaint.trustee in self.complaints:  # Of the same trustee, it may be the same complaint.
            twice = self.complaints[complaint.trustee] == complaint.accused
            raise DuplicateError(
                "complained before", culprit=None if twice else f"trustee {complaint.trustee}"
            )

    def _check_ceremony_complete(self) -> None:
        for accuser, accused in self.complaints.items():
            raise CeremonyError(f"trustee {accuser} complains of trustee {accused}")
        self._require_key()
        in_order(self.election, self.confirmations, "confirmation")

    def _require_key(self) -> GroupPublic:
        """The ceremony's key; raises PhaseError while a message is awaited, CeremonyError where they give none."""
        in_order(self.election, self.messages, "message")
        if self.group_public is None:
            raise CeremonyError("the trustees' messages give no key")
        return self.group_public

    # Credentials.

    def _check_issuance(self, issuance: Issuance) -> None:
        """Of these faults the last one alone proves who is at fault: a board can repeat lines, drop and swap them."""
        expected = self.issued.get(issuance.registrar, 0) + 1
        registrar = f"registrar {issuance.registrar}"
        if (issuance.registrar, issuance.request) in self.requests:
            raise CredentialError(f"the request was signed before by {registrar}")
        if issuance.serial <= self.election.manifest.roll_size:
            if issuance.serial != expected:
                raise CredentialError(f"the serial of {registrar} is {issuance.serial}, not {expected}")
        else:
            raise CredentialError("more credentials than voters on the roll", culprit=registrar)

    def _check_bound(self, key: bytes) -> None:
        if key in self.credentials:
            return
        for registrar in self.election.manifest.registrars:
            if len(self.credentials) >= self.issued.get(registrar.id, 0):
                # No culprit: the board may have dropped a line.
                raise CredentialError(f"more credentials vote than were issued by registrar {registrar.id}")

    # Ballots.

    def _check_ballot_form(self, entry: Entry) -> None:
        self.elements(entry)

    def _check_ballot_new(self, entry: Entry) -> None:
        code = confirmation_code(entry.signed.body)
        if code in self.cast:
            raise DuplicateError(f"this ballot was cast before, as entry {self.cast[code].index}")
        if code in self.challenged:
            raise DuplicateError(
                f"this ballot was challenged, as entry {self.challenged[code]}, and never counts"
            )

    def _check_opening(self, challenged: ChallengedBallot) -> None:
        _, ballot = challenged_body(challenged)
        check_openings(self._unconfirmed, ballot, challenged.openings)

    def _check_challenge_new(self, challenged: ChallengedBallot) -> None:
        code = confirmation_code(challenged_body(challenged)[0])
        if code in self.cast:
            raise DuplicateError(
                f"this ballot was cast, as entry {self.cast[code].index}, and is not to be opened"
            )
        if code in self.challenged:
            raise DuplicateError(f"this ballot was challenged before, as entry {self.challenged[code]}")

    # Applying.

    def apply(self, entry: Entry) -> None:
        """Takes the entry in. The board does so only when every check has passed; the verifier does so always, to go
        on after a finding, so that nothing here assumes that they have."""
        match entry.record:
            case Manifest():
                self._election = Election(entry.signed.body)
            case PhaseChange() as change:
                self._enter(change.phase)
            case CeremonyCommitment() as commitment:
                self.commitments.setdefault(commitment.trustee, commitment.commitment)
            case CeremonyMessage() as message:
                if message.trustee not in self.messages:  # A repeated message must not cost the key again.
                    self.messages[message.trustee] = message.message
                    self._complete_key()
            case CeremonyComplaint() as complaint:
                self.complaints.setdefault(complaint.trustee, complaint.accused)
            case CeremonyConfirmation() as confirmation:
                self.confirmations.setdefault(confirmation.trustee, confirmation.signature)
            case Issuance() as issuance:
                self.issued[issuance.registrar] = self.issued.get(issuance.registrar, 0) + 1
                self.requests.add((issuance.registrar, issuance.request))
            case Ballot() as ballot:
                cast = CastBallot(entry.index, ballot.credential.key)
                self.cast.setdefault(confirmation_code(entry.signed.body), cast)
                self.credentials.add(ballot.credential.key)
            case ChallengedBallot() as challenged:
                code = confirmation_code(challenged.ballot.encode("utf-8"))
                self.challenged.setdefault(code, entry.index)
            case _:
                pass
        self.skip(entry.raw)

    def skip(self, raw: bytes) -> None:
        """Counts an entry that cannot be read: the verifier's way past it."""
        self.frontier.append(leaf_hash(raw))

    def _enter(self, phase: Phase) -> None:
        self.phase = phase

    def _complete_key(self) -> None:
        try:
            ordered = in_order(self.election, self.messages, "message")
            self.group_public = group_public(self.election, ordered)
        except (CeremonyError, ManifestError, PhaseError):
            return  # Not complete, or not acceptable: whoever needs the key is told so.
        self._context = BallotContext(self.election, self.group_public.group_key)

    def unique_keys(self, entry: Entry) -> list[bytes]:
        """What a store finds the entry by: its leaf hash, then a ballot's confirmation code."""
        keys = [leaf_hash(entry.raw)]
        match entry.record:
            case Ballot():
                keys.append(confirmation_code(entry.signed.body))
            case ChallengedBallot() as challenged:
                keys.append(confirmation_code(challenged.ballot.encode("utf-8")))
            case _:
                pass
        return keys
