"""What is too large for an entry, and stands beside the log: shuffles, and the shares of their lines.

An attachment is bytes, named by their SHA-256. An entry that is signed names its attachments with their sizes, so that
they are as fixed as the entry. Whoever reads one gets the bytes of that hash or an error, wherever they came from.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

from ..errors import BoardError
from .store import BoardStore

#: The directory of a record that holds them, each under its digest in hexadecimal.
FOLDER = "attachments"


def digest_of(data: bytes | memoryview) -> bytes:
    """The 32-byte name of an attachment."""
    return hashlib.sha256(data).digest()


class Posting(NamedTuple):
    """What is sent to a board: the attachments, each with the entry that names it, and then the entry."""

    attachments: tuple[bytes, ...]
    entry: bytes


class Attachments(ABC):
    """Where a log's attachments are."""

    def read(self, digest: bytes, size: int) -> memoryview:
        """The attachment of that digest and size in bytes; raises BoardError where it is not there or another."""
        item = f"attachment {digest.hex()}"
        data = self._find(digest, size)
        if data is None:
            raise BoardError("is missing", item=item)
        if len(data) != size:
            raise BoardError(f"has {len(data)} bytes, not {size}", item=item)
        if digest_of(data) != digest:
            raise BoardError("has another hash", item=item)
        return data

    @abstractmethod
    def _find(self, digest: bytes, size: int) -> memoryview | None:
        """What is kept under that digest, unchecked; of more than ``size`` bytes, some more than these."""


class HeldAttachments(Attachments):
    """In memory: for logs that have none, and for whoever was given them."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def add(self, data: bytes) -> bytes:
        """Takes one in, and gives its digest."""
        digest = digest_of(data)
        self._held[digest] = bytes(data)
        return digest

    def _find(self, digest: bytes, size: int) -> memoryview | None:
        data = self._held.get(digest)
        return None if data is None else memoryview(data)


class StoredAttachments(Attachments):
    """Those in a board's store."""

    def __init__(self, store: BoardStore) -> None:
        self._store = store

    def _find(self, digest: bytes, size: int) -> memoryview | None:
        data = self._store.attachment(digest)
        return None if data is None else memoryview(data)


class RecordAttachments(Attachments):
    """Those in an election record's directory. They are read into memory: a mapped file could be changed between the
    check of its hash and its use."""

    def __init__(self, record: Path) -> None:
        self._folder = record / FOLDER

    def _find(self, digest: bytes, size: int) -> memoryview | None:
        path = self._folder / digest.hex()
        try:
            if path.exists() and not path.is_file():  # A pipe would be waited for.
                raise BoardError("is no file", item=f"attachment {digest.hex()}")
            with path.open("rb") as file:
                return memoryview(file.read(size + 1))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BoardError(f"cannot be read: {error.strerror}", item=f"attachment {digest.hex()}") from None
