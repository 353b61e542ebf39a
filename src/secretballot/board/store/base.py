"""What a board needs of its store: an append-only log of opaque entries, and nothing about voting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from ...crypto.merkle import Frontier
from ...errors import DuplicateError, StoreError, check_type
from ...manifest.capacity import MAX_ATTACHMENT_SIZE

#: Bytes of one entry, or attachment. A shuffle of a large contest is the longest there is.
MAX_STORED_SIZE = MAX_ATTACHMENT_SIZE
DIGEST_SIZE = 32
#: Bytes of one uniqueness key.
MAX_KEY_SIZE = 256
#: Bytes of a checkpoint's note.
MAX_CHECKPOINT_SIZE = 1_000_000
#: Entries of a log: databases count in 64 bits with a sign.
MAX_SIZE = 2**63 - 1

_BYTES = (bytes, bytearray, memoryview)


class ConflictError(StoreError):
    """The log has grown since the writer looked: ``size`` is its size now. Check again, then retry."""

    def __init__(self, size: int, expected_size: int) -> None:
        super().__init__(f"the log has {size} entries, not {expected_size}")
        self.size = size
        self.expected_size = expected_size


class BoardStore(ABC):
    """An append-only log with its Merkle tree (RFC 9162 section 2), its uniqueness keys and its newest
    checkpoint.

    Every method may be called from several threads. Every method raises StoreError where the store cannot be
    read or written, where it is closed, and for an argument out of range; ``append`` and ``entries`` raise
    ArgumentError for one of another type. A store is a context manager that closes itself.

    As a :class:`~secretballot.crypto.merkle.NodeSource` it serves
    :func:`~secretballot.crypto.merkle.inclusion_proof` and the like, at some log2(size) reads a proof.
    """

    @abstractmethod
    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        """Appends an entry with its uniqueness keys, all or nothing, and returns its index.

        The entry is durable when this returns. Keys have 1 to :data:`MAX_KEY_SIZE` bytes. Raises, with
        nothing written, DuplicateError if some entry has one of the keys (``item`` is "entry <its index>";
        this comes first, as no retry can mend it), and ConflictError unless the log has ``expected_size``
        entries.
        """

    @abstractmethod
    def size(self) -> int:
        """The number of entries."""

    @abstractmethod
    def get(self, index: int) -> bytes:
        """The entry at ``index``, counted from 0."""

    @abstractmethod
    def find(self, key: bytes) -> int | None:
        """The index of the entry that was appended with this uniqueness key, or None."""

    @abstractmethod
    def node(self, level: int, index: int) -> bytes:
        """The 32-byte root of the complete subtree over the entries ``index * 2**level`` and following."""

    @abstractmethod
    def frontier(self) -> Frontier:
        """The Merkle tree's frontier over all entries, of one moment: its size and root belong together."""

    @abstractmethod
    def put_checkpoint(self, note: bytes, size: int) -> None:
        """Keeps a signed checkpoint over the first ``size`` entries, unless one over more is kept already: of several
        writers the last need not have the newest. It is durable when this returns."""

    @abstractmethod
    def checkpoint(self) -> bytes | None:
        """The checkpoint over the most entries that was put, of those over as many the last; or None."""

    @abstractmethod
    def put_attachment(self, digest: bytes, data: bytes) -> None:
        """Keeps bytes beside the log, under their 32-byte digest; those that are kept already stay. They are durable
        when this returns. Raises StoreError for more than :data:`MAX_STORED_SIZE`."""

    @abstractmethod
    def attachment(self, digest: bytes) -> bytes | None:
        """What was kept under that digest, or None."""

    @abstractmethod
    def close(self) -> None:
        """Releases the store; closing twice does no harm."""

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The entries from ``start`` up to and without ``stop``, by default all there are at the time of the
        call.

        They are read one by one, so memory is bounded by the longest. Raises StoreError, at the call, unless
        ``0 <= start <= stop <= size()``.
        """
        check_type(start, int, "a place in the log")
        if stop is not None:
            check_type(stop, int, "a place in the log")
        size = self.size()
        end = size if stop is None else stop
        if not 0 <= start <= end <= size:
            raise StoreError(f"the log has {size} entries; there is no range from {start} to {end}")
        return (self.get(index) for index in range(start, end))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def own_entry(entry: bytes, keys: Sequence[bytes], expected_size: int) -> tuple[bytes, list[bytes]]:
    """Copies of an entry and its keys, so that a caller's bytearray does not change the log afterwards.

    Raises ArgumentError where they are not bytes, or the size is no number, and StoreError as :func:`check_entry`.
    """
    check_type(entry, _BYTES, "an entry as bytes")
    check_type(keys, (list, tuple), "a list of uniqueness keys")
    for key in keys:
        check_type(key, _BYTES, "a uniqueness key as bytes")
    check_type(expected_size, int, "the expected size")
    owned = bytes(entry), [bytes(key) for key in keys]
    check_entry(*owned)
    return owned


def check_entry(entry: bytes, keys: Sequence[bytes]) -> None:
    """Returns nothing if an entry and its keys are within the limits. Raises StoreError otherwise, also for a
    key that is given twice."""
    if len(entry) > MAX_STORED_SIZE:
        raise StoreError(f"an entry has at most {MAX_STORED_SIZE} bytes, not {len(entry)}")
    for number, key in enumerate(keys):
        if not 0 < len(key) <= MAX_KEY_SIZE:
            raise StoreError(f"it has 1 to {MAX_KEY_SIZE} bytes, not {len(key)}", item=f"key {number}")
    if len(set(keys)) != len(keys):
        raise StoreError("a uniqueness key is given twice")


def check_checkpoint(note: bytes, size: int) -> None:
    """Returns nothing if a checkpoint's note and size are within the limits. Raises StoreError otherwise, and
    ArgumentError where they are no bytes and no number."""
    check_type(note, _BYTES, "a checkpoint as bytes")
    check_type(size, int, "the checkpoint's size")
    if len(note) > MAX_CHECKPOINT_SIZE:
        raise StoreError(f"a checkpoint has at most {MAX_CHECKPOINT_SIZE} bytes, not {len(note)}")
    if not 0 <= size <= MAX_SIZE:
        raise StoreError(f"a log has 0 to {MAX_SIZE} entries")


def check_attachment(digest: bytes, data: bytes) -> None:
    """Returns nothing if an attachment is within the limits. Raises StoreError otherwise, and ArgumentError where they
    are no bytes."""
    check_type(digest, bytes, "a digest as bytes")
    check_type(data, bytes, "an attachment as bytes")
    if len(digest) != DIGEST_SIZE:
        raise StoreError(f"a digest has {DIGEST_SIZE} bytes, not {len(digest)}")
    if len(data) > MAX_STORED_SIZE:
        raise StoreError(f"an attachment has at most {MAX_STORED_SIZE} bytes, not {len(data)}")


def check_index(index: int, size: int) -> None:
    """Returns nothing if a log of ``size`` entries has one at ``index``. Raises StoreError otherwise."""
    if not 0 <= index < size:
        raise StoreError(f"the log has {size} entries and none at {index}")


def check_node(level: int, index: int, size: int) -> None:
    """Returns nothing if a log of ``size`` entries has that complete subtree. Raises StoreError otherwise."""
    # The level first: no shift is made by a number that a caller chose.
    if not 0 <= level < size.bit_length() or not 0 <= index < size >> level:
        raise StoreError(f"there is no complete subtree {index} at level {level} in a log of {size} entries")


def duplicate(index: int) -> DuplicateError:
    """The error for a uniqueness key that the entry at ``index`` has."""
    return DuplicateError("an entry with the same uniqueness key was appended before", item=f"entry {index}")
