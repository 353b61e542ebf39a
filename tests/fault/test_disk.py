"""A disk that is full, and a store that may only be read: what would write is refused and says why, what only reads
goes on, and nothing is lost once there is room again."""

from __future__ import annotations

import errno
import os
import random
import resource
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from secretballot.board.board import Board
from secretballot.board.store import BoardStore, FilesStore, SQLiteStore
from secretballot.board.store.postgres import PostgresStore
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import StoreError
from secretballot.tally import ElectionLog

from ..support import postgres as servers
from ..support import stores
from ..support.postgres import PASSWORD, Server
from ..support.stores import Place
from .ballots import Prepared
from .disk import Disk, mounted
from .ledger import Ledger
from .nursery import Nursery
from .points import OF_STORE
from .tellers import Connection, Tellers, connected, read_log

#: A disk's size in KiB: for a store, and for a server with its own log.
SIZE = {"sqlite": 2048, "files": 2048, "postgres": 98_304}
#: How a store says that there is no room.
FULL = r"full|No space left on device"
CONNECTIONS = 8


@pytest.fixture(params=OF_STORE)
def on_disk(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, nursery: Nursery
) -> Iterator[tuple[str, Disk, Place]]:
    """A disk with a store on it: its kind, and where it is."""
    kind = request.param
    with ExitStack() as stack:
        disk = stack.enter_context(mounted(SIZE[kind]))
        if kind == "postgres":
            with monkeypatch.context() as patch:
                patch.setattr(tempfile, "tempdir", str(disk.path))
                server = stack.enter_context(servers.running())
            place = Place(stores.KINDS[kind], (server.conninfo(),), (("schema", server.schema()),))
        else:
            place = Place(stores.KINDS[kind], (str(disk.path / "board"),))
        yield kind, disk, place


def refusal(answer: tuple[int, bytes]) -> str:
    """The message of what the store did not take."""
    status, body = answer
    assert status == 503, body
    assert b'"error":"StoreError"' in body
    return body.decode()


def check_reads(connection: Connection, ledger: Ledger) -> None:
    """What only reads goes on, for whoever holds a receipt too."""
    entries, note = read_log(connection)
    ledger.check(entries, note)
    assert connection.get("/health") == b'{"status":"ok"}'
    connection.get(f"/v1/consistency?old=1&new={len(entries)}")
    for entry in list(ledger.acknowledged)[-3:]:
        ledger.sent(entry)
        ledger.answered(entry, connection.get(f"/v1/receipts/{leaf_hash(entry).hex()}").decode())
        ledger.sent(entry)
        status, receipt = connection.ask("POST", "/v1/entries", entry)
        assert status == 201
        ledger.answered(entry, receipt.decode())


def test_a_disk_that_is_full(
    on_disk: tuple[str, Disk, Place], prepared: Prepared, nursery: Nursery, tmp_path: Path
) -> None:
    """And a board that is killed meanwhile, and comes up again on the full disk."""
    kind, disk, place = on_disk
    with place.open() as store:
        prepared.begin(store)
    ledger, waiting = Ledger(prepared.election), deque(prepared.ballots)
    child = nursery.board(kind, place, prepared.key)
    try:
        with connected(child.hear()["url"]) as connection:
            for _ in range(20):
                cast(connection, ledger, waiting.popleft())
            disk.fill()
            refused = cast_until_refused(connection, ledger, waiting)
            check_reads(connection, ledger)
    finally:
        child.kill()
        child.wait()
    child = nursery.board(kind, place, prepared.key)
    try:
        with connected(child.hear()["url"]) as connection:
            check_reads(connection, ledger)
            refusal(connection.ask("POST", "/v1/entries", refused))
            # Room comes page by page: what is written ends early at another place each time.
            status, pages = 0, 0
            while status != 201:
                disk.give(1)
                pages += 1
                ledger.sent(refused)
                status, receipt = connection.ask("POST", "/v1/entries", refused)
                if status != 201:
                    ledger.refused(refused)
                    refusal((status, receipt))
                check_reads(connection, ledger)
                assert pages < 1000
            ledger.answered(refused, receipt.decode())
            disk.empty()
            for _ in range(5):
                cast(connection, ledger, waiting.popleft())
            check_reads(connection, ledger)
    finally:
        child.kill()
        child.wait()
    with place.open(create=False) as store:
        assert prepared.finish(store) == ledger.entries


