"""A store in memory, for tests, simulations and verifiers. It is gone with its process."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ...crypto.merkle import Frontier, MemoryTree, leaf_hash
from ...errors import StoreError
from .base import (
    BoardStore,
    ConflictError,
    check_attachment,
    check_checkpoint,
    check_index,
    check_node,
    duplicate,
    own_entry,
)


class MemoryStore(BoardStore):
    """The contract of :class:`BoardStore` without its durability."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[bytes] = []
        self._keys: dict[bytes, int] = {}
        self._tree = MemoryTree()
        self._checkpoint: tuple[bytes, int] | None = None
        self._attachments: dict[bytes, bytes] = {}
        #: While an entry is appended: an exception from outside, a signal's, may end that at any place.
        self._torn = False
        self._closed = False

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        entry, keys = own_entry(entry, keys, expected_size)
        with self._lock:
            self._check_open()
            for key in keys:
                if key in self._keys:
                    raise duplicate(self._keys[key])
            index = len(self._entries)
            if index != expected_size:
                raise ConflictError(index, expected_size)
            self._torn = True
            self._keys.update(dict.fromkeys(keys, index))
            self._entries.append(entry)
            self._tree.append(leaf_hash(entry))
            self._torn = False
            return index

    def size(self) -> int:
        with self._lock:
            self._check_open()
            return len(self._entries)

    def get(self, index: int) -> bytes:
        with self._lock:
            self._check_open()
            check_index(index, len(self._entries))
            return self._entries[index]

    def find(self, key: bytes) -> int | None:
        with self._lock:
            self._check_open()
            return self._keys.get(bytes(key))

    def node(self, level: int, index: int) -> bytes:
        with self._lock:
            self._check_open()
            check_node(level, index, len(self._entries))
            return self._tree.node(level, index)

    def frontier(self) -> Frontier:
        with self._lock:
            self._check_open()
            return self._tree.frontier()

    def put_checkpoint(self, note: bytes, size: int) -> None:
        check_checkpoint(note, size)
        with self._lock:
            self._check_open()
            if self._checkpoint is None or self._checkpoint[1] <= size:
                self._checkpoint = bytes(note), size

    def checkpoint(self) -> bytes | None:
        with self._lock:
            self._check_open()
            return None if self._checkpoint is None else self._checkpoint[0]

    def put_attachment(self, digest: bytes, data: bytes) -> None:
        check_attachment(digest, data)
        with self._lock:
            self._check_open()
            self._attachments.setdefault(digest, data)

    def attachment(self, digest: bytes) -> bytes | None:
        with self._lock:
            self._check_open()
            return self._attachments.get(bytes(digest))

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")
        if self._torn:
            self._mend()

    def _mend(self) -> None:
        """All or nothing, after an append that was interrupted: what stands in the list of entries is appended."""
        tree = MemoryTree()
        for entry in self._entries:
            tree.append(leaf_hash(entry))
        self._tree = tree
        self._keys = {key: index for key, index in self._keys.items() if index < tree.size}
        self._torn = False
