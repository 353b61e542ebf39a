"""Distributed key generation: C2SP COCKTAIL-DKG v0.2.1, ciphersuite COCKTAIL(Ristretto255, SHA-512).

n trustees make a key that any t of them can use, without a dealer. A pure state machine, bytes in and bytes
out: whoever carries the messages is trusted with nothing but their delivery.

1. :func:`round1` gives a trustee's message; all n messages are published in the trustees' order;
2. :func:`round2` checks all of them, and gives a signature over the public transcript; all n are published;
3. :func:`round3` checks the signatures, and gives the trustee's :class:`KeyShare`.

Anyone follows with :func:`verify_round1` and :func:`verify_certificate`, which need no secret. A key must not
be used before its certificate verifies: only then have all trustees seen the same messages. After a failure
the session is over, and the next one needs another session id.

A secret state is used up by the round that takes it: by round 2 even if it fails, by round 3 only if it succeeds,
since a wrong signature there may be nobody's but the carrier's. Between rounds a trustee may instead keep its
static key and the published messages: see :meth:`Round1Secret.resume` and :func:`recover`.

Where the last to publish could choose after seeing the others' commitments, publish the hashes of the round 1
messages first: the text leaves that to the application.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, NoReturn, TypeVar

import nacl.bindings
import nacl.exceptions

from ..errors import InvalidScalarError, InvalidSignatureError, KeyGenerationError
from . import schnorr
from .dkg_keys import KeyShare, StaticKey
from .dkg_messages import (
    SCALAR_SIZE,
    Round1Message,
    Session,
    encode_round1,
    parse_round1,
    possession_statement,
    transcript,
    trustee,
)
from .group import Element, Scalar, ristretto255
from .sharing import Polynomial, evaluate_commitment

__all__ = [
    "GroupPublic",
    "KeyShare",
    "Round1Secret",
    "Round2Secret",
    "Session",
    "StaticKey",
    "recover",
    "round1",
    "round2",
    "round3",
    "verify_certificate",
    "verify_round1",
]

PREFIX_KEY = b"COCKTAIL-DKG-Ristretto255-SHA512-H6"
AEAD_KEY_SIZE = 32
AEAD_NONCE_SIZE = 24

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroupPublic:
    """What everyone knows after round 1.

    ``group_key`` is Y; ``verification_keys`` are Y_1, .., Y_n; ``commitment`` is the summed commitment, as
    many elements as the threshold; ``transcript`` are the bytes that every trustee has yet to sign.
    """

    session: Session
    group_key: Element
    verification_keys: tuple[Element, ...]
    commitment: tuple[Element, ...]
    transcript: bytes


class _Once(Generic[T]):
    """A secret state of trustee ``index``, which one round takes and no second one gets."""

    __slots__ = ("_held", "index")

    def __init__(self, index: int, held: T) -> None:
        self.index = index
        self._held = [held]

    def _look(self) -> T:
        try:
            return self._held[0]
        except IndexError:
            raise self._used() from None

    def _take(self) -> T:
        try:
            return self._held.pop()
        except IndexError:
            raise self._used() from None

    def _used(self) -> KeyGenerationError:
        return KeyGenerationError("this state was used before", item=type(self).__name__)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of trustee {self.index}, redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is secret and is never pickled")


class _AfterRound1(NamedTuple):
    session: Session
    static_key: StaticKey
    message: bytes


class _AfterRound2(NamedTuple):
    public: GroupPublic
    key_share: KeyShare


class Round1Secret(_Once[_AfterRound1]):
    """What a trustee keeps for :func:`round2`. The polynomial and the ephemeral key are forgotten already:
    the trustee's own share is in its message, encrypted to itself."""

    __slots__ = ()

    @classmethod
    def resume(cls, session: Session, index: int, static_key: StaticKey, message: bytes) -> Round1Secret:
        """The state again, from the message that this trustee itself sent: for a program started anew.

        Take the message from the trustee's own storage, never from the board. Raises as :func:`round1`, and
        KeyGenerationError for a message that is not well-formed or whose proof of possession does not verify.
        """
        _check_owner(session, index, static_key)
        _read_round1(session, index, message)
        return cls(index, _AfterRound1(session, static_key, message))


class Round2Secret(_Once[_AfterRound2]):
    """What a trustee keeps for :func:`round3`: its share, not to be used before the certificate verifies."""

    __slots__ = ()


def round1(session: Session, index: int, static_key: StaticKey) -> tuple[Round1Secret, bytes]:
    """Trustee ``index`` (1 to n) begins: its secret state and its message of ``session.message_size`` bytes.

    "Round 1: Commitment and Encryption". Run it once a session: a second message would be another
    contribution. Raises KeyGenerationError for an index outside 1..n, and where ``static_key`` is not the
    session's key ``index``.
    """
    _check_owner(session, index, static_key)
    polynomial = Polynomial(ristretto255, session.threshold)
    message = _round1_message(session, index, static_key, polynomial, ristretto255.random_scalar())
    return Round1Secret(index, _AfterRound1(session, static_key, message)), message


