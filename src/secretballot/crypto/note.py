"""Signed notes (C2SP signed-note) and the checkpoints of a log (C2SP tlog-checkpoint).

A note is a text, a blank line, and signature lines. The signature type here is 0x01, Ed25519 over the text;
:mod:`.cosignature` has another, and :func:`open_note` takes the keys of any. What is not in the one accepted
form is refused: base64 is RFC 4648 section 4, padded and canonical; the limits of size and of signature lines
are :data:`MAX_NOTE_SIZE` and :data:`MAX_SIGNATURES`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..errors import InvalidSignatureError, NoteError
from .merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from .signing import PUBLIC_KEY_SIZE, SigningKey, VerifyKey

#: Bytes of a whole note, its signatures included.
MAX_NOTE_SIZE = 1_000_000
#: Signature lines of a note, those by unknown keys included; the specification asks for at least 16.
MAX_SIGNATURES = 100
#: Bytes of a key ID.
KEY_ID_SIZE = 4

_ED25519 = b"\x01"
_EM_DASH = "\u2014"
#: The code points with the property White_Space (Unicode, PropList.txt). ``str.isspace`` has a few others.
_WHITE_SPACE = frozenset(
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_HEX_KEY_ID = re.compile("[0-9a-f]{8}")
_DECIMAL = re.compile("0|[1-9][0-9]{0,19}")


class Verifier(Protocol):
    """A key that signs notes under a name, whatever the type of its signatures."""

    @property
    def name(self) -> str:
        """The key's name, as in its signature lines."""

    @property
    def key_id(self) -> bytes:
        """Four bytes: with the name, what tells the key's lines from others."""

    def verify(self, text: str, signature: bytes) -> None:
        """Returns nothing if ``signature``, without the key ID, is this key's over the note text; raises
        InvalidSignatureError, with the key's name as culprit, otherwise."""


def key_id(name: str, signature_type: bytes, key: VerifyKey) -> bytes:
    """The key ID that C2SP signed-note recommends: the first four bytes of the SHA-256 of name, newline, type
    (1 byte) and public key."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + signature_type + key.data).digest()[:KEY_ID_SIZE]


def format_vkey(name: str, signature_type: bytes, key: VerifyKey) -> str:
    """An Ed25519 key as text (C2SP signed-note, "Verifier keys"): name, key ID in hexadecimal, and type and
    public key in base64, joined by plus."""
    return f"{name}+{key_id(name, signature_type, key).hex()}+{encode_base64(signature_type + key.data)}"


def parse_vkey(text: str, signature_type: bytes) -> tuple[str, VerifyKey]:
    """Name and key of a vkey of that type.

    Raises NoteError for another type, for a key ID that is not this key's, and for anything else that
    :func:`format_vkey` would not have written.
    """
    # Base64 may hold a plus itself; the name and the key ID may not.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("a vkey has three parts separated by a plus")
    name, told, encoded = parts
    check_name(name)
    if not _HEX_KEY_ID.fullmatch(told):
        raise NoteError("a vkey's key ID is eight lowercase hexadecimal digits")
    data = decode_base64(encoded)
    if data[:1] != signature_type or len(data) != 1 + PUBLIC_KEY_SIZE:
        raise NoteError(f"a vkey of an Ed25519 key is wanted: the byte {signature_type.hex()} and 32 bytes")
    key = VerifyKey(data[1:])
    if key_id(name, signature_type, key).hex() != told:
        raise NoteError("the vkey's key ID is not that of its name and key")
    return name, key


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A key that signs notes under a name (C2SP signed-note, "Verifier keys"), of type 0x01.

    Raises NoteError for a name that is empty, or has a space of any kind, a plus or a control character.
    """

    name: str
    key: VerifyKey

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def key_id(self) -> bytes:
        """Four bytes; see :func:`key_id`."""
        return key_id(self.name, _ED25519, self.key)

    @classmethod
    def from_vkey(cls, text: str) -> NoteVerifier:
        """The key that a vkey stands for; raises NoteError as :func:`parse_vkey`."""
        return cls(*parse_vkey(text, _ED25519))

    def vkey(self) -> str:
        """The key as text; see :func:`format_vkey`."""
        return format_vkey(self.name, _ED25519, self.key)

    def verify(self, text: str, signature: bytes) -> None:
        """Returns nothing if ``signature`` (64 bytes, without the key ID) is this key's over the note text;
        raises InvalidSignatureError otherwise."""
        try:
            self.key.verify(text.encode("utf-8"), signature)
        except InvalidSignatureError as error:
            raise InvalidSignatureError(error.message, culprit=self.name) from None


