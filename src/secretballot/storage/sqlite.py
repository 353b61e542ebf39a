"""One SQLite file (with its -wal and -shm files beside it, which belong to it).

Durability is SQLite's: write-ahead log with ``synchronous=FULL``, so a transaction is on the disk when it
commits, and a crash at any moment leaves either all of it or nothing. Several threads and processes of
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from ..errors import StoreError, check_path
from ..files import file_of
from . import check_timeout


class SQLiteFile:
    """A file of one kind, which is made unless ``create`` is false; what its tables hold, a derived class says.

    ``timeout`` is in seconds, at most :data:`~secretballot.storage.MAX_TIMEOUT`. Raises StoreError for a file that
    cannot be opened, is no SQLite database, belongs to another application (it is left as it was) or has another
    schema version. Threads share one connection under a lock; a forked process opens its own.
    """

    #: Marks the file as one of this kind (PRAGMA application_id).
    application_id: ClassVar[int]
    #: Goes up with every change of the tables (PRAGMA user_version).
    schema_version: ClassVar[int]
    #: The statements that make the tables.
    schema: ClassVar[Sequence[str]]
    #: Permissions of a new file: those that SQLite gives (by the umask), unless it is told.
    mode: ClassVar[int | None] = None

    def __init__(self, path: str | os.PathLike[str], *, create: bool, timeout: float) -> None:
        check_path(path, "a store's path")
        check_timeout(timeout)
        # Absolute, so that no name has a meaning of its own to SQLite, as ":memory:" has.
        self._path = Path(os.path.abspath(path))
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        #: Which file it is: device and number.
        self._file: tuple[int, int] | None = None
        try:
            uri = f"{self._path.as_uri()}?mode={'rwc' if create else 'rw'}"
        except UnicodeEncodeError:
            raise StoreError("no file's path has a lone surrogate") from None
        if "\0" in str(self._path):  # SQLite would open the file of the name before it.
            raise StoreError("no file's path has a null character")
        if create and self.mode is not None:
            # SQLite gives the files beside it the same permissions. Where it cannot be made, SQLite will say so.
            with suppress(OSError):
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, self.mode))
        with self._typed_errors(), ExitStack() as on_failure:
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
            )
            on_failure.callback(self._connection.close)
            self._prepare(time.monotonic() + timeout)
            self._file = file_of(self._path)
            on_failure.pop_all()

    def close(self) -> None:
        """Releases the file; closing twice does no harm."""
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
                    for statement in self.schema:
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA application_id = {self.application_id}")
                    self._connection.execute(f"PRAGMA user_version = {self.schema_version}")

    def _is_new(self) -> bool:
        """Whether the file is empty; otherwise it is of this kind and version, or StoreError is raised."""
        with self._transaction("DEFERRED"):
            application, version, tables = self._identity()
        if (application, version, tables) == (0, 0, 0):
            return True
        if application != self.application_id:
            raise StoreError("the file is another application's database", item=self._item)
        if version != self.schema_version:
            raise StoreError(
                f"the store has schema version {version}, not {self.schema_version}", item=self._item
            )
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
            if kind == "IMMEDIATE" and self._file is not None and file_of(self._path) != self._file:
                # What is written to a file without a name is gone with the process.
                raise StoreError(
                    "the store's file was replaced or removed while it was open", item=self._item
                )
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
            raise StoreError(self._reason(error), item=self._item) from error
        except UnicodeDecodeError as error:
            # SQLite's own message, with names from the damaged file in it.
            raise StoreError("the store is corrupt: text that is not UTF-8", item=self._item) from error

    def _reason(self, error: sqlite3.Error) -> str:
        closed = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN
        if closed and self._path.exists() and not os.access(self._path.parent, os.W_OK):
            return "the file's directory cannot be written, which a write-ahead log needs"
        return " ".join(str(error).split())


def append_only(*tables: str) -> tuple[str, ...]:
    """Statements for triggers against mistakes by hand or by later code; who can write the file can also drop
    these."""
    return tuple(
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
        for table in tables
        for verb in ("UPDATE", "DELETE")
    )