def cast(connection: Connection, ledger: Ledger, entry: bytes) -> None:
    ledger.sent(entry)
    status, receipt = connection.ask("POST", "/v1/entries", entry)
    assert status == 201, receipt
    ledger.answered(entry, receipt.decode())


def cast_until_refused(connection: Connection, ledger: Ledger, waiting: deque[bytes]) -> bytes:
    """The ballot that there was no room for: pages that are not full take some."""
    while True:
        entry = waiting.popleft()
        ledger.sent(entry)
        status, body = connection.ask("POST", "/v1/entries", entry)
        if status != 201:
            ledger.refused(entry)
            message = refusal((status, body))
            assert any(words in message for words in FULL.split("|")), message
            return entry
        ledger.answered(entry, body.decode())


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system limits no other process")
@pytest.mark.parametrize("kind", ["files", "sqlite"])
def test_room_that_comes_and_goes(
    kind: str,
    prepared: Prepared,
    nursery: Nursery,
    rng: random.Random,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """At any instant of concurrent casting no file may grow: a limit of the process, since no disk is needed for it."""
    place = stores.place(kind, tmp_path, request)
    with place.open() as store:
        prepared.begin(store)
    ledger, waiting = Ledger(prepared.election), deque(prepared.ballots)
    child = nursery.board(kind, place, prepared.key)
    try:
        url = child.hear()["url"]
        before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
        for _ in range(12):
            tellers = Tellers(ledger, waiting, [url], CONNECTIONS)
            ledger.wait_for(ledger.receipts + rng.randrange(10), tellers.ended, 60)
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (0, before[1]))
            assert tellers.join() == CONNECTIONS
            with connected(url) as connection:
                check_reads(connection, ledger)
                refusal(connection.ask("POST", "/v1/entries", waiting[0]))
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)
        waiting = deque(ledger.unanswered)
        assert Tellers(ledger, waiting, [url], CONNECTIONS).join() == 0
        with connected(url) as connection:
            check_reads(connection, ledger)
    finally:
        child.kill()
        child.wait()
    assert not ledger.unanswered
    with place.open(create=False) as store:
        assert prepared.finish(store) == ledger.entries


# A store that may only be read.


@contextmanager
def only_read(store: BoardStore, request: pytest.FixtureRequest) -> Iterator[str]:
    """Within it, nothing can be written; gives how the store says so.

    SQLite is told so itself. Of files, every call that writes is refused, as the system does on a file system that
    became read-only. In PostgreSQL, the store's role has lost the right.
    """
    match store:
        case SQLiteStore():
            store._connection.execute("PRAGMA query_only = ON")
            yield "readonly"
            store._connection.execute("PRAGMA query_only = OFF")
        case FilesStore():
            with pytest.MonkeyPatch.context() as patch:
                for name in ("pwrite", "ftruncate", "mkdir", "replace"):
                    patch.setattr(os, name, _refused)
                patch.setattr(os, "open", _opened_for_reading(os.open))
                yield "Read-only file system"
        case PostgresStore():
            server: Server = request.getfixturevalue("postgres")
            rights = f'INSERT, UPDATE ON ALL TABLES IN SCHEMA "{store._schema}"'
            with psycopg.connect(server.conninfo(), autocommit=True) as boss:
                boss.execute(f"REVOKE {rights} FROM writer")
                yield "permission denied"
                boss.execute(f"GRANT {rights} TO writer")


