"""The one accepted form of everything that is hashed, signed or sent.

* :func:`frame`, :func:`unframe`: length-framed byte strings, so that no two lists of fields give the same bytes;
* :class:`Tag`: every domain-separation tag of the project, in one table;
* :func:`tagged_hash`: SHA-256 under a tag;
* :func:`b64encode`, :func:`b64decode`: unpadded base64url (RFC 4648 section 5), canonical only.

JSON is canonical too: :meth:`secretballot.records.Record.from_body` reads it.
"""

from __future__ import annotations

import binascii
import hashlib
from enum import Enum

from ..errors import EncodingError

#: Integers beyond this are not exact in every JSON reader (RFC 8259, section 6).
MAX_JSON_INTEGER = 2**53 - 1

PROTOCOL = "secretballot/1"


class Tag(Enum):
    """Every domain of a hash, proof or signature. A value is used for one purpose, and never changes its meaning."""

    ELECTION_ID = "election-id"
    CONFIRMATION_CODE = "confirmation-code"
    CREDENTIAL = "credential"
    REQUEST = "request"
    BLINDED_REQUEST = "blinded-request"
    CEREMONY_CONTEXT = "ceremony-context"
    CEREMONY_COMMITMENT = "ceremony-commitment"
    BALLOT_PROOF = "ballot-proof"
    DECRYPTION_PROOF = "decryption-proof"
    SHUFFLE_PROOF = "shuffle-proof"
    LINE_DECRYPTION_PROOF = "line-decryption-proof"
    MIX_BASIS = "mix-basis"
    LOT = "lot"
    SIGNED_ENTRY = "signed-entry"
    KEY_FILE = "key-file"
    ACCESS_CODE = "access-code"
    COSIGNER_MEMORY = "cosigner-memory"
    VERIFICATION_TASK = "verification-task"

    #: The tag's bytes, with the protocol's version in front.
    label: bytes

    def __init__(self, value: str) -> None:
        self.label = f"{PROTOCOL}/{value}".encode("ascii")


def frame(*fields: bytes | str | int) -> bytes:
    """Each field as its 8-byte big-endian length and its bytes; text as UTF-8, an integer as 8 bytes big-endian.

    Injective for a given list of types; the frame of two lists is that of the first, and then that of the second.
    Raises EncodingError for an integer outside [0, 2**64), and for text with a lone surrogate, which has no UTF-8.
    """
    out = []
    for field in fields:
        if isinstance(field, bytes):
            data = field
        elif isinstance(field, int):
            if not 0 <= field < 2**64:
                raise EncodingError("a framed integer is at least 0 and below 2**64")
            data = field.to_bytes(8, "big")
        else:
            try:
                data = field.encode("utf-8")
            except UnicodeEncodeError:
                raise EncodingError("a framed text holds a lone surrogate") from None
        out.append(len(data).to_bytes(8, "big"))
        out.append(data)
    return b"".join(out)


def unframe(data: bytes, count: int) -> list[bytes]:
    """The ``count`` fields of a :func:`frame`, each as its bytes; raises EncodingError for any other bytes."""
    fields = []
    at = 0
    for _ in range(count):
        size = int.from_bytes(data[at : at + 8], "big")
        fields.append(data[at + 8 : at + 8 + size])
        at += 8 + size
    # A field that is cut has moved ``at`` beyond the end.
    if at != len(data):
        raise EncodingError(f"not {count} framed fields: cut or extended")
    return fields


def tagged_hash(tag: Tag, *fields: bytes | str | int) -> bytes:
    """SHA-256 of the framed tag and fields: 32 bytes."""
    return hashlib.sha256(frame(tag.label, *fields)).digest()


#: The alphabets of base64 and base64url differ in two characters; a translation is faster than :mod:`base64`.
_TO_URL = bytes.maketrans(b"+/", b"-_")
#: Characters of the other alphabet, and padding, become one that no alphabet has.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")
#: The characters that may stand last, by the length modulo 4: their bits after those of the last byte are zero.
_LAST = {
    0: frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    2: frozenset(b"AQgw"),
    3: frozenset(b"AEIMQUYcgkosw048"),
}


def b64encode(data: bytes) -> str:
    """Unpadded base64url."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def b64decode(text: str, size: int | None = None) -> bytes:
    """The bytes of canonical unpadded base64url; of exactly ``size`` bytes where that is given.

    Raises EncodingError for anything that :func:`b64encode` would not have written.
    """
    try:
        raw = text.encode("ascii").translate(_FROM_URL)
        rest = len(raw) % 4
        data = binascii.a2b_base64(raw + b"=" * (-rest % 4), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise EncodingError("not base64url") from None
    # Bits after the last byte's are ignored above.
    if raw and raw[-1] not in _LAST[rest]:
        raise EncodingError("not canonical base64url")
    if size is not None and len(data) != size:
        raise EncodingError(f"{size} bytes are expected, there are {len(data)}")
    return data
