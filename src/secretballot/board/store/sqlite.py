"""A store in one SQLite file (with its -wal and -shm files beside it, which belong to it).

Durability is SQLite's: write-ahead log with ``synchronous=FULL``, so a transaction is on the disk when it
commits, and a crash at any moment leaves either all of an append or nothing. Several threads and processes of
one machine may use a file; a network file system is no place for it (sqlite.org/wal.html).

SQLite before 3.51.3 (3.50.7 and 3.44.6 apart) has the WAL-reset bug (sqlite.org/wal.html#walresetbug): very
rarely, two connections that write at one instant corrupt the file. There, open one store of a file at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...crypto.merkle import HASH_SIZE, Frontier, leaf_hash
from ...errors import StoreError, check_path, check_type
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

#: "SBal": marks the file as this project's (PRAGMA application_id).
APPLICATION_ID = 0x5342616C
#: Goes up with every change of the tables (PRAGMA user_version).
SCHEMA_VERSION = 3
#: Seconds to wait for another process's transaction.
DEFAULT_TIMEOUT = 30.0
#: SQLite counts milliseconds in 32 bits with a sign.
MAX_TIMEOUT = 2_000_000

_SCHEMA = (
    "CREATE TABLE entries (position INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE keys (key BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE nodes (level INTEGER, position INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, position)) "
    "WITHOUT ROWID",
    "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 0), note BLOB NOT NULL, "
    "size INTEGER NOT NULL)",
    "CREATE TABLE attachments (digest BLOB PRIMARY KEY, data BLOB NOT NULL)",
    # Against mistakes by hand or by later code; who can write the file can also drop these.
    *(
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        for table in ("entries", "keys", "nodes", "attachments")
        for verb in ("UPDATE", "DELETE")
    ),
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class SQLiteStore(BoardStore):
    """The contract of :class:`BoardStore` in the file ``path``, which is made unless ``create`` is false.

    ``timeout`` is in seconds, at most :data:`MAX_TIMEOUT`. Raises StoreError for a file that cannot be opened,
    is no SQLite database, belongs to another application (it is left as it was) or has another schema version.
    Threads share one connection under a lock; a forked process opens its own store.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        check_path(path, "a store's path")
        check_type(timeout, (int, float), "a timeout in seconds")
        if not 0 <= timeout <= MAX_TIMEOUT:
            raise StoreError(f"a timeout has 0 to {MAX_TIMEOUT} seconds")
        # Absolute, so that no name has a meaning of its own to SQLite, as ":memory:" has.
        self._path = Path(os.path.abspath(path))
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        try:
            uri = f"{self._path.as_uri()}?mode={'rwc' if create else 'rw'}"
        except UnicodeEncodeError:
            raise StoreError("no file's path has a lone surrogate") from None
        if "\0" in str(self._path):  # SQLite would open the file of the name before it.
            raise StoreError("no file's path has a null character")
        with self._typed_errors(), ExitStack() as on_failure:
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
            )
            on_failure.callback(self._connection.close)
            self._prepare(time.monotonic() + timeout)
            on_failure.pop_all()

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

    def close(self) -> None:
        # A forked process that closed what it inherited would release its parent's file locks.
        if os.getpid() != self._process:
            return
        with self._typed_errors(), self._lock:
            self._closed = True
            self._connection.close()

    def _prepare(self, deadline: float) -> None:
        while True:
            try:
                self._prepare_once()
                return
            except sqlite3.OperationalError as error:
                # Of two connections that turn a new file to the write-ahead log at once, SQLite refuses one
                # without waiting, as each would wait for the other. It may ask again.
                busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= deadline:
                    raise

    def _prepare_once(self) -> None:
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._is_new()
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError("the file's place does not allow a write-ahead log", item=self._item)
        self._connection.execute("PRAGMA synchronous = FULL")
        if self._is_new():
            with self._transaction("IMMEDIATE"):
                if self._identity() == (0, 0, 0):
                    for statement in _SCHEMA:
                        self._connection.execute(statement)

    def _is_new(self) -> bool:
        """Whether the file is empty; otherwise it is a store of this version, or StoreError is raised."""
        with self._transaction("DEFERRED"):
            application, version, tables = self._identity()
        if (application, version, tables) == (0, 0, 0):
            return True
        if application != APPLICATION_ID:
            raise StoreError("the file is another application's database", item=self._item)
        if version != SCHEMA_VERSION:
            raise StoreError(f"the store has schema version {version}, not {SCHEMA_VERSION}", item=self._item)
        return False

    def _identity(self) -> tuple[int, int, int]:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return application, version, tables

    @property
    def _item(self) -> str:
        return f"store {self._path.name}"

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; re-entrant."""
        if os.getpid() != self._process:
            raise StoreError("the store was opened before a fork; open it in this process", item=self._item)
        with self._typed_errors(), self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            yield self._connection

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        """Commits at the end of its block, and rolls back if the block or the commit fails."""
        # An exception from outside, a signal's, may have ended an earlier one before it was rolled back.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        try:
            self._connection.execute(f"BEGIN {kind}")
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(" ".join(str(error).split()), item=self._item) from error
        except UnicodeDecodeError as error:
            # SQLite's own message, with names from the damaged file in it.
            raise StoreError("the store is corrupt: text that is not UTF-8", item=self._item) from error


def _column(row: tuple[object] | None, item: str) -> bytes:
    """The one column of a row that must be there and hold bytes."""
    if row is None or not isinstance(row[0], bytes):
        raise StoreError("the store is corrupt: bytes that should be there are not", item=item)
    return row[0]
