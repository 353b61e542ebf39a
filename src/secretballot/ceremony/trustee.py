"""The trustee's side of the key ceremony. Holds secrets.

Each state is its own type, and a step gives the next one: ``TrusteeKeys.join`` → ``Committed.reveal`` →
``Revealed.confirm`` → ``Confirmed.finish`` → :class:`KeyHolder`. A step that is too early raises PhaseError and can be
tried again; one that finds a faulty message ends the ceremony.

For a program that may die in between: ``TrusteeKeys``, ``Committed`` and ``Revealed`` are saved in key files, a state
*before* its entry is posted. ``TrusteeKeys.resume`` goes on from there, and ``TrusteeKeys.recover`` gives the KeyHolder
again, from the long-term keys and the log, once every trustee has confirmed. ``Confirmed`` needs no file: to confirm
again from ``Revealed`` gives the same entry.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from ..crypto import dkg, key_file
from ..crypto.encoding import frame, unframe
from ..crypto.group import warn_of_variable_time
from ..crypto.signing import SigningKey
from ..errors import (
    CeremonyError,
    EncodingError,
    InvalidKeyError,
    KeyGenerationError,
    SecretBallotError,
    check_type,
)
from ..manifest import Election, TrusteeKey
from ..records import sign_record
from .checks import blame, check_opens, commitment_to, in_order, session_of
from .records import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage

_KIND, _CEREMONY_KIND = "trustee", "trustee-ceremony"


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
        """New keys for the trustee of that id. Raises ManifestError for an id or labels that no manifest takes."""
        keys = cls(trustee_id, labels, dkg.StaticKey.generate(), SigningKey.generate())
        keys.public()  # Refuses an id and labels that no manifest takes.
        return keys

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
        index = self._index(election)
        committed = Committed(self, election, *dkg.round1(session_of(election), index, self._static))
        return committed, committed.entry()

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the keys, with id and labels, in a key file (:func:`secretballot.crypto.key_file.save`)."""
        body, static = self.public().to_body(), self._static.to_secret()
        key_file.save(path, _KIND, passphrase, body, static, self._signing.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> TrusteeKeys:
        """The keys that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 3) as (body, static, seed):
            public = TrusteeKey.from_body(body.reveal())
            keys = cls(public.id, public.labels, dkg.StaticKey.from_secret(static), SigningKey(seed))
            if keys.public() != public:
                raise InvalidKeyError("the secret keys do not belong to the public ones")
            return keys

    def resume(
        self, path: str | os.PathLike[str], election: Election, *, passphrase: str
    ) -> Committed | Revealed:
        """The state that :meth:`Committed.save` or :meth:`Revealed.save` wrote; post its ``entry()`` if that is not in
        the log.

        Raises KeyFileError, also for a state of another trustee or election, and CeremonyError as :meth:`join`.
        """
        index, session = self._index(election), session_of(election)
        with key_file.load(path, _CEREMONY_KIND, passphrase, 4) as fields:
            election_id, trustee, message, hashes = (field.reveal() for field in fields)
            if (election_id, trustee) != (election.id, self.id.encode("ascii")):
                raise EncodingError("it is of another election or trustee")
            # The trustee's own message, sealed by itself: one from the board could be anybody's choice.
            secret = dkg.Round1Secret.resume(session, index, self._static, message)
            if not hashes:
                return Committed(self, election, secret, message)
            ids = [one.id for one in election.manifest.trustees]
            commitments = dict(zip(ids, unframe(hashes, len(ids)), strict=True))
            return Revealed(self, election, secret, message, commitments)

    def recover(
        self, election: Election, messages: Mapping[str, bytes], confirmations: Mapping[str, bytes]
    ) -> KeyHolder:
        """The trustee with its share, after a ceremony that every trustee confirmed: from these keys and the log.

        Another ceremony than the one this trustee confirmed is refused: its own confirmation is over the messages.
        Raises PhaseError while anything is awaited, and CeremonyError as :meth:`join`, :meth:`Revealed.confirm` and
        :meth:`Confirmed.finish`.
        """
        index, session = self._index(election), session_of(election)
        published = in_order(election, messages, "message")
        signatures = in_order(election, confirmations, "confirmation")
        try:
            share = dkg.recover(session, index, self._static, published, signatures)
        except KeyGenerationError as error:
            raise blame(election, error) from None
        return KeyHolder(self.id, election, share, self._signing)

    def _index(self, election: Election) -> int:
        check_type(election, Election, "an election")
        index = election.manifest.trustee_index(self.id)
        if election.manifest.trustees[index - 1] != self.public():
            raise CeremonyError("the manifest lists other keys", culprit=f"trustee {self.id}")
        return index

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
        #: The hashes after which the message was shown.
        self._seen: dict[str, bytes] | None = None

    @property
    def commitment(self) -> bytes:
        """The message's hash, 32 bytes."""
        return commitment_to(self.election, self._keys.id, self._message)

    def entry(self) -> bytes:
        """The entry with the message's hash, the same each time."""
        record = CeremonyCommitment(
            election=self.election.id, trustee=self._keys.id, commitment=self.commitment
        )
        return sign_record(record, self._keys._signing)

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the message in a key file, for :meth:`TrusteeKeys.resume`. Save before the entry is posted: a second
        :meth:`TrusteeKeys.join` would make another message, which nobody takes. Raises CeremonyError once the message
        was revealed: from then on it is :class:`Revealed` that is saved."""
        if self._seen is not None:
            raise CeremonyError("the message was revealed: save what reveal gave")
        fields = (self.election.id, self._keys.id.encode("ascii"), self._message, b"")
        key_file.save(path, _CEREMONY_KIND, passphrase, *fields, replace=replace)

    def reveal(self, commitments: Mapping[str, bytes]) -> tuple[Revealed, bytes]:
        """Gives the message's entry, once all trustees' hashes (by trustee id) are posted; raises PhaseError before.

        Asked again, gives the same; raises CeremonyError for other hashes, which may have been chosen after the message
        was seen.
        """
        in_order(self.election, commitments, "commitment")
        check_opens(self.election, self._keys.id, commitments[self._keys.id], self._message)
        if self._seen is None:
            self._seen = dict(commitments)
        if self._seen != commitments:
            raise CeremonyError("the message was revealed before, after other hashes")
        revealed = Revealed(self._keys, self.election, self._secret, self._message, dict(commitments))
        return revealed, revealed.entry()

    def __repr__(self) -> str:
        return f"<Committed trustee {self._keys.id}, redacted>"


class Revealed:
    """The message is posted; waits for every trustee's."""

    def __init__(
        self,
        keys: TrusteeKeys,
        election: Election,
        secret: dkg.Round1Secret,
        message: bytes,
        commitments: dict[str, bytes],
    ) -> None:
        self._keys = keys
        self.election = election
        self._secret = secret
        self._message = message
        self._commitments = commitments

    def entry(self) -> bytes:
        """The message's entry, the same each time."""
        record = CeremonyMessage(election=self.election.id, trustee=self._keys.id, message=self._message)
        return sign_record(record, self._keys._signing)

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the message and every trustee's hash in a key file, for :meth:`TrusteeKeys.resume`.

        Save before the entry is posted, in the place of the :class:`Committed` state (``replace=True``): whoever sees
        this trustee's message must not find it accepting other hashes than before, chosen by it.
        """
        hashes = frame(*in_order(self.election, self._commitments, "commitment"))
        fields = (self.election.id, self._keys.id.encode("ascii"), self._message, hashes)
        key_file.save(path, _CEREMONY_KIND, passphrase, *fields, replace=replace)

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
        check_type(error, SecretBallotError, "the error that confirm raised")
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

        Raises PhaseError while a confirmation is awaited, and CeremonyError naming whose does not verify: with the
        right one, this state still gives the share.
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
