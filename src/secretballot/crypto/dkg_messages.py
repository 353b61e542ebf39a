"""Setup, round 1 message and transcript of C2SP COCKTAIL-DKG v0.2.1, COCKTAIL(Ristretto255, SHA-512).

A round 1 message of one of n trustees, for a threshold t ("Protocol Messages", msg_1), is exactly::

    C_0 || .. || C_(t-1)   commitment to the coefficients   32 bytes each
    PoP                    proof of possession              64 bytes
    E                      ephemeral public key             32 bytes
    n times                a share for trustee 1, .., n     8 bytes (the length 48, big-endian) || 48 bytes

Application payloads are not used: a ciphertext has the least size that the text allows, which is here also
the greatest (the text's MAX_CIPHERTEXT_SIZE).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import InvalidElementError, KeyGenerationError
from .group import Element, ristretto255
from .schnorr import SIGNATURE_SIZE

CIPHERSUITE_ID = b"COCKTAIL(Ristretto255, SHA-512)"
#: Sizes in bytes.
POINT_SIZE = ristretto255.element_size
SCALAR_SIZE = ristretto255.scalar_size
LENGTH_SIZE = 8
AEAD_TAG_SIZE = 16
CIPHERTEXT_SIZE = SCALAR_SIZE + AEAD_TAG_SIZE
#: The most that the transcript's 32-bit counter holds.
MAX_TRUSTEES = 2**32 - 1


def trustee(index: int) -> str:
    """The name of a culprit."""
    return f"trustee {index}"


@dataclass(frozen=True, slots=True)
class Session:
    """What all trustees agree on before round 1 ("Setup"): trustee j of 1..n has the j-th public key.

    ``threshold`` trustees of ``len(public_keys)`` can later use the key. ``public_keys`` are static keys of
    32 bytes, in an agreed order. ``session_id`` is a byte string of at least one byte that no other session
    ever has. ``extension`` is any byte string that all are to agree on: it ends the signed transcript.

    ``context`` is the text's recommended construction, 64 bytes; ``keys`` are the decoded public keys. Raises
    KeyGenerationError for a threshold outside 1..n, for n outside 1..2**32 - 1, for an empty session id, for
    a key that is not the canonical encoding of an element other than the identity (its owner is the culprit),
    and for equal keys (``item`` names both: nobody can tell who copied).
    """

    threshold: int
    public_keys: tuple[bytes, ...]
    session_id: bytes
    extension: bytes = b""
    context: bytes = field(init=False, repr=False)
    keys: tuple[Element, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = len(self.public_keys)
        if not 1 <= self.threshold <= count <= MAX_TRUSTEES:
            raise KeyGenerationError(
                f"the threshold is 1 to the number of trustees, not {self.threshold} of {count}"
            )
        if not self.session_id:
            raise KeyGenerationError("the session id is empty")
        set_field = object.__setattr__
        set_field(self, "public_keys", tuple(bytes(key) for key in self.public_keys))
        set_field(self, "keys", tuple(_static_key(*pair) for pair in enumerate(self.public_keys, 1)))
        first: dict[bytes, int] = {}
        for index, key in enumerate(self.public_keys, 1):
            if first.setdefault(key, index) != index:
                raise KeyGenerationError("are equal", item=f"static keys {first[key]} and {index}")
        preimage = [
            b"COCKTAIL-DKG-CONTEXT",
            len(self.session_id).to_bytes(8, "big"),
            self.session_id,
            len(CIPHERSUITE_ID).to_bytes(8, "big"),
            CIPHERSUITE_ID,
            count.to_bytes(4, "little"),
            *self.public_keys,
        ]
        set_field(self, "context", hashlib.sha512(b"".join(preimage)).digest())

    @property
    def trustee_count(self) -> int:
        """The text's n."""
        return len(self.public_keys)

    @property
    def message_size(self) -> int:
        """The length of every round 1 message, in bytes."""
        shares = self.trustee_count * (LENGTH_SIZE + CIPHERTEXT_SIZE)
        return self.threshold * POINT_SIZE + SIGNATURE_SIZE + POINT_SIZE + shares

    def check_index(self, index: int) -> None:
        """Raises KeyGenerationError for an index outside 1..n."""
        if not 1 <= index <= self.trustee_count:
            raise KeyGenerationError(f"is not one of 1 to {self.trustee_count}", item=f"index {index}")


