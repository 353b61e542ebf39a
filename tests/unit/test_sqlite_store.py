"""What the SQLite store adds to the contract: transactions, locks, and files that are no stores."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from secretballot.board.store import BoardStore, SQLiteStore
from secretballot.board.store import sqlite as sqlite_module
from secretballot.errors import StoreError
from secretballot.storage import sqlite as file_module

from ..support.stores import run
from .test_store import fill, root_of, snapshot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board file?#%41.sqlite"


def test_durable_settings(path: Path) -> None:
    with SQLiteStore(path) as store:
        connection = store._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert not connection.in_transaction
        fill(store, 1)
        assert not connection.in_transaction
        # What is not in the write-ahead log is not on the disk.
        assert b"entry 0" in Path(f"{path}-wal").read_bytes()


KILLED = """
import os, signal, sys
from secretballot.board.store import SQLiteStore

store = SQLiteStore(sys.argv[1])
for index in range(5):
    store.append(b"entry %d" % index, [b"key %d" % index], index)

def kill(statement):
    if statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

# SQLite calls this as each statement begins.
store._connection.set_trace_callback(kill)
# Longer than SQLite's cache of pages, so that a part is in the file before the commit.
store.append(bytes(8_000_000), [b"new"], 5)
print("appended")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(
    "statement", ["INSERT INTO entries", "INSERT INTO keys", "INSERT INTO nodes", "COMMIT"]
)
def test_killed_within_a_transaction(path: Path, statement: str) -> None:
    killed = run(KILLED, path, statement)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with SQLiteStore(path, create=False) as store:
        assert store.size() == 5
        entries = list(store.entries())
        assert store.find(b"new") is None
        assert store.frontier().root() == root_of(entries)
        assert store._connection.execute("SELECT COUNT(*) FROM nodes").fetchone() == (5 + 2 + 1,)
        assert store.append(b"after", [b"new"], 5) == 5
        assert store.frontier().root() == root_of([*entries, b"after"])


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("statement", ["INSERT INTO entries", "INSERT INTO nodes", "COMMIT"])
def test_a_failure_rolls_back(path: Path, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    class Failing:
        """A connection of which one statement fails."""

        def __init__(self, connection: sqlite3.Connection, error: BaseException) -> None:
            self.connection, self.error = connection, error

        def __getattr__(self, name: str) -> object:
            found = getattr(self.connection, name)
            if name not in ("execute", "executemany"):
                return found

            def call(sql: str, *arguments: object) -> object:
                if sql.startswith(statement):
                    raise self.error
                return found(sql, *arguments)

            return call

    with SQLiteStore(path) as store:
        entries = fill(store, 5)
        before = snapshot(store)
        for error, seen in (
            (sqlite3.OperationalError("database or disk\nis full"), StoreError),
            (Interrupted(), Interrupted),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(store, "_connection", Failing(store._connection, error))
                with pytest.raises(seen) as caught:
                    store.append(b"another", [b"new"], 5)
                if seen is StoreError:
                    assert "database or disk is full" in str(caught.value)
                    assert "\n" not in str(caught.value)
            assert not store._connection.in_transaction
            assert snapshot(store) == before
            assert store.find(b"new") is None
        store.append(b"another", [b"new"], 5)
        assert store.frontier().root() == root_of([*entries, b"another"])


def test_disk_full(path: Path) -> None:
    with SQLiteStore(path) as store:
        entries = fill(store, 3)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 10}")
        with pytest.raises(StoreError, match="full"):
            store.append(bytes(1_000_000), [b"new"], 3)
        assert (list(store.entries()), store.find(b"new")) == (entries, None)
        assert store.append(b"small", [b"new"], 3) == 3


def test_read_only(path: Path) -> None:
    with SQLiteStore(path) as store:
        fill(store, 2)
        store._connection.execute("PRAGMA query_only = ON")
        for call in (lambda: store.append(b"", [], 2), lambda: store.put_checkpoint(b"", 2)):
            with pytest.raises(StoreError, match="readonly"):
                call()
        assert (store.size(), store.checkpoint()) == (2, None)


def test_locked(path: Path) -> None:
    with SQLiteStore(path) as holder, SQLiteStore(path, timeout=0) as other:
        fill(holder, 2)
        holder._connection.execute("BEGIN IMMEDIATE")
        for call in (lambda: other.append(b"", [], 2), lambda: other.put_checkpoint(b"", 2)):
            with pytest.raises(StoreError, match=r"^store board file\?#%41.sqlite: database is locked$"):
                call()
        # A writer keeps no reader out.
        assert other.size() == 2
        assert other.frontier().size == 2
        holder._connection.execute("ROLLBACK")
        assert other.append(b"", [], 2) == 2
        assert holder.size() == 3


def test_a_frontier_of_one_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SQLiteStore(path) as store, SQLiteStore(path) as other:
        entries = fill(store, 6)
        size = store.size

        def size_then_append() -> int:
            before = size()
            other.append(b"meanwhile", [], other.size())
            return before

        monkeypatch.setattr(store, "size", size_then_append)
        frontier = store.frontier()
        assert other.size() > 6
        assert (frontier.size, frontier.root()) == (6, root_of(entries))


def test_opening_asks_again_until_its_time_is_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = SQLiteStore._prepare_once
    clock = [0.0]
    attempts: list[float] = []
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY

    def busy_until(moment: float, error: sqlite3.OperationalError = busy) -> None:
        def prepare_or_fail(self: SQLiteStore) -> None:
            attempts.append(clock[0])
            if clock[0] < moment:
                clock[0] += 1
                raise error
            prepare(self)

        clock[0] = 0.0
        attempts.clear()
        monkeypatch.setattr(SQLiteStore, "_prepare_once", prepare_or_fail)

    monkeypatch.setattr(file_module.time, "monotonic", lambda: clock[0])
    busy_until(3)
    with SQLiteStore(path, timeout=10) as store:
        fill(store, 1)
    assert attempts == [0, 1, 2, 3]
    busy_until(20)
    with pytest.raises(StoreError, match="locked"):
        SQLiteStore(path, timeout=10)
    assert len(attempts) == 10
    busy_until(3)
    with pytest.raises(StoreError, match="locked"):
        SQLiteStore(path, timeout=0)
    assert attempts == [0]
    busy_until(3, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(StoreError, match="disk"):
        SQLiteStore(path, timeout=10)
    assert attempts == [0]


# Files that are no stores


def test_missing_files(tmp_path: Path) -> None:
    missing = tmp_path / "missing.sqlite"
    with pytest.raises(StoreError, match="unable to open"):
        SQLiteStore(missing, create=False)
    assert not missing.exists()
    for place in (tmp_path, tmp_path / "no folder" / "file"):
        with pytest.raises(StoreError, match="unable to open"):
            SQLiteStore(place)


def test_a_directory_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is wrong with the place, where SQLite says that it could not open the file."""
    with SQLiteStore(path) as store:
        store.append(b"entry", [b"key"], 0)
    # What SQLite has to make beside the file cannot be made: root may write anywhere else.
    path.with_name(f"{path.name}-wal").mkdir()
    with pytest.raises(StoreError, match="unable to open database file"):
        SQLiteStore(path)
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(StoreError, match="directory cannot be written, which a write-ahead log needs"):
        SQLiteStore(path)


def test_memory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with SQLiteStore(":memory:") as store:
        fill(store, 1)
    assert (tmp_path / ":memory:").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE votes (name TEXT)",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 2",
        f"PRAGMA application_id = {-sqlite_module.APPLICATION_ID}",
    ],
)
def test_foreign_databases_are_left_alone(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another application's database"):
        SQLiteStore(path)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("version", [0, sqlite_module.SCHEMA_VERSION + 1, -1])
def test_other_schema_versions(path: Path, version: int) -> None:
    with SQLiteStore(path) as store:
        fill(store, 1)
        store._connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=f"schema version {version}, not 3"):
        SQLiteStore(path)


def test_files_that_are_no_database(path: Path) -> None:
    for data in (b"xy", b"not a database" * 100, b"SQLite format 3\0" + bytes(100), bytes(range(256)) * 16):
        path.write_bytes(data)
        with pytest.raises(StoreError, match="not a database"):
            SQLiteStore(path)
        assert path.read_bytes() == data


def test_corrupt_files(path: Path) -> None:
    with SQLiteStore(path) as store:
        for index in range(14):
            store.append(bytes([index]) * 3000, [b"key %d" % index], index)
        store.put_attachment(bytes(32), b"attached" * 500)
    data = path.read_bytes()
    uses: tuple[Callable[[BoardStore], object], ...] = (
        snapshot,
        lambda store: store.append(b"new", [b"new"], 14),
        lambda store: [store.find(b"key %d" % index) for index in range(14)],
        lambda store: [store.node(0, index) for index in range(14)],
        lambda store: store.attachment(bytes(32)),
    )
    for start in range(0, len(data), 4096):
        seen = 0
        for use in uses:
            path.write_bytes(data[:start] + b"\xa5" * 4096 + data[start + 4096 :])
            try:
                with SQLiteStore(path) as store:
                    use(store)
            except StoreError:
                seen += 1
        assert seen, f"the damage at byte {start} was not seen"
    path.write_bytes(data[:8192])
    with pytest.raises(StoreError, match="malformed"), SQLiteStore(path) as store:
        list(store.entries())


def test_a_damaged_schema(path: Path) -> None:
    """Regression: SQLite puts the damaged text into its message, and Python fails to decode it."""
    SQLiteStore(path).close()
    data = path.read_bytes()
    for text in (b"tablekeyskeys", b"CREATE TABLE keys"):
        assert text in data
        data = data.replace(text, text[:5] + b"\xff" * 4 + text[9:])
    path.write_bytes(data)
    with pytest.raises(StoreError, match="text that is not UTF-8"):
        SQLiteStore(path)


def test_a_transaction_that_was_not_ended_is_rolled_back(path: Path) -> None:
    """As after an exception between two lines of Python, which no handler can foresee."""
    with SQLiteStore(path) as store:
        entries = fill(store, 3)
        store._connection.execute("BEGIN IMMEDIATE")
        store._connection.execute("INSERT INTO entries VALUES (3, x'00')")
        assert store.append(b"next", [b"next"], 3) == 3
        assert list(store.entries()) == [*entries, b"next"]
        assert not store._connection.in_transaction


def test_columns_that_are_not_bytes(path: Path) -> None:
    with SQLiteStore(path) as store:
        fill(store, 4)
        store.put_checkpoint(b"note", 13)
        for (name,) in store._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            store._connection.execute(f"DROP TRIGGER {name}")
        for statement in (
            "UPDATE entries SET data = 'text' WHERE position = 0",
            "DELETE FROM entries WHERE position = 1",
            "UPDATE nodes SET hash = x'00' WHERE level = 2",
            "DELETE FROM nodes WHERE level = 1 AND position = 0",
            "UPDATE keys SET position = 'text' WHERE key = x'6b65792030'",
            "UPDATE checkpoint SET note = 1",
        ):
            store._connection.execute(statement)
        for call in (
            lambda: store.get(0),
            lambda: store.get(1),
            lambda: store.node(2, 0),
            lambda: store.node(1, 0),
            lambda: store.find(b"key 0"),
            store.checkpoint,
            store.frontier,
            lambda: store.append(b"new", [], 4),
            lambda: store.append(b"new", [b"key 0"], 4),
        ):
            with pytest.raises(StoreError, match="corrupt"):
                call()


def test_rows_are_append_only(path: Path) -> None:
    with SQLiteStore(path) as store:
        fill(store, 2)
        for statement in (
            "UPDATE entries SET data = x'00'",
            "DELETE FROM entries",
            "UPDATE keys SET position = 1",
            "DELETE FROM keys",
            "UPDATE nodes SET hash = x'00'",
            "DELETE FROM nodes",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store._connection.execute(statement)


def test_a_place_without_write_ahead_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A database in memory stands for a file system without shared memory: it has no such log either.
    connect = sqlite3.connect
    opened: list[sqlite3.Connection] = []

    def connect_to_memory(address: str, **options: object) -> sqlite3.Connection:
        opened.append(connect(":memory:", isolation_level=None))
        return opened[-1]

    monkeypatch.setattr(file_module.sqlite3, "connect", connect_to_memory)
    with pytest.raises(StoreError, match="write-ahead log"):
        SQLiteStore(path)
    # The connection does not stay open.
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_another_process_makes_the_file_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = SQLiteStore._transaction
    others: list[SQLiteStore] = []

    def wait(self: SQLiteStore, kind: str) -> object:
        # Just as this store is about to make its tables, another one does.
        if kind == "IMMEDIATE" and not others:
            others.append(self)
            others.append(SQLiteStore(path))
            fill(others[1], 3)
        return transaction(self, kind)

    monkeypatch.setattr(SQLiteStore, "_transaction", wait)
    with SQLiteStore(path) as store, others[1]:
        assert store.size() == 3
