"""What a log says of the ceremony so far, and whether one more entry may follow. A state machine; no I/O, no secrets.

Only what the manifest's trustees posted is kept, and of each the first: whoever has an entry can send it again.
"""

from __future__ import annotations

from ..crypto.dkg import GroupPublic
from ..errors import CeremonyError, DuplicateError, ManifestError, PhaseError
from ..manifest import Election
from .checks import (
    check_confirmation,
    check_distinct,
    check_message,
    check_opens,
    group_public,
    in_order,
)
from .records import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage

CeremonyRecord = CeremonyCommitment | CeremonyMessage | CeremonyConfirmation | CeremonyComplaint


class CeremonyState:
    """The ceremony of one election. The dictionaries are by the trustees' ids."""

    def __init__(self, election: Election) -> None:
        self._election = election
        self._trustees = {trustee.id for trustee in election.manifest.trustees}
        self.commitments: dict[str, bytes] = {}
        self.messages: dict[str, bytes] = {}
        self.confirmations: dict[str, bytes] = {}
        #: The accuser's id to that of the accused.
        self.complaints: dict[str, str] = {}
        #: What all messages together give.
        self.group_public: GroupPublic | None = None

    def check(self, record: CeremonyRecord) -> None:
        """Returns nothing if the record may follow; raises CeremonyError, DuplicateError, or PhaseError where it is too
        early for it."""
        match record:
            case CeremonyCommitment():
                self._check_new("commitment", self.commitments, record.trustee, record.commitment)
            case CeremonyMessage():
                self._check_message(record)
            case CeremonyConfirmation():
                self._check_confirmation(record)
            case CeremonyComplaint():
                self._check_complaint(record)

    def check_complete(self) -> None:
        """Returns nothing if every trustee confirmed the key; raises PhaseError before, and CeremonyError where one
        complained, or the messages give no key."""
        for accuser, accused in self.complaints.items():
            raise CeremonyError(f"trustee {accuser} complains of trustee {accused}")
        self._require_key()
        in_order(self._election, self.confirmations, "confirmation")

    def apply(self, record: CeremonyRecord) -> None:
        """Takes the record in, *unchecked*."""
        if record.trustee not in self._trustees:
            return
        match record:
            case CeremonyCommitment():
                self.commitments.setdefault(record.trustee, record.commitment)
            case CeremonyMessage():
                if record.trustee not in self.messages:  # A repeated message must not cost the key again.
                    self.messages[record.trustee] = record.message
                    self._complete_key()
            case CeremonyConfirmation():
                self.confirmations.setdefault(record.trustee, record.signature)
            case CeremonyComplaint():
                self.complaints.setdefault(record.trustee, record.accused)

    @staticmethod
    def _check_new(what: str, held: dict[str, bytes], trustee: str, posted: bytes) -> None:
        if trustee not in held:
            return
        if held[trustee] == posted:  # Whoever has the entry can send it again.
            raise DuplicateError(f"this {what} of trustee {trustee} was posted before")
        raise DuplicateError(f"another {what} was posted before", culprit=f"trustee {trustee}")

    def _check_message(self, message: CeremonyMessage) -> None:
        self._election.manifest.trustee_index(message.trustee)
        self._check_new("message", self.messages, message.trustee, message.message)
        in_order(self._election, self.commitments, "commitment")
        check_opens(self._election, message.trustee, self.commitments[message.trustee], message.message)
        check_message(self._election, message.trustee, message.message)
        check_distinct(self.messages, message.trustee, message.message)
        if len(self.messages) + 1 == len(self._trustees):
            everyone = self.messages | {message.trustee: message.message}
            group_public(self._election, in_order(self._election, everyone, "message"))

    def _check_confirmation(self, confirmation: CeremonyConfirmation) -> None:
        trustee = confirmation.trustee
        self._check_new("confirmation", self.confirmations, trustee, confirmation.signature)
        if trustee in self.complaints:
            raise DuplicateError("complained before", culprit=f"trustee {trustee}")
        check_confirmation(self._election, self._require_key(), trustee, confirmation.signature)

    def _check_complaint(self, complaint: CeremonyComplaint) -> None:
        self._election.manifest.trustee_index(complaint.accused)
        if complaint.accused == complaint.trustee:
            raise CeremonyError("accuses itself", culprit=f"trustee {complaint.trustee}")
        if complaint.trustee in self.confirmations:
            raise DuplicateError("confirmed before", culprit=f"trustee {complaint.trustee}")
        if complaint.trustee in self.complaints:  # Of the same trustee, it may be the same complaint.
            twice = self.complaints[complaint.trustee] == complaint.accused
            raise DuplicateError(
                "complained before", culprit=None if twice else f"trustee {complaint.trustee}"
            )

    def _require_key(self) -> GroupPublic:
        """The ceremony's key; raises PhaseError while a message is awaited, CeremonyError where they give none."""
        in_order(self._election, self.messages, "message")
        if self.group_public is None:
            raise CeremonyError("the trustees' messages give no key")
        return self.group_public

    def _complete_key(self) -> None:
        try:
            ordered = in_order(self._election, self.messages, "message")
            self.group_public = group_public(self._election, ordered)
        except (CeremonyError, ManifestError, PhaseError):
            pass  # Not complete, or not acceptable: whoever needs the key is told so.