def _static_key(index: int, data: bytes) -> Element:
    if len(data) != POINT_SIZE:
        raise KeyGenerationError(
            f"a static public key has {POINT_SIZE} bytes, not {len(data)}", culprit=trustee(index)
        )
    try:
        return ristretto255.decode_elements(data)[0]
    except InvalidElementError:
        raise KeyGenerationError(
            "the static public key is the identity or not canonical", culprit=trustee(index)
        ) from None


@dataclass(frozen=True, slots=True)
class Round1Message:
    """A round 1 message whose form is right; nothing in it is verified yet.

    ``commitment`` are ``threshold`` elements, ``proof`` has 64 bytes, and ``ciphertexts`` are n byte strings
    of 48 bytes. The ``*_bytes`` are the encodings as they were received.
    """

    commitment: tuple[Element, ...]
    commitment_bytes: bytes
    proof: bytes
    ephemeral_key: Element
    ephemeral_bytes: bytes
    ciphertexts: tuple[bytes, ...]


def encode_round1(commitment: bytes, proof: bytes, ephemeral: bytes, ciphertexts: Sequence[bytes]) -> bytes:
    """A round 1 message of its parts ("Protocol Messages", msg_1)."""
    framed = [len(one).to_bytes(LENGTH_SIZE, "big") + one for one in ciphertexts]
    return b"".join([commitment, proof, ephemeral, *framed])


def parse_round1(session: Session, sender: int, message: bytes) -> Round1Message:
    """Reads trustee ``sender``'s round 1 message.

    Raises KeyGenerationError with the sender as culprit for a message of another length than
    ``session.message_size`` (so also for more or fewer commitments than the threshold), for a point that is
    not canonical or the identity, and for a ciphertext whose length prefix is not 48.
    """
    if len(message) != session.message_size:
        raise KeyGenerationError(
            f"a round 1 message of exactly {session.threshold} commitments and {session.trustee_count} "
            f"shares has {session.message_size} bytes, not {len(message)}",
            culprit=trustee(sender),
        )
    end = session.threshold * POINT_SIZE
    commitment_bytes = message[:end]
    proof = message[end : end + SIGNATURE_SIZE]
    end += SIGNATURE_SIZE
    ephemeral_bytes = message[end : end + POINT_SIZE]
    end += POINT_SIZE
    try:
        *commitment, ephemeral_key = ristretto255.decode_elements(commitment_bytes + ephemeral_bytes)
    except InvalidElementError as error:
        is_commitment = error.index < session.threshold
        item = f"commitment {error.index}" if is_commitment else "ephemeral key"
        raise KeyGenerationError(
            "is the identity or not canonical", culprit=trustee(sender), item=item
        ) from None
    ciphertexts = []
    for recipient in range(1, session.trustee_count + 1):
        start = end + LENGTH_SIZE
        if int.from_bytes(message[end:start], "big") != CIPHERTEXT_SIZE:
            raise KeyGenerationError(
                f"its length prefix is not {CIPHERTEXT_SIZE}",
                culprit=trustee(sender),
                item=f"encrypted share for trustee {recipient}",
            )
        end = start + CIPHERTEXT_SIZE
        ciphertexts.append(message[start:end])
    return Round1Message(
        tuple(commitment), commitment_bytes, proof, ephemeral_key, ephemeral_bytes, tuple(ciphertexts)
    )


def possession_statement(session: Session, commitment: bytes, ephemeral: bytes) -> bytes:
    """What a proof of possession signs: context || C || E ("Round 1", step 4).

    The sender's index is not in it; it is bound by the context, which holds the ordered keys, and by the
    message's place: the text relies on the shares' encryption and on the certificate for it.
    """
    return session.context + commitment + ephemeral


def transcript(session: Session, messages: Sequence[Round1Message]) -> bytes:
    """The bytes that every trustee signs ("Round 3", step 1). The encrypted shares are not part of it."""
    return b"".join(
        [
            len(CIPHERSUITE_ID).to_bytes(8, "little"),
            CIPHERSUITE_ID,
            len(session.context).to_bytes(8, "little"),
            session.context,
            session.trustee_count.to_bytes(4, "little"),
            session.threshold.to_bytes(4, "little"),
            *session.public_keys,
            *(message.commitment_bytes for message in messages),
            *(message.proof for message in messages),
            *(message.ephemeral_bytes for message in messages),
            len(session.extension).to_bytes(8, "little"),
            session.extension,
        ]
    )
