"""The holder: makes the ballot key and has it signed blindly. Holds the ballot key and the blinding factors."""

from __future__ import annotations

import os

from ..crypto import blind_rsa, key_file
from ..crypto.encoding import frame, unframe
from ..crypto.secret import Secret
from ..crypto.signing import SigningKey
from ..errors import CredentialError, CryptoError, EncodingError, check_type
from ..manifest import Election
from .checks import check_credential, credential_message, request_for
from .records import Credential

_KIND = "holder"


class Holder:
    """A voter's credential in the making, and then the credential."""

    def __init__(self, election: Election) -> None:
        """Draws a ballot key, and a blinding factor for each registrar."""
        check_type(election, Election, "an election")
        key = SigningKey.generate()
        message = credential_message(election.id, key.verify_key.data)
        self._hold(election, key, [blind_rsa.blind(issuing, message)[1] for issuing in election.issuing_keys])

    def _hold(self, election: Election, key: SigningKey, states: list[blind_rsa.BlindingState]) -> None:
        self.election = election
        self._key = key
        ids = [registrar.id for registrar in election.manifest.registrars]
        self._states = dict(zip(ids, states, strict=True))
        self._answers: dict[str, bytes] = {}
        self._signatures: dict[str, bytes] = {}

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the ballot key, the blinding factors and the registrars' answers in a key file
        (:func:`secretballot.crypto.key_file.save`)."""
        states = frame(*(state.to_secret().reveal() for state in self._states.values()))
        answers = frame(*(self._answers.get(registrar, b"") for registrar in self._states))
        fields = (self.election.id, self._key.seed(), Secret(states), answers)
        key_file.save(path, _KIND, passphrase, *fields, replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], election: Election, *, passphrase: str) -> Holder:
        """The holder that :meth:`save` wrote; raises KeyFileError, also for a holder of another election."""
        check_type(election, Election, "an election")
        with key_file.load(path, _KIND, passphrase, 4) as (election_id, seed, states, answers):
            if election_id.reveal() != election.id:
                raise EncodingError("it is of another election")
            sealed = unframe(states.reveal(), len(election.issuing_keys))
            holder = cls.__new__(cls)  # As it was: nothing is drawn.
            holder._hold(
                election,
                SigningKey(seed),
                [
                    blind_rsa.BlindingState.from_secret(issuing, Secret(state))
                    for issuing, state in zip(election.issuing_keys, sealed, strict=True)
                ],
            )
            answered = unframe(answers.reveal(), len(sealed))
            for registrar, blind_signature in zip(holder._states, answered, strict=True):
                if blind_signature:
                    holder._finalize(registrar, blind_signature)
            return holder

    def request(self, registrar: str) -> bytes:
        """The request for that registrar, with the blinded message; the same each time it is asked for."""
        check_type(registrar, str, "a registrar's id")
        if registrar not in self._states:
            raise CredentialError(f"there is no registrar {registrar!r}")
        return request_for(self.election.id, registrar, self._states[registrar].blinded_message)

    def accept(self, registrar: str, blind_signature: bytes) -> None:
        """Unblinds and verifies a registrar's answer; raises CredentialError, naming it, for a wrong one."""
        self.request(registrar)
        check_type(blind_signature, bytes, "a blind signature as bytes")
        try:
            self._finalize(registrar, blind_signature)
        except CryptoError as error:
            raise CredentialError(error.message, culprit=f"registrar {registrar}") from None

    def _finalize(self, registrar: str, blind_signature: bytes) -> None:
        signature = blind_rsa.finalize(self._states[registrar], blind_signature)
        self._answers[registrar] = blind_signature
        self._signatures[registrar] = signature.prefix + signature.signature

    @property
    def answered(self) -> frozenset[str]:
        """The registrars that have signed."""
        return frozenset(self._signatures)

    def credential(self) -> Credential:
        """The credential, once every registrar has signed."""
        missing = [r.id for r in self.election.manifest.registrars if r.id not in self._signatures]
        if missing:
            raise CredentialError(f"registrar {missing[0]} has not signed yet")
        signatures = tuple(self._signatures[r.id] for r in self.election.manifest.registrars)
        credential = Credential(key=self._key.verify_key.data, signatures=signatures)
        check_credential(self.election, credential)
        return credential

    @property
    def signing_key(self) -> SigningKey:
        """The ballot key, for the voter's device."""
        return self._key

    def __repr__(self) -> str:
        return "<Holder, redacted>"
