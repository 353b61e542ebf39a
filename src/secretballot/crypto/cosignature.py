"""Cosignatures: what outsiders add to a log's checkpoint (C2SP tlog-cosignature, the type for Ed25519).

A cosigner signs only checkpoints that continue the last one that it signed, so whoever finds its line on a
checkpoint knows that it was shown the same log. The line has type 0x04; its signature is the time as 8 bytes,
big-endian, and 64 bytes of Ed25519 over that time and the whole text of the checkpoint, but not over the
cosigner's name: a key must serve one cosigner alone.

Lines of unknown keys are passed over, as C2SP signed-note asks. The type for ML-DSA-44 is not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ArgumentError, InvalidSignatureError, NoteError, check_type
from .note import (
    Checkpoint,
    NoteSignature,
    NoteVerifier,
    check_name,
    format_vkey,
    key_id,
    open_checkpoint,
    parse_note,
    parse_vkey,
)
from .signing import SIGNATURE_SIZE, SigningKey, VerifyKey

#: The latest time of a cosignature, in seconds since the Epoch (POSIX).
MAX_TIMESTAMP = 2**63 - 1

_TYPE = b"\x04"
_TIMESTAMP_SIZE = 8


def cosigned_message(text: str, timestamp: int) -> bytes:
    """What a cosignature of that time is over (C2SP tlog-cosignature, "Ed25519 signed message"): two lines, and
    the text of the checkpoint. Raises NoteError for a text that is no checkpoint."""
    Checkpoint.parse(text)
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A cosigner's public key and name. Raises NoteError for a name that no key may have."""

    name: str
    key: VerifyKey

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def key_id(self) -> bytes:
        """Four bytes; see :func:`~.note.key_id`."""
        return key_id(self.name, _TYPE, self.key)

    @classmethod
    def from_vkey(cls, text: str) -> CosignatureVerifier:
        """The key that a vkey stands for; raises NoteError as :func:`~.note.parse_vkey`."""
        return cls(*parse_vkey(text, _TYPE))

    def vkey(self) -> str:
        """The key as text; see :func:`~.note.format_vkey`."""
        return format_vkey(self.name, _TYPE, self.key)

    def timestamp(self, text: str, signature: bytes) -> int:
        """The time at which this key cosigned the text of a checkpoint, in seconds since the Epoch.

        ``signature`` has 72 bytes, without the key ID. Raises InvalidSignatureError for one that does not verify,
        has another length or a time above :data:`MAX_TIMESTAMP`, and NoteError for a text that is no checkpoint.
        """
        expected = _TIMESTAMP_SIZE + SIGNATURE_SIZE
        if len(signature) != expected:
            raise self._invalid(f"a cosignature has {expected} bytes, not {len(signature)}")
        time = int.from_bytes(signature[:_TIMESTAMP_SIZE], "big")
        if time > MAX_TIMESTAMP:
            raise self._invalid("the time of a cosignature is below 2**63")
        try:
            self.key.verify(cosigned_message(text, time), signature[_TIMESTAMP_SIZE:])
        except InvalidSignatureError as error:
            raise self._invalid(error.message) from None
        return time

    def verify(self, text: str, signature: bytes) -> None:
        """As :meth:`timestamp`, whatever the time; so that :func:`~.note.open_note` takes this key."""
        self.timestamp(text, signature)

    def _invalid(self, message: str) -> InvalidSignatureError:
        return InvalidSignatureError(message, culprit=self.name, item=f"cosignature of {self.name}")


