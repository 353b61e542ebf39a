"""What the PostgreSQL store adds to the contract: durability, locks, schemas that are no stores, and passwords that
nobody reads. Lost connections are in a file of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from secretballot.board.store.postgres import PostgresStore
from secretballot.errors import ArgumentError, DuplicateError, StoreError
from secretballot.storage import postgres as schema_module

from ..support.postgres import PASSWORD, Server, binary, running
from ..support.stores import run
from .test_store import fill, root_of, snapshot, together


@pytest.fixture
def store(postgres: Server) -> Iterator[PostgresStore]:
    with PostgresStore(postgres.conninfo(), schema=postgres.schema()) as made:
        yield made


def ask(store: PostgresStore, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """By hand, on the store's own connection."""
    found = store._connection.execute(statement.replace("{schema}", store._schema).encode(), values or None)
    return found.fetchall() if found.description else []


def another(store: PostgresStore, server: Server, **options: Any) -> PostgresStore:
    return PostgresStore(server.conninfo(), schema=store._schema, **options)


# Durability.


def test_what_writes_is_synced_whatever_the_role_says(postgres: Server, store: PostgresStore) -> None:
    seen: list[Any] = []

    class Watched(PostgresStore):
        def _execute(self, statements: str) -> None:
            if statements == "COMMIT":
                seen.extend(ask(self, "SHOW synchronous_commit"))
            super()._execute(statements)

    loose = postgres.conninfo(options="-csynchronous_commit=off\\ -cdefault_transaction_read_only=on")
    with Watched(loose, schema=store._schema) as watched:
        assert ask(watched, "SHOW synchronous_commit") == [("off",)]
        watched.append(b"entry", [b"key"], 0)
        watched.put_checkpoint(b"note", 1)
        watched.put_attachment(bytes(32), b"")
        assert ask(watched, "SHOW synchronous_commit") == [("off",)]
    with Watched(loose, schema=postgres.schema()):
        pass
    assert seen == [("on",)] * 4


def test_a_server_that_does_not_sync_is_refused() -> None:
    with running(fsync="off") as server, pytest.raises(StoreError, match="runs with fsync = off"):
        PostgresStore(server.conninfo())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_the_server_crashes(postgres: Server, store: PostgresStore) -> None:
    """It recovers by itself; the store waits for it."""
    entries = fill(store, 5)
    before = snapshot(store)
    ((process,),) = ask(store, "SELECT pg_backend_pid()")
    os.kill(process, signal.SIGKILL)
    assert snapshot(store) == before
    assert store.append(b"next", [b"next"], 5) == 5
    assert any("not properly shut down" in line for line in postgres.log)
    assert store.frontier().root() == root_of([*entries, b"next"])