def verify_round1(session: Session, messages: Sequence[bytes]) -> GroupPublic:
    """Checks all n round 1 messages, in the trustees' order, as far as anyone can without a secret.

    Checked are every length, every point, every proof of possession, that no two trustees contribute the same
    secret, and that nothing summed is the identity. Not checked, because only its recipient can: what an
    encrypted share holds. Raises KeyGenerationError, the culprit named where there is one.
    """
    return _combine(session, _read_all(session, messages))


def verify_message(session: Session, index: int, message: bytes) -> None:
    """Checks trustee ``index``'s round 1 message on its own: lengths, points and proof of possession.

    What it is worth beside the others' is for :func:`verify_round1`. Raises KeyGenerationError, with the trustee
    as the culprit.
    """
    session.check_index(index)
    _read_round1(session, index, message)


def round2(secret: Round1Secret, messages: Sequence[bytes]) -> tuple[Round2Secret, bytes]:
    """Checks all n round 1 messages and the shares in them for this trustee, and signs the transcript.

    "Round 2: Share Decryption and Verification", and "Round 3", steps 1 and 2. Uses ``secret`` up. Returns
    the state for :func:`round3` and a signature of 64 bytes. Raises KeyGenerationError as
    :func:`verify_round1`, and where this trustee's own message is not in its place, where a share does not
    decrypt, is no scalar or is off its sender's polynomial (the sender is the culprit), and for a state that
    was used before.
    """
    session, static_key, message = secret._take()
    _check_count(session, messages, "round 1 messages")
    if messages[secret.index - 1] != message:
        raise KeyGenerationError("is not the one this trustee sent", item=f"round 1 message {secret.index}")
    parsed = _read_all(session, messages)
    share = _receive(session, secret.index, static_key, parsed)
    # After the shares: a copied contribution fails to decrypt, which tells the copier from the one copied.
    public = _combine(session, parsed)
    key_share = _key_share(secret.index, share, public)
    return Round2Secret(secret.index, _AfterRound2(public, key_share)), schnorr.sign(
        static_key.reveal(), public.transcript
    )


def verify_certificate(session: Session, public: GroupPublic, signatures: Sequence[bytes]) -> None:
    """Returns nothing if all n trustees signed the transcript of ``public``, in the trustees' order.

    "Round 3: Certification", step 4. Needs no secret. Raises KeyGenerationError with the culprit for a
    signature that does not verify, for another number of signatures than n, and where ``public`` is of
    another session.
    """
    if public.session != session:
        raise KeyGenerationError("the public keys are of another session")
    _check_count(session, signatures, "signatures")
    for index, signature in enumerate(signatures, 1):
        verify_confirmation(public, index, signature)


def verify_confirmation(public: GroupPublic, index: int, signature: bytes) -> None:
    """Returns nothing if trustee ``index`` signed the transcript of ``public``: one signature of the certificate.

    Raises KeyGenerationError, with the trustee as the culprit, otherwise.
    """
    public.session.check_index(index)
    try:
        schnorr.verify(public.session.keys[index - 1], public.transcript, signature)
    except InvalidSignatureError as error:
        raise KeyGenerationError(
            f"no signature over this transcript: {error.message}", culprit=trustee(index)
        ) from None


def round3(secret: Round2Secret, signatures: Sequence[bytes]) -> KeyShare:
    """The trustee's share of the key, once all n signatures verify ("Round 3: Certification", steps 4 and 5).

    Uses ``secret`` up, unless it raises; :func:`recover` gives the share again. Raises as
    :func:`verify_certificate`, and KeyGenerationError for a state that was used before.
    """
    public = secret._look().public
    verify_certificate(public.session, public, signatures)
    return secret._take().key_share


def recover(
    session: Session,
    index: int,
    static_key: StaticKey,
    messages: Sequence[bytes],
    signatures: Sequence[bytes],
) -> KeyShare:
    """The share of a finished session again, from the static key and what was published.

    "Recovery Algorithm": the certificate is checked before anything is decrypted. Raises as
    :func:`round1`, :func:`verify_round1`, :func:`verify_certificate` and :func:`round2`.
    """
    _check_owner(session, index, static_key)
    parsed = _read_all(session, messages)
    public = _combine(session, parsed)
    verify_certificate(session, public, signatures)
    return _key_share(index, _receive(session, index, static_key, parsed), public)


def _check_owner(session: Session, index: int, static_key: StaticKey) -> None:
    session.check_index(index)
    if static_key.public != session.public_keys[index - 1]:
        raise KeyGenerationError("the static key is not the session's", item=f"index {index}")


def _check_count(session: Session, items: Sequence[bytes], name: str) -> None:
    if len(items) != session.trustee_count:
        raise KeyGenerationError(f"there are {session.trustee_count} {name}, not {len(items)}")


