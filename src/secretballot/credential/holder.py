"""The holder: makes the ballot key and has it signed blindly. Holds the ballot key and the blinding factors."""

from __future__ import annotations

from ..crypto import blind_rsa
from ..crypto.signing import SigningKey
from ..errors import CredentialError, CryptoError, check_type
from ..manifest import Election
from .checks import check_credential, credential_message
from .records import Credential


class Holder:
    """A voter's credential in the making, and then the credential."""

    def __init__(self, election: Election) -> None:
        """Draws a ballot key, and a blinding factor for each registrar."""
        check_type(election, Election, "an election")
        self.election = election
        self._key = SigningKey.generate()
        self._states: dict[str, blind_rsa.BlindingState] = {}
        self._requests: dict[str, bytes] = {}
        self._signatures: dict[str, bytes] = {}
        message = credential_message(election.id, self._key.verify_key.data)
        for registrar, key in zip(election.manifest.registrars, election.issuing_keys, strict=True):
            self._requests[registrar.id], self._states[registrar.id] = blind_rsa.blind(key, message)

    def request(self, registrar: str) -> bytes:
        """The blinded message for that registrar, the same each time it is asked for."""
        check_type(registrar, str, "a registrar's id")
        if registrar not in self._requests:
            raise CredentialError(f"there is no registrar {registrar!r}")
        return self._requests[registrar]

    def accept(self, registrar: str, blind_signature: bytes) -> None:
        """Unblinds and verifies a registrar's answer; raises CredentialError, naming it, for a wrong one."""
        self.request(registrar)
        check_type(blind_signature, bytes, "a blind signature as bytes")
        try:
            signature = blind_rsa.finalize(self._states[registrar], blind_signature)
        except CryptoError as error:
            raise CredentialError(error.message, culprit=f"registrar {registrar}") from None
        self._signatures[registrar] = signature.prefix + signature.signature

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