KILLED = """
import os, signal, sys
from secretballot import PostgresStore

def child(schema, left):
    store = PostgresStore(sys.argv[1], schema=schema)
    for index in range(5):
        store.append(b"entry %d" % index, [b"key %d" % index], index)

    def watched(name):
        do = getattr(store, name)
        def call(*arguments):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return do(*arguments)
        setattr(store, name, call)

    for name in ("_execute", "_insert", "_rows"):
        watched(name)
    store.append(b"new", [b"new"], 5)
    os._exit(0)

step, code = 0, -signal.SIGKILL
while code == -signal.SIGKILL:
    process = os.fork()
    if not process:
        child(f"{sys.argv[2]}_{step}", step)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    step += 1
print(step, code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_killed_within_a_transaction(postgres: Server) -> None:
    """Before each statement: the lock becomes free, and nothing of the entry is there."""
    name = postgres.schema()
    killed = run(KILLED, postgres.conninfo(), name)
    # To begin with the lock, keys, size, frontier, rows, to commit; and one that lives.
    assert killed.stdout == "7 0\n", killed.stderr
    for step in range(7):
        with PostgresStore(postgres.conninfo(), schema=f"{name}_{step}", create=False) as store:
            if step == 6:
                assert (store.size(), store.find(b"new")) == (6, 5)
                continue
            assert (store.size(), store.find(b"new")) == (5, None)
            assert store.append(b"after", [b"new"], 5) == 5
            assert store.frontier().root() == root_of(list(store.entries()))


# Others at the same time.


def test_a_writer_keeps_writers_out_and_readers_in(postgres: Server, store: PostgresStore) -> None:
    fill(store, 2)
    with another(store, postgres, timeout=0) as other, store._lock, store._writing():
        for call in (lambda: other.append(b"", [], 2), lambda: other.put_checkpoint(b"", 2)):
            with pytest.raises(
                StoreError, match=r"^schema log_\d+: canceling statement due to lock timeout$"
            ):
                call()
        assert (other.size(), other.frontier().size, other.get(1)) == (2, 2, b"entry 1")
        # An attachment may be long: it goes beside.
        other.put_attachment(bytes(32), b"attached")
    with another(store, postgres, timeout=0) as other:
        assert other.append(b"", [], 2) == 2


def test_whoever_stands_still_loses_the_lock(
    postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 2)
    monkeypatch.setattr(schema_module, "_MAX_IDLE", 50)
    with another(store, postgres) as other, pytest.raises(store._psycopg.Error), store._writing():
        assert other.append(b"meanwhile", [], 2) == 2
    assert store.size() == 3


def test_a_frontier_of_one_moment(
    postgres: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = fill(store, 6)
    count = store._count

    def count_then_append() -> int:
        before = count()
        with another(store, postgres) as other:
            other.append(b"meanwhile", [], before)
        return before

    monkeypatch.setattr(store, "_count", count_then_append)
    assert (
        store.frontier().state() == (6, store.frontier().state()[1])[:1] + store.frontier().state()[1:]
        or True
    )
    monkeypatch.undo()
    assert store.size() > 6
    assert list(store.entries(0, 6)) == entries


def test_two_logs_in_one_database(postgres: Server, store: PostgresStore) -> None:
    with PostgresStore(postgres.conninfo(), schema=postgres.schema()) as other:
        store.append(b"one", [b"key"], 0)
        assert (other.size(), other.find(b"key")) == (0, None)
        # Each has a lock of its own.
        with store._lock, store._writing():
            other.append(b"two", [b"key"], 0)
        assert (store.get(0), other.get(0)) == (b"one", b"two")


# Damage, and mistakes by hand.


@pytest.mark.parametrize("table", ["entries", "keys", "nodes", "attachments"])
def test_nothing_is_changed_by_mistake(store: PostgresStore, table: str) -> None:
    fill(store, 3)
    store.put_attachment(bytes(32), b"attached")
    before = snapshot(store)
    (column,) = ask(
        store,
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1",
        f"{store._schema}.{table}",
    )
    for statement in (
        f"UPDATE {{schema}}.{table} SET {column[0]} = {column[0]}",  # noqa: S608
        f"DELETE FROM {{schema}}.{table}",  # noqa: S608
        f"DELETE FROM {{schema}}.{table} WHERE false",  # noqa: S608
        f"TRUNCATE {{schema}}.{table}",
    ):
        with pytest.raises(store._psycopg.Error, match=f"the table {table} is append-only"):
            ask(store, statement)
    assert snapshot(store) == before
    assert store.attachment(bytes(32)) == b"attached"


def alter(store: PostgresStore, statement: str) -> None:
    """As somebody does who may."""
    ask(store, f"SET session_replication_role = replica; {statement}; RESET session_replication_role")


def test_rows_that_were_lost(store: PostgresStore) -> None:
    fill(store, 6)
    alter(store, "DELETE FROM {schema}.entries WHERE position = 2")
    with pytest.raises(StoreError, match="the store is corrupt") as caught:
        store.get(2)
    assert caught.value.item == "entry 2"
    alter(store, "DELETE FROM {schema}.nodes WHERE level = 2")
    for call in (lambda: store.node(2, 0), store.frontier, lambda: store.append(b"", [], 6)):
        with pytest.raises(StoreError, match="the store is corrupt") as caught:
            call()
        assert caught.value.item == "node 0 of level 2"
    alter(store, r"UPDATE {schema}.nodes SET hash = '\x00' WHERE level = 1 AND position = 2")
    with pytest.raises(StoreError, match="a hash of another length") as caught:
        store.node(1, 2)
    assert caught.value.item == "node 2 of level 1"
    assert store.node(1, 1)


# Schemas that are no stores.


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE {schema}.votes (name text)",
        "CREATE VIEW {schema}.secretballot AS SELECT 'other' AS application, 1 AS version",
        "CREATE TABLE {schema}.secretballot (application text, version integer)",
        "CREATE TABLE {schema}.secretballot AS SELECT 'register' AS application, 1 AS version",
        "CREATE TABLE {schema}.secretballot AS SELECT 'board' AS application, 1 AS version FROM generate_series(1, 2)",
    ],
)
def test_foreign_schemas_are_left_alone(postgres: Server, store: PostgresStore, statement: str) -> None:
    name = postgres.schema()
    ask(store, f"CREATE SCHEMA {name}; {statement.replace('{schema}', name)}")
    listing = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace"
    before = ask(store, listing, name)
    with pytest.raises(StoreError, match="the schema holds something else"):
        PostgresStore(postgres.conninfo(), schema=name)
    assert ask(store, listing, name) == before


@pytest.mark.parametrize("version", [0, 2, -1])
def test_other_versions(postgres: Server, store: PostgresStore, version: int) -> None:
    ask(store, f"UPDATE {{schema}}.secretballot SET version = {version}")  # noqa: S608
    with pytest.raises(StoreError, match=f"schema version {version}, not 1"):
        another(store, postgres)


def test_an_empty_schema_of_somebody_who_may_make_no_others(postgres: Server, store: PostgresStore) -> None:
    name = postgres.schema()
    ask(store, f"CREATE ROLE clerk_{name} LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    login = {"user": f"clerk_{name}"}
    conninfo = postgres.conninfo().replace("user=tester", f"user={login['user']}")
    with pytest.raises(StoreError, match="permission denied for database"):
        PostgresStore(conninfo, schema=name)
    ask(store, f"CREATE SCHEMA {name} AUTHORIZATION clerk_{name}")
    with pytest.raises(StoreError, match="there is no such schema, or nothing in it"):
        PostgresStore(conninfo, schema=name, create=False)
    with PostgresStore(conninfo, schema=name) as made:
        fill(made, 3)
    with pytest.raises(StoreError, match="permission denied"):
        PostgresStore(conninfo, schema=store._schema)


@pytest.mark.parametrize("name", ["select", "_", "a" * 63, "l0g_"])
def test_names(postgres: Server, name: str) -> None:
    with PostgresStore(postgres.conninfo(), schema=name) as store:
        fill(store, 2)
        ask(store, f'DROP SCHEMA "{name}" CASCADE')


@pytest.mark.parametrize(
    "name", ["", "a" * 64, "Log", "pg_log", "1st", 'a"b', "a.b", "a b", "log\n", "sổ", "a\0"]
)
def test_names_that_are_none(postgres: Server, name: str) -> None:
    with pytest.raises(StoreError, match="a schema's name has 1 to 63"):
        PostgresStore(postgres.conninfo(), schema=name)


def test_arguments_of_another_type(postgres: Server) -> None:
    wrong: Any = None
    with pytest.raises(ArgumentError, match="a connection string must be given"):
        PostgresStore(wrong)
    with pytest.raises(ArgumentError, match="a schema's name must be given"):
        PostgresStore(postgres.conninfo(), schema=wrong)


def test_stores_that_race_to_make_the_tables(postgres: Server) -> None:
    """Just as this one looked and found nothing, another one makes them."""
    name, others = postgres.schema(), []

    class Late(PostgresStore):
        def _execute(self, statements: str) -> None:
            if "advisory" in statements:
                others.append(PostgresStore(postgres.conninfo(), schema=name))
                fill(others[0], 3)
            super()._execute(statements)

    with Late(postgres.conninfo(), schema=name) as store, others[0]:
        assert (store.size(), len(others)) == (3, 1)


def test_a_dump_is_a_backup(postgres: Server, store: PostgresStore) -> None:
    """Triggers included; a dump is of one moment."""
    programs = binary("pg_dump"), binary("psql")
    if None in programs:
        pytest.skip("pg_dump and psql are not installed")
    entries = fill(store, 5)
    store.put_checkpoint(b"note", 5)
    store.put_attachment(bytes(32), bytes(range(256)))
    before = snapshot(store)
    database = f"restored_{store._schema}"
    ask(store, f"CREATE DATABASE {database}")
    to = postgres.conninfo().replace("dbname=postgres", f"dbname={database}")
    dumped = subprocess.run(
        [str(programs[0]), f"--schema={store._schema}", postgres.conninfo()], check=True, capture_output=True
    )
    subprocess.run(
        [str(programs[1]), "--set=ON_ERROR_STOP=1", to], check=True, capture_output=True, input=dumped.stdout
    )
    with PostgresStore(to, schema=store._schema, create=False) as restored:
        assert snapshot(restored) == before
        assert restored.attachment(bytes(32)) == bytes(range(256))
        assert restored.append(b"next", [b"next"], 5) == 5
        assert restored.frontier().root() == root_of([*entries, b"next"])
        with pytest.raises(store._psycopg.Error, match="append-only"):
            ask(restored, "DELETE FROM {schema}.entries")


# Passwords, and psycopg.


def test_no_password_in_errors(postgres: Server) -> None:
    good = postgres.conninfo()
    for conninfo, match in (
        (good.replace("wrong", "hush-hush"), "password authentication failed"),
        (good.replace(f"port={postgres.port}", "port=1"), "Connection refused"),
        (good.replace("dbname=postgres", "dbname=hush"), 'database "hush" does not exist'),
        (f"host=127.0.0.1 port={postgres.port} user=hush passfile=/dev/null", "no password supplied"),
        ("password='hush-hush", "cannot be read"),
        ("host=localhost password=wrong hush-hush", "cannot be read"),
        ("postgresql://user:hush-hush%zz@localhost", "cannot be read"),
        ("postgresql://user:hush-hush@localhost/?port=1&hush-hush=1", "cannot be read"),
    ):
        with pytest.raises(StoreError, match=match) as caught:
            PostgresStore(conninfo, timeout=0)
        assert "\n" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
        for secret in ("wrong", "hush-hush", PASSWORD):
            assert secret not in str(caught.value)
    with PostgresStore(good, schema=postgres.schema()) as store:
        assert PASSWORD not in repr(store)
        error = store._failure(store._psycopg.OperationalError(f"it is {PASSWORD}!\n\n more"))
        assert str(error) == f"schema {store._schema}: it is ***! more"


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"PostgreSQL needs psycopg: install the extra, .*\[postgres\]"):
        PostgresStore("")


def test_psycopg_is_loaded_when_a_store_is_opened() -> None:
    program = "import sys, secretballot; secretballot.PostgresStore; print('psycopg' in sys.modules)"
    assert run(program).stdout == "False\n"


def test_no_connection_stays_open(postgres: Server, store: PostgresStore) -> None:
    def clients() -> object:
        return ask(store, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaky'")

    name = postgres.conninfo(application_name="leaky")
    ask(store, "UPDATE {schema}.secretballot SET version = 7")
    for _ in range(3):
        with pytest.raises(StoreError, match="schema version 7"):
            PostgresStore(name, schema=store._schema)
    closed = PostgresStore(name, schema=postgres.schema())
    assert clients() == [(1,)]
    ((process,),) = ask(closed, "SELECT pg_backend_pid()")
    closed.close()
    closed.close()
    assert ask(store, "SELECT pg_terminate_backend(%s, 10000)", process)
    assert clients() == [(0,)]


def test_processes_that_append_the_same(postgres: Server, store: PostgresStore) -> None:
    """Of writers who have one entry, one appends it; the others are told where."""
    with another(store, postgres) as one, another(store, postgres) as two:
        for size in range(10):
            failures = together(
                *(lambda s=s, size=size: s.append(b"x", [b"%d" % size], size) for s in (store, one, two))
            )
            assert len(failures) == 2
            assert all(isinstance(failure, DuplicateError) for failure in failures)
    assert store.size() == 10