def _refused(*arguments: Any, **options: Any) -> Any:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def _opened_for_reading(inner: Callable[..., int]) -> Callable[..., int]:
    def opened(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        return _refused() if flags & (os.O_WRONLY | os.O_RDWR) else inner(path, flags, *rest, **options)

    return opened


def opened(kind: str, folder: Path, request: pytest.FixtureRequest) -> BoardStore:
    """A new store; in PostgreSQL, of a role that is not its server's."""
    place = stores.place(kind, folder, request)
    if kind != "postgres":
        return place.open()
    place.open().close()
    server: Server = request.getfixturevalue("postgres")
    schema = dict(place.options)["schema"]
    with psycopg.connect(server.conninfo(), autocommit=True) as boss:
        boss.execute("DROP ROLE IF EXISTS writer")
        boss.execute(sql.SQL("CREATE ROLE writer LOGIN PASSWORD {}").format(PASSWORD))
        boss.execute(f"GRANT USAGE ON SCHEMA {schema} TO writer")
        boss.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO writer")
    return PostgresStore(server.conninfo(user="writer"), schema=schema)


@pytest.mark.parametrize("kind", OF_STORE)
def test_a_store_that_may_only_be_read(
    kind: str, prepared: Prepared, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with opened(kind, tmp_path, request) as store:
        prepared.begin(store)
        board = Board(store, prepared.simulation.board_keys, ElectionLog())
        ledger, waiting = Ledger(prepared.election), deque(prepared.ballots)
        for number in range(3):
            first = waiting.popleft()
            ledger.sent(first)
            ledger.answered(first, board.submit(first))
            refused = waiting[0]
            with only_read(store, request) as why:
                for _ in range(2):
                    with pytest.raises(StoreError, match=why):
                        board.submit(refused)
                with pytest.raises(StoreError, match=why):
                    store.put_attachment(bytes(32), b"")
                ledger.check(list(store.entries()), board.checkpoint())
                ledger.sent(first)
                ledger.answered(first, board.submit(first))
                assert board.receipt(first)
                assert board.consistency(1, store.size())
                other = Board(store, prepared.simulation.board_keys, ElectionLog())
                assert other.state.size == store.size()
            if kind != "files":
                # Elsewhere; the patch would not let it.
                board.export(tmp_path / f"record {number}")
            ledger.sent(refused)
            ledger.answered(waiting.popleft(), board.submit(refused))
            ledger.check(list(store.entries()), board.checkpoint())
        assert prepared.finish(store) == ledger.entries


@pytest.mark.parametrize("kind", ["files", "sqlite"])
def test_a_read_only_disk_when_a_board_begins(kind: str, prepared: Prepared) -> None:
    """It is refused, and says why; nothing is lost."""
    with mounted(SIZE[kind]) as disk:
        place = Place(stores.KINDS[kind], (str(disk.path / "board"),))
        with place.open() as store:
            prepared.begin(store)
        disk.remount("ro")
        for create in (True, False):
            with pytest.raises(StoreError, match=r"Read-only file system|directory cannot be written"):
                place.open(create=create)
        disk.remount("rw")
        with place.open(create=False) as store:
            assert list(store.entries()) == prepared.beginning
            Board(store, prepared.simulation.board_keys, ElectionLog()).submit(prepared.ballots[0])
            prepared.finish(store)


def test_a_read_only_disk_after_a_kill(prepared: Prepared, nursery: Nursery) -> None:
    """SQLite's write-ahead log is still there, and read: what was acknowledged is shown."""
    with mounted(SIZE["sqlite"]) as disk:
        place = Place(stores.KINDS["sqlite"], (str(disk.path / "board"),))
        with place.open() as store:
            prepared.begin(store)
        ledger = Ledger(prepared.election)
        child = nursery.board("sqlite", place, prepared.key)
        with connected(child.hear()["url"]) as connection:
            for ballot in prepared.ballots[:5]:
                cast(connection, ledger, ballot)
            child.kill()
            child.wait()
        disk.remount("ro")
        child = nursery.board("sqlite", place, prepared.key)
        with connected(child.hear()["url"]) as connection:
            check_reads(connection, ledger)
            assert "readonly" in refusal(connection.ask("POST", "/v1/entries", prepared.ballots[5]))
            child.kill()
            child.wait()
        disk.remount("rw")
        with place.open(create=False) as store:
            assert prepared.finish(store) == ledger.entries