class CosignatureSigner:
    """A cosigner's secret key and name. It signs what it is given: what may be signed is for a cosigner to know."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: SigningKey) -> None:
        self.verifier = CosignatureVerifier(name, key.verify_key)
        self._key = key

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """The cosignature of a checkpoint's text at that time, in seconds since the Epoch.

        Raises NoteError for a text that is no checkpoint, and unless ``0 < timestamp <= MAX_TIMESTAMP`` (C2SP
        tlog-witness takes no time of zero for one).
        """
        if not 0 < timestamp <= MAX_TIMESTAMP:
            raise NoteError("the time of a cosignature is above 0 and below 2**63")
        signature = self._key.sign(cosigned_message(text, timestamp))
        data = timestamp.to_bytes(_TIMESTAMP_SIZE, "big") + signature
        return NoteSignature(self.verifier.name, self.verifier.key_id, data)

    def __repr__(self) -> str:
        return f"<CosignatureSigner of {self.verifier.name}, redacted>"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that verifies: whose, its time in seconds since the Epoch, and its line."""

    cosigner: CosignatureVerifier
    timestamp: int
    signature: NoteSignature


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """A checkpoint with the cosignatures that were looked for, one of each cosigner, in the order of its lines.
    ``others`` are the lines of all other keys: they say nothing."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    others: tuple[NoteSignature, ...]


def known_cosigners(cosigners: Iterable[str | CosignatureVerifier]) -> tuple[CosignatureVerifier, ...]:
    """The cosigners that are looked for, of vkeys or verifiers.

    Raises NoteError for a vkey that is none, and for two with one key, whatever their names: one cosigner would be
    counted twice (C2SP tlog-policy, "Public key representation"). Raises ArgumentError for what is neither.
    """
    if isinstance(cosigners, str):
        raise ArgumentError("a list of cosigners must be given, not one text")
    check_type(cosigners, Iterable, "a list of cosigners")
    known: dict[bytes, CosignatureVerifier] = {}
    for one in cosigners:
        check_type(one, (str, CosignatureVerifier), "a cosigner's vkey")
        cosigner = CosignatureVerifier.from_vkey(one) if isinstance(one, str) else one
        if known.setdefault(cosigner.key.data, cosigner) is not cosigner:
            raise NoteError("two cosigners have one key", culprit=cosigner.name)
    return tuple(known.values())


def open_cosignatures(data: bytes | str, cosigners: Iterable[CosignatureVerifier]) -> CosignedCheckpoint:
    """The checkpoint of a note with the cosignatures by ``cosigners``, of which there may be none.

    *The log's own signature is not looked at*: see :func:`open_cosigned`. Where a cosigner has several lines, each
    must verify, and the newest is given. Raises NoteError for what is no checkpoint, and InvalidSignatureError, with
    the cosigner as culprit, for a line of one that does not verify: the whole note is then refused, as C2SP
    signed-note recommends.
    """
    text, signatures = parse_note(data)
    checkpoint = Checkpoint.parse(text)
    wanted = {(one.name, one.key_id): one for one in cosigners}
    found: dict[CosignatureVerifier, Cosignature] = {}
    others = []
    for signature in signatures:
        cosigner = wanted.get((signature.name, signature.key_id))
        if cosigner is None:
            others.append(signature)
            continue
        time = cosigner.timestamp(text, signature.signature)
        if cosigner not in found or time > found[cosigner].timestamp:
            found[cosigner] = Cosignature(cosigner, time, signature)
    return CosignedCheckpoint(checkpoint, tuple(found.values()), tuple(others))


def open_cosigned(
    data: bytes | str, verifier: NoteVerifier, origin: str, cosigners: Iterable[CosignatureVerifier]
) -> CosignedCheckpoint:
    """As :func:`open_cosignatures`, of a note that ``verifier`` signed for the log ``origin``; raises also as
    :func:`~.note.open_checkpoint`."""
    open_checkpoint(data, verifier, origin)
    return open_cosignatures(data, cosigners)


def add_cosignatures(note: str, cosignatures: Iterable[NoteSignature]) -> str:
    """The note with these lines behind the others; each takes the place of those that its key had there.

    Nothing is verified. Raises NoteError for a line that has not the form of a cosignature, and for a note that is none
    or becomes too large.
    """
    text, signatures = parse_note(note)
    added = {(line.name, line.key_id): line for line in cosignatures}
    for line in added.values():
        if len(line.signature) != _TIMESTAMP_SIZE + SIGNATURE_SIZE:
            raise NoteError("it has not the form of a cosignature", item=f"line of {line.name}")
    kept = [line for line in signatures if (line.name, line.key_id) not in added]
    cosigned = text + "\n" + "".join(line.line() for line in (*kept, *added.values()))
    parse_note(cosigned)
    return cosigned