class NoteSigner:
    """A secret key that signs notes under a name. Raises NoteError as :class:`NoteVerifier`."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: SigningKey) -> None:
        self.verifier = NoteVerifier(name, key.verify_key)
        self._key = key

    def signature_line(self, text: str) -> str:
        """The line, with its newline, that this key adds to a note with this text. Raises NoteError for a
        text that no note may have."""
        _check_text(text)
        signature = self._key.sign(text.encode("utf-8"))
        return NoteSignature(self.verifier.name, self.verifier.key_id, signature).line()

    def __repr__(self) -> str:
        return f"<NoteSigner of {self.verifier.name}, redacted>"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its ID (4 bytes) and the signature (at least 1 byte)."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line, with its newline."""
        return f"{_EM_DASH} {self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note with at least one verified signature. ``unverified`` are those of unknown keys: they say
    nothing."""

    text: str
    verified: tuple[NoteSignature, ...]
    unverified: tuple[NoteSignature, ...] = ()


def sign_note(text: str, *signers: NoteSigner) -> str:
    """The note of ``text``, which ends in a newline, with a line of each signer (C2SP signed-note, "Format").

    Raises NoteError for a text that no note may have, and for no signer, too many, or one twice.
    """
    if not 0 < len(signers) <= MAX_SIGNATURES:
        raise NoteError(f"a note has between 1 and {MAX_SIGNATURES} signatures")
    if len({(signer.verifier.name, signer.verifier.key_id) for signer in signers}) != len(signers):
        raise NoteError("a key signs a note once")
    note = text + "\n" + "".join(signer.signature_line(text) for signer in signers)
    _check_note_size(len(note.encode("utf-8")))
    return note


def parse_note(data: bytes | str) -> tuple[str, tuple[NoteSignature, ...]]:
    """The text and the signatures of a note, *none of them verified*; see :func:`open_note`.

    Raises NoteError for anything that is not a note (C2SP signed-note, "Format"), or is one beyond the
    limits.
    """
    text = decode_text(data, MAX_NOTE_SIZE, "note")
    # The last empty line separates, so a text may have empty lines of its own.
    end = text.rfind("\n\n")
    if end < 0 or end + 2 == len(text):
        raise NoteError("a note has a blank line before its signatures")
    if not text.endswith("\n"):
        raise NoteError("a note ends in a newline")
    lines = text[end + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures, not {len(lines)}")
    return text[: end + 1], tuple(
        _parse_signature(line, number) for number, line in enumerate(lines, start=1)
    )


def open_note(data: bytes | str, verifiers: Iterable[Verifier]) -> Note:
    """The note, if at least one of ``verifiers`` signed it and all of them that appear in it really did.

    Signatures by unknown keys (another name or another key ID) are ignored. Raises NoteError for a malformed
    note, a note signed by none of the keys or by one of them twice, and two verifiers with one name and key
    ID; InvalidSignatureError, with the key's name as culprit, for a known key's signature that does not
    verify. C2SP signed-note, "Signatures".
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError("two verifiers have one name and key ID", culprit=verifier.name)
    text, signatures = parse_note(data)
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    unverified: list[NoteSignature] = []
    for signature in signatures:
        identity = (signature.name, signature.key_id)
        if identity not in known:
            unverified.append(signature)
            continue
        if identity in verified:
            raise NoteError("a key signed the note twice", culprit=signature.name)
        known[identity].verify(text, signature.signature)
        verified[identity] = signature
    if not verified:
        raise NoteError("the note is not signed by a known key")
    return Note(text, tuple(verified.values()), tuple(unverified))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root (C2SP tlog-checkpoint, "Note text").

    ``root`` has 32 bytes. ``extensions`` are further lines; the specification advises against any. Raises
    NoteError for a value that no checkpoint may have, among them a size of 0 with another root than the empty
    tree's.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, line in (("origin", self.origin), *(("extension", line) for line in self.extensions)):
            if not line or "\n" in line:
                raise NoteError("it is one line, and not empty", item=name)
            _check_characters(line)
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteError("the size is at least 0 and below 2**64")
        if len(self.root) != HASH_SIZE:
            raise NoteError(f"a root has {HASH_SIZE} bytes, not {len(self.root)}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError("this is not the root of the tree without leaves")

    def to_text(self) -> str:
        """The note text: origin, size, root and extensions, a line each."""
        return "\n".join((self.origin, str(self.size), encode_base64(self.root), *self.extensions)) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint that a note text states. Raises NoteError for anything :meth:`to_text` would not
        write."""
        if not text.endswith("\n"):
            raise NoteError("a checkpoint ends in a newline")
        lines = text[:-1].split("\n")
        if len(lines) < 3:
            raise NoteError(f"a checkpoint has at least three lines, not {len(lines)}")
        origin, size, root, *extensions = lines
        return cls(origin, parse_decimal(size, "size"), decode_base64(root), tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> str:
    """The checkpoint as a signed note. That it agrees with every earlier one is for the log to see to."""
    return sign_note(checkpoint.to_text(), signer)


def open_checkpoint(data: bytes | str, verifier: NoteVerifier, origin: str) -> Checkpoint:
    """The checkpoint of a note that ``verifier`` signed for the log ``origin``.

    Raises as :func:`open_note`, and NoteError for a text that is no checkpoint or has another origin.
    """
    checkpoint = Checkpoint.parse(open_note(data, (verifier,)).text)
    if checkpoint.origin != origin:
        raise NoteError("the checkpoint is of another log", culprit=verifier.name, item="origin")
    return checkpoint


def encode_base64(data: bytes) -> str:
    """Padded base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """The bytes of padded base64. Raises NoteError for anything that :func:`encode_base64` would not
    write."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise NoteError("not base64") from None
    if encode_base64(data) != text:
        raise NoteError("not canonical base64")
    return data


def parse_decimal(text: str, item: str) -> int:
    """An integer below 2**64 in ASCII digits without leading zeros. Raises NoteError, naming ``item``."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise NoteError("not a decimal number below 2**64 without leading zeros", item=item)
    return int(text)


def decode_text(data: bytes | str, limit: int, item: str) -> str:
    """Text of at most ``limit`` bytes in UTF-8, without control characters other than newlines. Raises
    NoteError."""
    # A character has at least one byte, so neither form is decoded or encoded beyond the limit.
    if len(data) > limit:
        raise NoteError(f"it has more than {limit} bytes", item=item)
    if isinstance(data, str):
        _check_characters(data)
        if len(data.encode("utf-8")) > limit:
            raise NoteError(f"it has more than {limit} bytes", item=item)
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("not UTF-8", item=item) from None
    _check_characters(text)
    return text


def check_name(name: str) -> None:
    """Returns nothing for a name that a key may have; raises NoteError for one that is empty, or has a space of
    any kind, a plus or a control character."""
    _check_characters(name)
    if not name or "+" in name or not _WHITE_SPACE.isdisjoint(name):
        raise NoteError("a key name is not empty and has neither spaces nor plus")


def _check_characters(text: str) -> None:
    if _CONTROL.search(text):
        raise NoteError("a note has no control characters other than newlines")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NoteError("a lone surrogate") from None


def _check_text(text: str) -> None:
    _check_characters(text)
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends in a newline")


def _check_note_size(size: int) -> None:
    if size > MAX_NOTE_SIZE:
        raise NoteError(f"it has more than {MAX_NOTE_SIZE} bytes", item="note")


def _parse_signature(line: str, number: int) -> NoteSignature:
    item = f"signature line {number}"
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _EM_DASH:
        raise NoteError("it is not an em dash, a key name and a signature", item=item)
    name, encoded = parts[1:]
    try:
        check_name(name)
        data = decode_base64(encoded)
    except NoteError as error:
        raise NoteError(error.message, item=item) from None
    if len(data) <= KEY_ID_SIZE:
        raise NoteError("it has no signature after the key ID", item=item)
    return NoteSignature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])
