"""The trustee's side of the key ceremony. Holds secrets.

Each state is its own type, and a step gives the next one: ``TrusteeKeys.join`` → ``Committed.reveal`` →
``Revealed.confirm`` → ``Confirmed.finish`` → :class:`KeyHolder`. A step that is too early raises PhaseError and can be
tried again; one that finds a faulty message ends the ceremony.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..crypto import dkg
from ..crypto.group import warn_of_variable_time
from ..crypto.signing import SigningKey
from ..errors import CeremonyError, KeyGenerationError, SecretBallotError, check_type
from ..manifest import Election, TrusteeKey
from ..records import sign_record
from .checks import blame, check_opens, commitment_to, in_order, session_of
from .records import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage


class TrusteeKeys:
    """A trustee's long-term keys, made before the manifest that lists them."""

    def __init__(
        self, trustee_id: str, labels: dict[str, str], static: dkg.StaticKey, signing: SigningKey
    ) -> None:
        warn_of_variable_time()
        self.id = trustee_id
        self.labels = labels
        self._static = static
        self._signing = signing

    @classmethod
    def generate(cls, trustee_id: str, labels: dict[str, str]) -> TrusteeKeys:
        """New keys for the trustee of that id."""
        return cls(trustee_id, labels, dkg.StaticKey.generate(), SigningKey.generate())

    def public(self) -> TrusteeKey:
        """What the manifest lists."""
        return TrusteeKey(
            id=self.id,
            labels=self.labels,
            key=self._static.public,
            signing_key=self._signing.verify_key.data,
        )

    def join(self, election: Election) -> tuple[Committed, bytes]:
        """Draws the trustee's polynomial; gives the entry with the hash of its message.

        Raises CeremonyError where the manifest does not list these keys.
        """
        check_type(election, Election, "an election")
        index = election.manifest.trustee_index(self.id)
        if election.manifest.trustees[index - 1] != self.public():
            raise CeremonyError("the manifest lists other keys", culprit=f"trustee {self.id}")
        secret, message = dkg.round1(session_of(election), index, self._static)
        record = CeremonyCommitment(
            election=election.id, trustee=self.id, commitment=commitment_to(election, self.id, message)
        )
        return Committed(self, election, secret, message), sign_record(record, self._signing)

    def __repr__(self) -> str:
        return f"<TrusteeKeys of {self.id}, redacted>"


class Committed:
    """The message's hash is posted; waits for every trustee's."""

    def __init__(
        self, keys: TrusteeKeys, election: Election, secret: dkg.Round1Secret, message: bytes
    ) -> None:
        self._keys = keys
        self.election = election
        self._secret = secret
        self._message = message

    def reveal(self, commitments: Mapping[str, bytes]) -> tuple[Revealed, bytes]:
        """Gives the message's entry, once all trustees' hashes (by trustee id) are posted; raises PhaseError before."""
        in_order(self.election, commitments, "commitment")
        check_opens(self.election, self._keys.id, commitments[self._keys.id], self._message)
        record = CeremonyMessage(election=self.election.id, trustee=self._keys.id, message=self._message)
        entry = sign_record(record, self._keys._signing)
        return Revealed(self._keys, self.election, self._secret, dict(commitments)), entry

    def __repr__(self) -> str:
        return f"<Committed trustee {self._keys.id}, redacted>"


class Revealed:
    """The message is posted; waits for every trustee's."""

    def __init__(
        self, keys: TrusteeKeys, election: Election, secret: dkg.Round1Secret, commitments: dict[str, bytes]
    ) -> None:
        self._keys = keys
        self.election = election
        self._secret = secret
        self._commitments = commitments

    def confirm(self, messages: Mapping[str, bytes]) -> tuple[Confirmed, bytes]:
        """Checks every trustee's message, and opens and checks the shares dealt to this one; gives the confirmation.

        Raises PhaseError while a message is awaited, and CeremonyError naming the trustee at fault: nothing is then
        confirmed, and this state is used up.
        """
        ordered = in_order(self.election, messages, "message")
        for trustee in self.election.manifest.trustees:
            check_opens(self.election, trustee.id, self._commitments[trustee.id], messages[trustee.id])
        try:
            pending, signature = dkg.round2(self._secret, ordered)
        except KeyGenerationError as error:
            raise blame(self.election, error) from None
        record = CeremonyConfirmation(election=self.election.id, trustee=self._keys.id, signature=signature)
        return Confirmed(self._keys, self.election, pending), sign_record(record, self._keys._signing)

    def complain(self, error: SecretBallotError) -> bytes:
        """The entry that accuses the culprit of what :meth:`confirm` raised; raises CeremonyError if it names none."""
        if error.culprit is None:
            raise CeremonyError("there is nobody to accuse")
        record = CeremonyComplaint(
            election=self.election.id,
            trustee=self._keys.id,
            accused=error.culprit.removeprefix("trustee "),
            reason=error.message,
        )
        return sign_record(record, self._keys._signing)

    def __repr__(self) -> str:
        return f"<Revealed trustee {self._keys.id}, redacted>"


class Confirmed:
    """The transcript is signed; waits for every trustee's signature."""

    def __init__(self, keys: TrusteeKeys, election: Election, pending: dkg.Round2Secret) -> None:
        self._keys = keys
        self.election = election
        self._pending = pending

    def finish(self, confirmations: Mapping[str, bytes]) -> KeyHolder:
        """The trustee with its share of the election key.

        Raises PhaseError while a confirmation is awaited, and CeremonyError naming whose does not verify.
        """
        ordered = in_order(self.election, confirmations, "confirmation")
        try:
            share = dkg.round3(self._pending, ordered)
        except KeyGenerationError as error:
            raise blame(self.election, error) from None
        return KeyHolder(self._keys.id, self.election, share, self._keys._signing)

    def __repr__(self) -> str:
        return f"<Confirmed trustee {self._keys.id}, redacted>"


class KeyHolder(NamedTuple):
    """A trustee after the ceremony: what :class:`secretballot.tally.trustee.DecryptingTrustee` works with."""

    id: str
    election: Election
    share: dkg.KeyShare
    signing: SigningKey

    def __repr__(self) -> str:
        return f"<KeyHolder {self.id}, redacted>"
