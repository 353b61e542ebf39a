"""Key files: what a role must not lose, sealed under a passphrase in a small text file.

Two lines, each ended by a line feed::

    secretballot/1/key-file <kind> argon2id <operations> <memory> <salt> <nonce>
    <ciphertext>

The key is Argon2id (RFC 9106, version 1.3, one lane; by libsodium) of the passphrase and the 16-byte salt, with that
many passes over that many KiB of memory. The ciphertext is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) under the
24-byte nonce, with the first line, without its line feed, as associated data: nothing in the file can be changed.
Binary values are base64url. The plaintext is a :func:`~.encoding.frame` of the fields that a role keeps.

A passphrase is a text, taken as it is but for its normalisation to NFC, in UTF-8; a line end in it counts. Salt and
nonce are new each time a file is written.
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nacl.bindings
import nacl.exceptions
import nacl.pwhash.argon2id
import nacl.utils

from ..errors import CryptoError, EncodingError, KeyFileError, check_path, check_type
from ..files import write_file
from .encoding import Tag, b64decode, b64encode, frame, unframe
from .secret import Secret

#: The cost of a guess, for files that are written: libsodium's MODERATE, about a second, and 256 MiB (in KiB).
OPERATIONS = 3
MEMORY = 256 * 1024
#: What is read: from libsodium's minimum, up to what does not exhaust a machine if a stranger wrote the file.
ALLOWED_OPERATIONS = range(1, 10 + 1)
ALLOWED_MEMORY = range(8, 1024 * 1024 + 1)

KEY_SIZE, SALT_SIZE, NONCE_SIZE, AEAD_TAG_SIZE = 32, 16, 24, 16

#: More than the first line of any key file has.
_MAX_HEADER = 256
#: Bytes of a whole file, unless more are asked for. A holder's, with as many registrars as a manifest may have, is
#: below 1 MB.
MAX_FILE_SIZE = 2 * 2**20

_HEADER = re.compile(
    re.escape(Tag.KEY_FILE.label)
    + rb" ([a-z-]{1,32}) argon2id ([1-9][0-9]{0,1}) ([1-9][0-9]{0,6}) ([A-Za-z0-9_-]{22}) ([A-Za-z0-9_-]{32})"
)


class _Stretching(NamedTuple):
    """Argon2id's parameters: passes, KiB, and 16 bytes."""

    operations: int
    memory: int
    salt: bytes


def save(
    path: str | os.PathLike[str],
    kind: str,
    passphrase: str,
    *fields: bytes | Secret[bytes],
    replace: bool = False,
    limit: int = MAX_FILE_SIZE,
) -> None:
    """Seals the fields in a new file with mode 0600, which appears whole or not at all, and is on the disk on return.
    It has at most ``limit`` bytes.

    An existing file is left as it is, unless ``replace`` is true and it is a key file of the same kind (or empty, as an
    interrupted ``save`` may leave it where the file system has no links): it is then replaced in one step. Raises
    KeyFileError for a file that exists, one that cannot be written, and an empty passphrase.
    """
    check_path(path, "a key file's path")
    try:
        place = Path(path)
        if replace:
            with _typed_errors("written"):
                # Where a link points: it is the old file that must not stay.
                place = Path(os.path.realpath(path))
                _check_kind(place, kind)
        data = seal(kind, passphrase, *fields, limit=limit)
        with _typed_errors("written"):
            write_file(place, data, replace=replace)
    except KeyFileError as error:
        raise KeyFileError(error.message, item=_name(path)) from None


@contextlib.contextmanager
def load(
    path: str | os.PathLike[str], kind: str, passphrase: str, count: int, *, limit: int = MAX_FILE_SIZE
) -> Iterator[list[Secret[bytes]]]:
    """The ``count`` fields of a file of that kind, for the block that makes a role's object of them.

    Raises KeyFileError for a file that cannot be read, is none, is of another kind, is damaged, or was sealed under
    another passphrase; and in the place of an EncodingError or CryptoError of the block.
    """
    check_path(path, "a key file's path")
    try:
        with _typed_errors("read"), Path(path).open("rb") as file:
            data = file.read(limit + 1)
        yield unseal(kind, passphrase, data, count, limit=limit)
    except (KeyFileError, EncodingError, CryptoError) as error:
        raise KeyFileError(error.message, item=_name(path)) from None