def _round1_message(
    session: Session, index: int, static_key: StaticKey, polynomial: Polynomial, ephemeral: Scalar
) -> bytes:
    commitment = ristretto255.encode_elements(polynomial.commitment)
    ephemeral_key = ristretto255.multiply_generator(ephemeral).encode()
    statement = possession_statement(session, commitment, ephemeral_key)
    proof = schnorr.sign(polynomial.constant_term, statement)
    ciphertexts = []
    for recipient, key in enumerate(session.keys, 1):
        shared = (key * ephemeral).encode() + (key * static_key.reveal()).encode()
        sealing = _sealing_key(session, shared, ephemeral_key, index, recipient)
        ciphertexts.append(_seal(sealing, polynomial.evaluate(recipient).encode()))
    return encode_round1(commitment, proof, ephemeral_key, ciphertexts)


def _read_round1(session: Session, sender: int, data: bytes) -> Round1Message:
    """A message whose form is right and whose sender knows the secret of its first commitment."""
    message = parse_round1(session, sender, data)
    statement = possession_statement(session, message.commitment_bytes, message.ephemeral_bytes)
    try:
        schnorr.verify(message.commitment[0], statement, message.proof)
    except InvalidSignatureError as error:
        raise KeyGenerationError(
            f"no proof of possession of the first commitment: {error.message}", culprit=trustee(sender)
        ) from None
    return message


def _read_all(session: Session, messages: Sequence[bytes]) -> list[Round1Message]:
    _check_count(session, messages, "round 1 messages")
    return [_read_round1(session, sender, data) for sender, data in enumerate(messages, 1)]


def _combine(session: Session, messages: Sequence[Round1Message]) -> GroupPublic:
    first: dict[Element, int] = {}
    for sender, message in enumerate(messages, 1):
        if first.setdefault(message.commitment[0], sender) != sender:
            raise KeyGenerationError(
                "contribute the same secret", item=f"trustees {first[message.commitment[0]]} and {sender}"
            )
    columns = zip(*(message.commitment for message in messages), strict=True)
    commitment = tuple(ristretto255.sum(column) for column in columns)
    verification_keys = tuple(
        evaluate_commitment(ristretto255, commitment, index) for index in range(1, session.trustee_count + 1)
    )
    if any(element.is_identity() for element in (*commitment, *verification_keys)):
        # Only all trustees together can bring it about: a key or share of zero, or a lower threshold.
        raise KeyGenerationError("the commitments cancel each other out")
    return GroupPublic(session, commitment[0], verification_keys, commitment, transcript(session, messages))


def _receive(
    session: Session, index: int, static_key: StaticKey, messages: Sequence[Round1Message]
) -> Scalar:
    """The sum of the shares for trustee ``index``, each checked against its sender's commitment."""
    total = ristretto255.scalar(0)
    for sender, (message, key) in enumerate(zip(messages, session.keys, strict=True), 1):
        culprit, item = trustee(sender), f"share for trustee {index}"
        secret = static_key.reveal()
        shared = (message.ephemeral_key * secret).encode() + (key * secret).encode()
        sealing = _sealing_key(session, shared, message.ephemeral_bytes, sender, index)
        try:
            plaintext = _open(sealing, message.ciphertexts[index - 1])
            share = ristretto255.decode_scalar(plaintext[:SCALAR_SIZE])
        except nacl.exceptions.CryptoError:
            raise KeyGenerationError("does not decrypt", culprit=culprit, item=item) from None
        except InvalidScalarError:
            raise KeyGenerationError("is not a canonical scalar", culprit=culprit, item=item) from None
        expected = evaluate_commitment(ristretto255, message.commitment, index)
        if ristretto255.multiply_generator(share) != expected:
            raise KeyGenerationError("is off the committed polynomial", culprit=culprit, item=item)
        total = total + share
    return total


def _key_share(index: int, share: Scalar, public: GroupPublic) -> KeyShare:
    return KeyShare(index, share, public.verification_keys[index - 1], public.group_key)


def _sealing_key(session: Session, shared: bytes, ephemeral: bytes, sender: int, recipient: int) -> bytes:
    """H6 ("Ciphersuites"): 32 bytes of key and 24 of nonce, for the share of ``sender`` to ``recipient``."""
    parts = [
        PREFIX_KEY,
        shared,
        ephemeral,
        session.public_keys[sender - 1],
        session.public_keys[recipient - 1],
        len(session.context).to_bytes(8, "little"),
        session.context,
    ]
    return hashlib.sha512(b"".join(parts)).digest()[: AEAD_KEY_SIZE + AEAD_NONCE_SIZE]


def _seal(sealing: bytes, plaintext: bytes) -> bytes:
    key, nonce = sealing[:AEAD_KEY_SIZE], sealing[AEAD_KEY_SIZE:]
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, None, nonce, key)


def _open(sealing: bytes, ciphertext: bytes) -> bytes:
    """Raises nacl.exceptions.CryptoError where the ciphertext was not sealed with this key."""
    key, nonce = sealing[:AEAD_KEY_SIZE], sealing[AEAD_KEY_SIZE:]
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, None, nonce, key)
