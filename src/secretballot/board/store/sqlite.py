"""A store in one SQLite file (:mod:`secretballot.storage.sqlite` says what that promises)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...crypto.merkle import HASH_SIZE, Frontier, leaf_hash
from ...errors import StoreError
from ...storage import DEFAULT_TIMEOUT
from ...storage.sqlite import SQLiteFile, append_only
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

#: "SBal" (PRAGMA application_id).
APPLICATION_ID = 0x5342616C
SCHEMA_VERSION = 3


class SQLiteStore(SQLiteFile, BoardStore):
    """The contract of :class:`BoardStore` in the file ``path``, which is made unless ``create`` is false.

    ``timeout``, in seconds, is for another process's transaction. Raises StoreError for a file that cannot be opened,
    is no SQLite database, belongs to another application (it is left as it was) or has another schema version.
    Threads share one connection under a lock; a forked process opens its own store.
    """

    application_id = APPLICATION_ID
    schema_version = SCHEMA_VERSION
    schema = (
        "CREATE TABLE entries (position INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        "CREATE TABLE keys (key BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE nodes (level INTEGER, position INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, position)) "
        "WITHOUT ROWID",
        "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 0), note BLOB NOT NULL, "
        "size INTEGER NOT NULL)",
        "CREATE TABLE attachments (digest BLOB PRIMARY KEY, data BLOB NOT NULL)",
        *append_only("entries", "keys", "nodes", "attachments"),
    )

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        super().__init__(path, create=create, timeout=timeout)

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        entry, keys = own_entry(entry, keys, expected_size)
        with self._session() as connection, self._transaction("IMMEDIATE"):
            for key in keys:
                holder = self.find(key)
                if holder is not None:
                    raise duplicate(holder)
            index = self.size()
            if index != expected_size:
                raise ConflictError(index, expected_size)
            completed = Frontier.from_nodes(index, self).append(leaf_hash(entry))
            connection.execute("INSERT INTO entries VALUES (?, ?)", (index, entry))
            connection.executemany("INSERT INTO keys VALUES (?, ?)", [(key, index) for key in keys])
            connection.executemany(
                "INSERT INTO nodes VALUES (?, ?, ?)",
                [(level, index >> level, value) for level, value in enumerate(completed)],
            )
        return index

    def size(self) -> int:
        with self._session() as connection:
            last: int | None
            (last,) = connection.execute("SELECT MAX(position) FROM entries").fetchone()
            return 0 if last is None else last + 1

    def get(self, index: int) -> bytes:
        with self._session() as connection:
            check_index(index, self.size())
            row = connection.execute("SELECT data FROM entries WHERE position = ?", (index,)).fetchone()
            return _column(row, f"entry {index}")

    def find(self, key: bytes) -> int | None:
        with self._session() as connection:
            row = connection.execute("SELECT position FROM keys WHERE key = ?", (bytes(key),)).fetchone()
            if row is None:
                return None
            if not isinstance(row[0], int):
                raise StoreError("the store is corrupt: a key without its entry", item=self._item)
            return row[0]

    def node(self, level: int, index: int) -> bytes:
        with self._session() as connection:
            check_node(level, index, self.size())
            row = connection.execute(
                "SELECT hash FROM nodes WHERE level = ? AND position = ?", (level, index)
            ).fetchone()
            item = f"node {index} of level {level}"
            value = _column(row, item)
            if len(value) != HASH_SIZE:
                raise StoreError("the store is corrupt: a hash of another length", item=item)
            return value

    def frontier(self) -> Frontier:
        # Other processes may append between the size and the nodes; those of this size stay as they are.
        with self._session():
            return Frontier.from_nodes(self.size(), self)

    def put_checkpoint(self, note: bytes, size: int) -> None:
        check_checkpoint(note, size)
        with self._session() as connection, self._transaction("IMMEDIATE"):
            connection.execute(
                "INSERT INTO checkpoint VALUES (0, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET note = excluded.note, size = excluded.size WHERE excluded.size >= checkpoint.size",
                (bytes(note), size),
            )

    def checkpoint(self) -> bytes | None:
        with self._session() as connection:
            row = connection.execute("SELECT note FROM checkpoint").fetchone()
            return None if row is None else _column(row, "checkpoint")

    def put_attachment(self, digest: bytes, data: bytes) -> None:
        check_attachment(digest, data)
        with self._session() as connection, self._transaction("IMMEDIATE"):
            connection.execute("INSERT OR IGNORE INTO attachments VALUES (?, ?)", (digest, data))

    def attachment(self, digest: bytes) -> bytes | None:
        with self._session() as connection:
            row = connection.execute(
                "SELECT data FROM attachments WHERE digest = ?", (bytes(digest),)
            ).fetchone()
            return None if row is None else _column(row, f"attachment {digest.hex()}")


def _column(row: tuple[object] | None, item: str) -> bytes:
    """The one column of a row that must be there and hold bytes."""
    if row is None or not isinstance(row[0], bytes):
        raise StoreError("the store is corrupt: bytes that should be there are not", item=item)
    return row[0]