def seal(kind: str, passphrase: str, *fields: bytes | Secret[bytes], limit: int = MAX_FILE_SIZE) -> bytes:
    """The bytes of a key file; raises KeyFileError for an empty passphrase, and for more than a file may hold."""
    plaintext = frame(*(field.reveal() if isinstance(field, Secret) else field for field in fields))
    stretching = _Stretching(OPERATIONS, MEMORY, nacl.utils.random(SALT_SIZE))
    nonce = nacl.utils.random(NONCE_SIZE)
    costs = f"argon2id {stretching.operations} {stretching.memory}"
    header = f"{kind} {costs} {b64encode(stretching.salt)} {b64encode(nonce)}".encode("ascii")
    header = Tag.KEY_FILE.label + b" " + header
    key = _stretch(passphrase, stretching)
    sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, header, nonce, key)
    data = header + b"\n" + b64encode(sealed).encode("ascii") + b"\n"
    if len(data) > limit:
        raise KeyFileError(f"a file of the kind {kind} has at most {limit} bytes, not {len(data)}")
    return data


def unseal(
    kind: str, passphrase: str, data: bytes, count: int, *, limit: int = MAX_FILE_SIZE
) -> list[Secret[bytes]]:
    """The ``count`` fields of a key file's bytes.

    Raises KeyFileError, and EncodingError for what is not canonical base64url or not that many fields.
    """
    if len(data) > limit:
        raise KeyFileError(f"a file of the kind {kind} has at most {limit} bytes")
    header, _, rest = data.partition(b"\n")
    found = _HEADER.fullmatch(header)
    if found is None or not rest.endswith(b"\n"):
        raise KeyFileError("not a key file of this version")
    told, operations, memory, salt, nonce = (group.decode("ascii") for group in found.groups())
    if told != kind:
        raise KeyFileError(f"a key file of the kind {told}, not {kind}")
    stretching = _Stretching(int(operations), int(memory), b64decode(salt, SALT_SIZE))
    if stretching.operations not in ALLOWED_OPERATIONS or stretching.memory not in ALLOWED_MEMORY:
        raise KeyFileError("the costs of Argon2id are outside what is accepted")
    # Latin-1 has a character for every byte, and b64decode refuses those that are not its own.
    sealed = b64decode(rest[:-1].decode("latin-1"))
    if len(sealed) < AEAD_TAG_SIZE:
        raise KeyFileError("the ciphertext is cut")
    key = _stretch(passphrase, stretching)
    try:
        plaintext = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, header, b64decode(nonce, NONCE_SIZE), key
        )
    except nacl.exceptions.CryptoError:
        raise KeyFileError("another passphrase, or a damaged file") from None
    return [Secret(field) for field in unframe(plaintext, count)]


def _stretch(passphrase: str, stretching: _Stretching) -> bytes:
    check_type(passphrase, str, "a passphrase as text")
    try:
        password = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    except UnicodeEncodeError:
        password = b""  # Not raised in here: the error that is being handled holds the passphrase.
    if not password:
        raise KeyFileError("a passphrase is needed: a text that is not empty, without lone surrogates")
    try:
        return nacl.pwhash.argon2id.kdf(
            KEY_SIZE,
            password,
            stretching.salt,
            opslimit=stretching.operations,
            memlimit=stretching.memory * 1024,
        )
    except (nacl.exceptions.RuntimeError, MemoryError):
        raise KeyFileError(f"Argon2id needs {stretching.memory} KiB of memory") from None


def _name(path: str | os.PathLike[str]) -> str:
    """The file's name, quoted: it may hold anything, a line end too."""
    return f"key file {Path(path).name!r}"


@contextlib.contextmanager
def _typed_errors(verb: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise KeyFileError("there is such a file already") from None
    except OSError as error:
        raise KeyFileError(f"cannot be {verb}: {error.strerror}") from None
    except ValueError:
        raise KeyFileError(f"cannot be {verb}: no path has a null character") from None


def _check_kind(path: Path, kind: str) -> None:
    """Raises KeyFileError for a file that is there and is no key file of that kind: it is somebody's mistake."""
    if not path.exists():
        return
    header = b"-"
    if path.is_file():
        with path.open("rb") as file:
            header = file.readline(_MAX_HEADER)
    found = _HEADER.fullmatch(header.removesuffix(b"\n"))
    if header and (found is None or found[1] != kind.encode("ascii")):
        raise KeyFileError(f"what would be replaced is no key file of the kind {kind}")
