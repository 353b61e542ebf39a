"""What anyone can check of credentials."""

from __future__ import annotations

from ..crypto import blind_rsa
from ..crypto.encoding import Tag, frame, tagged_hash, unframe
from ..errors import CredentialError, EncodingError, InvalidSignatureError
from ..manifest import Election
from .records import Credential


def credential_message(election_id: bytes, key: bytes) -> bytes:
    """What the registrars sign: tag, election id and ballot key."""
    return frame(Tag.CREDENTIAL.label, election_id, key)


def request_for(election_id: bytes, registrar: str, blinded: bytes) -> bytes:
    """What a holder sends to a registrar. It names both election and registrar: signed by another one, the request of a
    voter would be used up there, for nothing."""
    return frame(Tag.REQUEST.label, election_id, registrar, blinded)


def blinded_in(request: bytes, election_id: bytes, registrar: str) -> bytes:
    """The blinded message of a request; raises EncodingError for bytes that are none, and CredentialError for one that
    is another registrar's, or of another election."""
    label, election, for_whom, blinded = unframe(request, 4)
    if label != Tag.REQUEST.label:
        raise EncodingError("not a holder's request")
    if election != election_id:
        raise CredentialError("the request is of another election")
    if for_whom != registrar.encode("ascii"):
        raise CredentialError("the request is for another registrar")
    return blinded


def request_digest(election_id: bytes, blinded: bytes) -> bytes:
    """The hash of a blinded request, as the register holds it."""
    return tagged_hash(Tag.BLINDED_REQUEST, election_id, blinded)


def check_credential(election: Election, credential: Credential) -> None:
    """Returns nothing if every registrar signed the ballot key; raises CredentialError naming the one who did not."""
    registrars = election.manifest.registrars
    if len(credential.signatures) != len(registrars):
        raise CredentialError(
            f"{len(registrars)} signatures are needed, there are {len(credential.signatures)}"
        )
    message = credential_message(election.id, credential.key)
    for registrar, key, blob in zip(registrars, election.issuing_keys, credential.signatures, strict=True):
        if len(blob) != blind_rsa.PREFIX_SIZE + key.modulus_bytes:
            raise CredentialError(f"the signature of registrar {registrar.id} has the wrong length")
        signature = blind_rsa.BlindSignature(blob[: blind_rsa.PREFIX_SIZE], blob[blind_rsa.PREFIX_SIZE :])
        try:
            blind_rsa.verify(key, message, signature)
        except InvalidSignatureError:
            raise CredentialError(f"registrar {registrar.id} did not sign this ballot key") from None
