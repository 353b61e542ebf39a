"""What each kind of register adds to the contract: interruptions, files, lost connections, damage."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secretballot.board.store import SQLiteStore
from secretballot.board.store.postgres import PostgresStore
from secretballot.credential.register import IssuedLine, MemoryRegister, SQLiteRegister
from secretballot.credential.register import sqlite as sqlite_module
from secretballot.credential.register.postgres import PostgresRegister
from secretballot.errors import CredentialError, StoreError

from ..support import proxy
from ..support.postgres import Server
from .test_register import ROLL, issue

# Memory.


class Interrupted(BaseException):
    pass


def test_memory_keeps_nothing_of_what_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lines(list[IssuedLine]):
        def append(self, issued: IssuedLine) -> None:
            raise Interrupted

    register = MemoryRegister(["an", "binh", "chi"])
    with monkeypatch.context() as patch:
        patch.setattr(register, "_lines", Lines())
        with pytest.raises(Interrupted):
            issue(register, "an")
    assert register.find("an", b"request of an") is None
    assert register.find("chi", b"request of an") is None
    # The place that it would have had is another's.
    assert issue(register, "binh").serial == 1
    assert register.find("an", b"request of an") is None
    assert register.find("chi", b"request of an") is None
    assert issue(register, "an").serial == 2


# SQLite.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite"


@pytest.mark.skipif(os.name != "posix", reason="this system has no modes of files")
def test_the_file_is_its_owners_alone(path: Path) -> None:
    mask = os.umask(0)
    try:
        with SQLiteRegister(path) as register:
            register.add_voters(ROLL)
            files = sorted(path.parent.iterdir())
            assert [file.name for file in files] == [path.name, f"{path.name}-shm", f"{path.name}-wal"]
            assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    finally:
        os.umask(mask)
    # Whoever gave it to a group meant to.
    path.chmod(0o660)
    with SQLiteRegister(path) as register:
        assert register.roll_size() == len(ROLL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_register_is_no_store(path: Path) -> None:
    SQLiteRegister(path).close()
    with pytest.raises(StoreError, match="another application's database"):
        SQLiteStore(path)
    other = path.with_name("board.sqlite")
    SQLiteStore(other).close()
    with pytest.raises(StoreError, match="another application's database"):
        SQLiteRegister(other)
    with SQLiteRegister(path) as register:
        register._connection.execute(f"PRAGMA user_version = {sqlite_module.SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match="schema version 2, not 1"):
        SQLiteRegister(path)
    for place in (path.parent, path.parent / "no folder" / "file"):
        with pytest.raises(StoreError, match="unable to open"):
            SQLiteRegister(place)


def test_what_was_issued_is_not_changed_by_mistake(path: Path) -> None:
    with SQLiteRegister(path) as register:
        register.add_voters(ROLL)
        issue(register, "an")
        for statement in ("UPDATE issued SET entry = x'00'", "DELETE FROM issued"):
            with pytest.raises(sqlite3.IntegrityError, match="the table issued is append-only"):
                register._connection.execute(statement)
        for statement in (
            "INSERT INTO issued VALUES (2, 'an', x'00', x'00', x'00')",
            "INSERT INTO issued SELECT 2, 'chi', request, x'00', x'00' FROM issued",
            "INSERT INTO issued VALUES (1, 'chi', x'00', x'00', x'00')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                register._connection.execute(statement)
        assert list(register.entries()) == [b"line 1"]


@pytest.mark.parametrize(
    ("statement", "use"),
    [
        ("DELETE FROM issued WHERE serial = 1", lambda register: list(register.entries())),
        ("DELETE FROM issued WHERE serial = 1", lambda register: register.bind(bytes(32), "clerk")),
        ("UPDATE issued SET serial = 7 WHERE serial = 2", lambda register: list(register.entries())),
        ("UPDATE issued SET serial = 7 WHERE serial = 2", lambda register: register.bind(bytes(32), "clerk")),
        ("UPDATE issued SET serial = serial - 1", lambda register: register.bind(bytes(32), "clerk")),
        ("UPDATE issued SET request = 'text' WHERE serial = 2", lambda register: register.find("chi", b"")),
        ("UPDATE issued SET request = 'text' WHERE serial = 2", lambda register: register.entry(2)),
        ("DELETE FROM register", lambda register: register.find("An", b"")),
        ("DELETE FROM register", lambda register: register.issuing_closed()),
    ],
)
def test_a_register_that_lost_something(path: Path, statement: str, use: Callable[[Any], object]) -> None:
    with SQLiteRegister(path) as register:
        register.add_voters(ROLL)
        for voter in ("an", "chi"):
            issue(register, voter)
        register._connection.execute("DROP TRIGGER issued_UPDATE")
        register._connection.execute("DROP TRIGGER issued_DELETE")
        register._connection.execute(statement)
        with pytest.raises(StoreError, match="the register is corrupt"):
            use(register)


# PostgreSQL.


@pytest.fixture
def server_register(postgres: Server) -> Iterator[PostgresRegister]:
    with PostgresRegister(postgres.conninfo(), schema=postgres.schema()) as made:
        made.add_voters(ROLL)
        yield made


@pytest.mark.parametrize("cuts", ["after", "before", "once"])
def test_an_issue_that_nobody_heard_of(postgres: Server, cuts: str) -> None:
    """It is done once, and its signature leaves once it is."""
    with (
        proxy.between(postgres.port) as between,
        PostgresRegister(postgres.conninfo(between.port), schema=postgres.schema()) as register,
    ):
        between.cuts += [cuts]
        register.add_voters({"an": b"code", "chi": None})
        assert (register.roll_size(), register.access_code("an"), between.cuts) == (2, b"code", [])
        between.cuts += [cuts]
        assert issue(register, "an").serial == 1
        between.cuts += [cuts]
        register.close_issuing()
        assert (register.count(), register.issuing_closed(), between.cuts) == (1, True, [])


def test_somebody_else_adds_the_voters_while_the_connection_is_away(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        proxy.between(postgres.port) as between,
        PostgresRegister(postgres.conninfo(between.port), schema=postgres.schema()) as register,
    ):
        connect = register._connect

        def connect_later() -> Any:
            with PostgresRegister(postgres.conninfo(), schema=register._schema) as other:
                other.add_voters({"an": b"another code"})
            return connect()

        monkeypatch.setattr(register, "_connect", connect_later)
        between.cuts.append("before")
        with pytest.raises(CredentialError, match="a name is given twice"):
            register.add_voters({"an": b"code", "chi": None})
        assert (register.roll_size(), register.access_code("an")) == (1, b"another code")


def test_a_schema_of_a_board_is_no_register(postgres: Server, server_register: PostgresRegister) -> None:
    with pytest.raises(StoreError, match="the schema holds something else"):
        PostgresStore(postgres.conninfo(), schema=server_register._schema)
    with pytest.raises(server_register._psycopg.Error, match="the table issued is append-only"):
        server_register._execute("DELETE FROM {schema}.issued")
